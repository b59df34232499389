"""Settings. Everything a city changes comes from the environment; see docs/configure.md."""

from __future__ import annotations

import os
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from yousu.base.files import private_file

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("YOUSU_VAR", ROOT / "var"))
VAR.mkdir(parents=True, exist_ok=True)

# A city is a schema: several cities may share one database, each served by its own processes.
CITY = os.environ.get("YOUSU_CITY", "xining")
if not CITY.isidentifier() or not CITY.isascii():
    raise SystemExit(f"YOUSU_CITY 只能是字母、数字和下划线：{CITY!r}")

DEMO = os.environ.get("YOUSU_DEMO", "") == "1"
DEMO_PASSWORD = "Yousu-12345"  # noqa: S105  of every demo account; shown on the demo's login page
DEBUG = os.environ.get("YOUSU_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("YOUSU_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("YOUSU_ORIGINS", "").split(",") if origin]


SECRET_KEY = os.environ.get("YOUSU_SECRET") or private_file(VAR / "secret", lambda: os.urandom(32).hex())
KEY_FILE = VAR / "keys.json"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "yousu.base",
    "yousu.city",
    "yousu.tickets",
    "yousu.intake",
    "yousu.dispatch",
    "yousu.handling",
    "yousu.evaluation",
    "yousu.imports",
    "yousu.api",
    "yousu.simulation",
    "yousu.ui",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "yousu.base.middleware.OneErrorShape",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "yousu.ui.middleware.IdleLogout",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

# For requests with a bearer token (yousu/wsgi.py): nothing that only browsers need.
TOKEN_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "yousu.base.middleware.OneErrorShape",
]

ROOT_URLCONF = "yousu.urls"
WSGI_APPLICATION = "yousu.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "yousu.ui.context.frame",
            ],
            "builtins": ["yousu.ui.templatetags.ui"],
        },
    }
]


def _database() -> dict[str, object]:
    """The server that DATABASE_URL names. Without one, ``yousu`` starts the embedded server and sets DATABASE_URL."""
    given = conninfo_to_dict(os.environ.get("DATABASE_URL", "postgresql://yousu@/yousu"))
    # Behind a pooler that cannot keep prepared statements (PgBouncer before 1.21), set YOUSU_PREPARE=0.
    prepare = 5 if os.environ.get("YOUSU_PREPARE", "1") == "1" else None
    options: dict[str, object] = {"options": f"-c search_path={CITY}", "prepare_threshold": prepare}
    for name in ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs"):
        if name in given:
            options[name] = given[name]
    if os.environ.get("YOUSU_POOL"):  # set by `yousu serve`
        options["pool"] = {"min_size": 2, "max_size": int(os.environ["YOUSU_POOL"]), "timeout": 20}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.get("dbname", "yousu"),
        "USER": given.get("user", "yousu"),
        "PASSWORD": given.get("password", ""),
        "HOST": given.get("host", ""),
        "PORT": given.get("port", ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": False,
        "TEST": {"NAME": os.environ.get("YOUSU_TEST_NAME", "test_yousu")},
    }


DATABASES = {"default": _database()}
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "city.Staff"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "yousu.city.accounts.MixedCharacters"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_ENGINE = "django.contrib.sessions.backends.db"
if os.environ.get("YOUSU_HTTPS", "") == "1":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "yousu.ui.assets.Assets"},
}
WHITENOISE_USE_FINDERS = True  # before anything was collected, files are served from where they lie
MEDIA_ROOT = VAR / "files"
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
UPLOAD_MAX_BYTES = 256 * 1024 * 1024  # a form with files; each file has its own limit in the rules
CSRF_FAILURE_VIEW = "yousu.base.middleware.csrf_failure"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
