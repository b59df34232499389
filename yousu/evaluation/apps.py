from importlib import import_module

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "yousu.evaluation"
    verbose_name = "评"

    def ready(self) -> None:
        import_module("yousu.evaluation.verbs")  # declares its verbs
