"""All settings, from the environment. docs/settings.md lists them."""

from __future__ import annotations

import logging
import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF

from mantik.accounts.oidc import form_origins, provider_settings
from mantik.beat import beat_schedule, message_expiry
from mantik.lib.development import development_secrets
from mantik.lib.env import Environment, port, public_url, words
from mantik.lib.networks import parse_allowed
from mantik.lib.service_urls import (
    broker_options,
    broker_prefix,
    broker_url,
    database_config,
    email_config,
    own_broker_url,
    sqlite_url,
)
from mantik.lib.strength import exact_hosts, exact_origins, is_random, strong_key, strong_token
from mantik.lib.structured_logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# A machine of one's own: secrets are made up, and other settings have defaults that work only there.
MANTIK_DEBUG = env.boolean("DEBUG", default=False)
DEBUG = env.boolean("DEBUG_PAGES", default=MANTIK_DEBUG) and MANTIK_DEBUG
MANTIK_DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve()
MANTIK_PORT = env.parsed("PORT", os.environ.get("PORT", ""), port, 8000, prefix="")

_made_up = development_secrets(MANTIK_DATA_DIR) if MANTIK_DEBUG else {}


def _here(value: str) -> str:
    """`value` as a default on a machine of one's own, no default in production."""
    return value if MANTIK_DEBUG else ""


def _strong(name: str, value: str, check: Callable[[str], Any], default: Any = "") -> Any:
    """`value` as `check` returns it in production; unchecked on a machine of one's own, where nobody else guesses."""
    return env.parsed(name, value, check, default) if not MANTIK_DEBUG else value


def _fernet_keys(value: str) -> list[str]:
    keys = words(value)
    if not keys:
        raise ValueError("it holds no key; docs/settings.md says how to make one.")
    for place, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(f"key {place} is not a Fernet key; docs/settings.md says how to make one.") from None
        if not is_random(urlsafe_b64decode(key)):
            raise ValueError(f"key {place} can be guessed; docs/settings.md says how to make one.")
    return keys


SECRET_KEY: str = _strong("SECRET_KEY", env.required("SECRET_KEY", _made_up.get("secret_key", "")), strong_key)
MANTIK_ENCRYPTION_KEYS: list[str] = env.parsed(
    "ENCRYPTION_KEYS", env.required("ENCRYPTION_KEYS", _made_up.get("encryption_key", "")), _fernet_keys, []
)
_hosts = env.required("ALLOWED_HOSTS", _here("localhost,127.0.0.1,[::1]"))
ALLOWED_HOSTS: list[str] = env.parsed("ALLOWED_HOSTS", _hosts, words if MANTIK_DEBUG else exact_hosts, [])
MANTIK_BASE_URL = env.parsed(
    "BASE_URL", env.required("BASE_URL", _here(f"http://127.0.0.1:{MANTIK_PORT}")), public_url, ""
)

INSTALLED_APPS = [
    "mantik",
    "mantik.apps.RevisedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_prometheus",
    "django_structlog",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_celery_beat",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "mantik.accounts",
    "mantik.audit",
    "mantik.idempotency",
    "mantik.notices",
    "mantik.tokens",
    "connections",
    "projects",
    "runs",
    "schedules",
]

