from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest


class UiConfig(AppConfig):
    name = "yousu.ui"
    verbose_name = "界面"

    def ready(self) -> None:
        user_logged_in.connect(_seen, dispatch_uid="seen at sign-in")


def _seen(request: HttpRequest, **_: Any) -> None:
    """Every session knows from its first moment when somebody was last there."""
    from yousu.ui.middleware import sign_of_life

    sign_of_life(request)
