from importlib import import_module

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "yousu.tickets"
    verbose_name = "工单"

    def ready(self) -> None:
        import_module("yousu.tickets.verbs")  # declares its verbs
