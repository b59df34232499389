from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "yousu.tickets"
    verbose_name = "工单"