MIDDLEWARE = [
    # Probes come by address and without TLS, and need nothing of what follows.
    "mantik.health.ProbeMiddleware",
    "mantik.lib.patience.PatienceMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # The first that needs the database is the next one.
    "mantik.lib.unavailable.OutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mantik.accounts.middleware.LastUseMiddleware",
    "mantik.accounts.middleware.TimeZoneMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mantik.kept_forms.middleware.KeptFormMiddleware",
    "projects.addressing.middleware.FormerAddressMiddleware",
    "mantik.lib.admin_queries.AdminQueryMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "mantik.urls"
WSGI_APPLICATION = "mantik.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "projects:list"
LOGOUT_REDIRECT_URL = "account_login"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mantik.kept_forms.owners.form_token",
                "mantik.context.layout",
            ],
            "builtins": ["mantik.templatetags.form_token"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
# A layout that names a field the form has not, or one twice, is a fault.
CRISPY_FAIL_SILENTLY = False

# Database

_sqlite = sqlite_url(MANTIK_DATA_DIR / "mantik.sqlite3")
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.parsed("DATABASE_URL", env.required("DATABASE_URL", _here(_sqlite)), database_config, {})
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# People. What allauth needs beyond its defaults, which limit the rate of every attempt.

MANTIK_SIGN_UP = env.choice("SIGN_UP", "open" if MANTIK_DEBUG else "invited", options=("open", "invited", "closed"))
ACCOUNT_ADAPTER = "mantik.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "mantik.accounts.forms.SignInForm",
    "signup": "mantik.accounts.forms.SignUpForm",
    "add_email": "mantik.accounts.forms.AddressForm",
    "change_password": "mantik.accounts.forms.ChangePasswordForm",
    "set_password": "mantik.accounts.forms.SetPasswordForm",
    "reset_password": "mantik.accounts.forms.AskResetForm",
    "reset_password_from_key": "mantik.accounts.forms.ResetPasswordForm",
    "reauthenticate": "mantik.accounts.forms.ReauthenticateForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_CONFIRMATION_ANONYMOUS_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_CONFIRMATION_AUTHENTICATED_REDIRECT_URL = "accounts:account"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if MANTIK_BASE_URL.startswith("https:") else "http"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
# Besides allauth's own: for each account, from all addresses at which nobody is signed in to it.
ACCOUNT_RATE_LIMITS = {"login_failed_everywhere": "100/h/key"}
MFA_ADAPTER = "mantik.accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# An address is confirmed before anybody is let in, so a second factor does not stand in the way of changing it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# A telephone's clock may be half a minute wrong.
MFA_TOTP_TOLERANCE = 1
# A browser allows passkeys without HTTPS on the machine itself only; the server need not be stricter there.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = MANTIK_DEBUG
MFA_FORMS = {
    "authenticate": "mantik.accounts.forms.CodeForm",
    "reauthenticate": "mantik.accounts.forms.ReauthenticateCodeForm",
    "activate_totp": "mantik.accounts.forms.ActivateAppForm",
    "add_webauthn": "mantik.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "mantik.accounts.forms.EditPasskeyForm",
    "authenticate_webauthn": "mantik.accounts.forms.PasskeyForm",
    "login_webauthn": "mantik.accounts.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "mantik.accounts.forms.ReauthenticatePasskeyForm",
}
MANTIK_OIDC_ISSUER = env.parsed("OIDC_ISSUER", env.text("OIDC_ISSUER"), public_url, "")
MANTIK_OIDC_NAME = env.text("OIDC_NAME", "OpenID Connect")
MANTIK_OIDC_ORIGINS = words(env.text("OIDC_ORIGINS"))
MANTIK_OIDC_SIGN_UP = env.boolean("OIDC_SIGN_UP", default=False)
SOCIALACCOUNT_ADAPTER = "mantik.accounts.adapters.ServiceAdapter"
SOCIALACCOUNT_FORMS = {"signup": "mantik.accounts.forms.ServiceSignUpForm"}
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = provider_settings(
    issuer=MANTIK_OIDC_ISSUER,
    name=MANTIK_OIDC_NAME,
    client_id=env.required("OIDC_CLIENT_ID") if MANTIK_OIDC_ISSUER else env.text("OIDC_CLIENT_ID"),
    client_secret=env.required("OIDC_CLIENT_SECRET") if MANTIK_OIDC_ISSUER else env.text("OIDC_CLIENT_SECRET"),
    scopes=words(env.text("OIDC_SCOPES", "openid,profile,email")),
)
# Attempts to sign in are counted in the database: all web processes share it, and pages need it anyway.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Pages

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True
STATIC_URL = "static/"
# With MANTIK_DEBUG static files are not collected: they are served from their folders, and checked each time.
STATIC_ROOT = env.text("STATIC_ROOT") or (None if MANTIK_DEBUG else str(BASE_DIR / "staticfiles"))
# The pictures of the docs are beside them, where git hosts show them, too.
STATICFILES_DIRS = [BASE_DIR / "static", ("docs", BASE_DIR / "docs" / "pictures")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MANTIK_DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = MANTIK_DEBUG
# A plain name may get another content, so browsers have to ask each time. Files with hashed names are kept for good.
WHITENOISE_MAX_AGE = 0
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Security

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        # Browsers also apply this to the redirect to the provider after a form was sent.
        "form-action": [SELF, *form_origins(MANTIK_OIDC_ISSUER, MANTIK_OIDC_ORIGINS)],
        "frame-ancestors": [NONE],
    }
}
_https = env.boolean("HTTPS", default=not MANTIK_DEBUG)
MANTIK_BEHIND_PROXY = env.boolean("BEHIND_PROXY", default=False)
# Attempts are counted by client address; X-Forwarded-For is read only behind a proxy, or anybody could forge it.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if MANTIK_BEHIND_PROXY else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MANTIK_BEHIND_PROXY else None
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", int(timedelta(days=365).total_seconds()), least=0) if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
# Names of its own: other programs on the same host, whatever their port, share the browser's cookies.
SESSION_COOKIE_NAME = "mantik-session"
CSRF_COOKIE_NAME = "mantik-csrf"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SESSION_ENGINE = "mantik.accounts.sessions"
# Counted from the last use of a session.
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_TRUSTED_ORIGINS: list[str] = env.parsed(
    "CSRF_TRUSTED_ORIGINS", env.text("CSRF_TRUSTED_ORIGINS"), exact_origins, []
)
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "mantik.kept_forms.views.out_of_date"

