from importlib import import_module

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "yousu.intake"
    verbose_name = "接"

    def ready(self) -> None:
        import_module("yousu.intake.verbs")  # declares its verbs
