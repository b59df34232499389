from importlib import import_module

from django.apps import AppConfig


class HandlingConfig(AppConfig):
    name = "yousu.handling"
    verbose_name = "办"

    def ready(self) -> None:
        import_module("yousu.handling.verbs")  # declares its verbs