_email: dict[str, Any] = env.parsed("EMAIL_URL", env.text("EMAIL_URL", "console:"), email_config, {})
vars().update(_email)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "mantik@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Background work. No results are stored: database rows say what has to be done, messages only make it quicker.

# Empty on a machine of one's own: `manage.py up` starts a broker.
_broker = env.text("BROKER_URL") if MANTIK_DEBUG else env.required("BROKER_URL")
MANTIK_BROKER_URL = env.parsed("BROKER_URL", _broker, broker_url, "")
CELERY_BROKER_URL = MANTIK_BROKER_URL or own_broker_url(MANTIK_DATA_DIR)
# Keeps installations apart that share a database of a broker.
MANTIK_BROKER_PREFIX = env.parsed("BROKER_PREFIX", env.text("BROKER_PREFIX"), broker_prefix, "")
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for its broker as long as it takes; senders of messages do not wait.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A worker also waits for a broker that answers but refuses, for example with a full disk. Otherwise it would end.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **broker_options(MANTIK_BROKER_PREFIX),
    # A message that is not acknowledged within an hour is delivered again. All tasks are shorter, except those of hours
    # in runs/tasks.py, where the second message finds that the first has the lease.
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    # For senders of messages; workers follow CELERY_BROKER_CONNECTION_MAX_RETRIES.
    "max_retries": 0,
    "health_check_interval": 30,
}
CELERY_TASK_IGNORE_RESULT = True
# Without this beat would add a task that cleans up results.
CELERY_RESULT_EXPIRES = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# Tasks that wait for sites, git hosts and MLflow have worker processes of their own (docs/operators.md, "Workers").
CELERY_TASK_QUEUES: dict[str, dict[str, Any]] = {name: {} for name in ("default", "submit", "follow", "git", "mlflow")}
CELERY_TASK_ROUTES = {
    "runs.tasks.*submission*": {"queue": "submit"},
    "runs.tasks.submit_*": {"queue": "submit"},
    "runs.tasks.*follow*": {"queue": "follow"},
    "runs.tasks.carry_large": {"queue": "mlflow"},
    "runs.tasks.*carry*": {"queue": "follow"},
    "connections.tasks.test_*": {"queue": "follow"},
    "connections.tasks.*outages": {"queue": "follow"},
    "connections.tasks.probe_sites": {"queue": "follow"},
    "runs.tasks.*model*": {"queue": "mlflow"},
    "runs.tasks.*summaries": {"queue": "mlflow"},
    "runs.tasks.*retired_runs": {"queue": "mlflow"},
    "projects.tasks.*experiments": {"queue": "mlflow"},
    "projects.tasks.*fetch*": {"queue": "git"},
    "projects.tasks.*mirrors": {"queue": "git"},
}
# For tasks that acknowledge late, which only idempotent ones do: a killed process gives its message back.
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 360
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 2000
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "schedules.firing.beat:ScheduleBeat"
CELERY_BEAT_SCHEDULE = beat_schedule()
MESSAGE_EXPIRY = message_expiry()
DJANGO_CELERY_BEAT_TZ_AWARE = True

