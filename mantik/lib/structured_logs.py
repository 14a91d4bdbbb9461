"""Structured logs that cannot carry a secret by accident."""

from __future__ import annotations

import re
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from mantik.lib import token_form

REDACTED = "[redacted]"
_SECRET_KEYS = re.compile(
    r"passw|passphrase|secret|token|authorization|cookie|credential|api_?key|private_?key", re.IGNORECASE
)
# The named group of each pattern is kept; what follows it is blanked.
_SECRETS_IN_TEXT = re.compile(
    "|".join(
        [
            r"(?P<header>\b(?:Bearer|Basic|Token)\s+)[A-Za-z0-9._~+/=-]{8,}",
            r"(?P<userinfo>://[^/\s:@]*:)[^/\s]+(?=@)",
            r"(?P<query>(?:token|password|secret|signature)=)[^&;\s\"']+",
            # The last part of a notification's address proves that it comes from the site.
            r"(?P<notify>/notify/[0-9a-fA-F-]{36}/)[^/\s\"']+",
            rf"(?P<own>{token_form.SHOWN}){token_form.SECRET}",
        ]
    ),
    re.IGNORECASE,
)
_WORKER_CHATTER = ("celery.app.trace", "celery.beat", "celery.worker.strategy", "django_structlog.celery")


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Blank values whose key names a secret, and credentials inside any text."""
    return {key: _value(key, value) for key, value in event.items()}


def _value(key: Any, value: Any) -> Any:
    if isinstance(key, str) and _SECRET_KEYS.search(key):
        return REDACTED
    return _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRETS_IN_TEXT.sub(_keep_its_kind, value)
    if isinstance(value, dict):
        return {key: _value(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, BaseException):
        return _clean(repr(value))
    return value


def _keep_its_kind(match: re.Match[str]) -> str:
    return f"{match.group(match.lastgroup or 0)}{REDACTED}"


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]


def configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(*, form: str, level: str) -> dict[str, Any]:
    """A logging dictConfig. `form` is "json" for machines or "console" for people."""
    configure_structlog()
    # A sweep every two seconds would bury everything else in lines about itself.
    chatter = level if level == "DEBUG" else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(form)],
                "foreign_pre_chain": _processors(),
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **{name: {"level": chatter} for name in _WORKER_CHATTER},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "git": {"level": "WARNING"},
            # Its own handlers would print everything twice.
            "django": {"handlers": [], "propagate": True},
            # Answers below 500 are in the line of the request.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
        },
    }


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(colors=False, pad_event_to=28, sort_keys=False)
