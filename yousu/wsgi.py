"""The way in for the web server. A program with a token does not pass what only browsers need."""

import os
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yousu.settings")
browsers = get_wsgi_application()


def _programs() -> WSGIHandler:
    """A handler with ``TOKEN_MIDDLEWARE`` only: no session, no CSRF, no static files, an eighth of the work less."""
    whole, settings.MIDDLEWARE = settings.MIDDLEWARE, settings.TOKEN_MIDDLEWARE
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = whole


programs = _programs()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    token = environ.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
    door = programs if token and environ["PATH_INFO"].startswith("/api/") else browsers
    return door(environ, start_response)
