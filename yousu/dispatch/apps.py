from importlib import import_module

from django.apps import AppConfig


class DispatchConfig(AppConfig):
    name = "yousu.dispatch"
    verbose_name = "派"

    def ready(self) -> None:
        import_module("yousu.dispatch.verbs")  # declares its verbs