# Logs

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(
    form=env.choice("LOG_FORMAT", "console" if MANTIK_DEBUG else "json", options=("console", "json")),
    level=env.choice("LOG_LEVEL", "INFO", options=("DEBUG", "INFO", "WARNING", "ERROR")),
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# One line per request, when it is answered.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG

# Mantik's own

MANTIK_SANDBOX_ALLOWED = env.boolean("SANDBOX_ALLOWED", default=MANTIK_DEBUG)
MANTIK_TOKEN_MAX_DAYS = env.integer("TOKEN_MAX_DAYS", 365)
MANTIK_METRICS_TOKEN: str = _strong("METRICS_TOKEN", env.text("METRICS_TOKEN"), strong_token)
MANTIK_MLFLOW_URI = env.parsed("MLFLOW_URI", env.required("MLFLOW_URI", _here("http://127.0.0.1:5000")), public_url, "")
MANTIK_MLFLOW_TOKEN: str = _strong(
    "MLFLOW_TOKEN", env.required("MLFLOW_TOKEN", _made_up.get("mlflow_token", "")), strong_token
)
# Where jobs log: Mantik's own gateway, which passes on to MLflow what is the job's.
MANTIK_TRACKING_URI = env.parsed("TRACKING_URI", env.text("TRACKING_URI"), public_url, f"{MANTIK_BASE_URL}/tracking")
env.gone(
    "TRACKING_TOKEN",
    "it has no meaning any more, because each job logs with a token of its own. Remove it; and remove "
    "MANTIK_TRACKING_URI, too, unless that is an address of Mantik's own /tracking/.",
)
# Hosts inside the network that members' requests may connect to: host names, addresses, networks.
MANTIK_OUTBOUND_ALLOWED = env.parsed(
    "OUTBOUND_ALLOWED",
    env.text("OUTBOUND_ALLOWED", _here("127.0.0.0/8,::1")),
    lambda value: parse_allowed(words(value)),
    parse_allowed([]),
)
# Operators are told when a file system has less than this left; the larger one counts.
MANTIK_DISK_MIN_PERCENT = env.integer("DISK_MIN_PERCENT", 10, least=0)
MANTIK_DISK_MIN_BYTES = env.integer("DISK_MIN_BYTES", 2_000_000_000, least=0)
MANTIK_GIT_ALLOW_LOCAL = env.boolean("GIT_ALLOW_LOCAL", default=False)
MANTIK_GIT_TIMEOUT = env.integer("GIT_TIMEOUT", 600)
MANTIK_GIT_ANSWER_TIMEOUT = env.integer("GIT_ANSWER_TIMEOUT", 30)
MANTIK_GIT_PROCESSES_PER_HOST = env.integer("GIT_PROCESSES_PER_HOST", 1)
MANTIK_GIT_MAX_BYTES = env.integer("GIT_MAX_BYTES", 2 * 1024**3)
MANTIK_SUBMIT_INLINE_BYTES = env.integer("SUBMIT_INLINE_BYTES", 512 * 1024, least=0)
MANTIK_SUBMIT_SETTLE_SECONDS = env.integer("SUBMIT_SETTLE_SECONDS", 120)
MANTIK_LEASE_SECONDS = env.integer("LEASE_SECONDS", 30)
MANTIK_CODE_MAX_BYTES = env.integer("CODE_MAX_BYTES", 100_000_000)
# Jobs are sent the relay, which takes what their trainings log.
MANTIK_RELAY = env.boolean("RELAY", default=True)
# How much of that one relay keeps, without files.
MANTIK_TRACKING_JOURNAL_MAX_BYTES = env.integer("TRACKING_JOURNAL_MAX_BYTES", 2_000_000_000)
# What may be sent as artifacts through /tracking/: of one run, and of all runs of a project. 0 is no limit.
MANTIK_TRACKING_RUN_MAX_BYTES = env.integer("TRACKING_RUN_MAX_BYTES", 50_000_000_000, least=0)
MANTIK_TRACKING_PROJECT_MAX_BYTES = env.integer("TRACKING_PROJECT_MAX_BYTES", 0, least=0)
MANTIK_LOG_MAX_BYTES = env.integer("LOG_MAX_BYTES", 50_000_000)
MANTIK_POLL_SECONDS = env.integer("POLL_SECONDS", 30)
MANTIK_JOB_DAYS = env.integer("JOB_DAYS", 14)
MANTIK_SITE_CONNECT_TIMEOUT = env.integer("SITE_CONNECT_TIMEOUT", 10)
MANTIK_SITE_READ_TIMEOUT = env.integer("SITE_READ_TIMEOUT", 20)
MANTIK_SITE_SEND_TIMEOUT = env.integer("SITE_SEND_TIMEOUT", 60)
MANTIK_SITE_PROCESSES = env.integer("SITE_PROCESSES", 2)
MANTIK_SITE_PROCESSES_PER_CONNECTION = env.integer("SITE_PROCESSES_PER_CONNECTION", 2)
MANTIK_SITE_TOKEN_DAYS = env.integer("SITE_TOKEN_DAYS", 30)
MANTIK_SCHEDULE_FLOOR_MINUTES = env.integer("SCHEDULE_FLOOR_MINUTES", 5)
MANTIK_MEMBERS_ADD_SITES = env.boolean("MEMBERS_ADD_SITES", default=False)

env.complain()
