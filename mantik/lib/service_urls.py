"""Reads the URLs of databases, brokers and mail servers. Errors are ValueErrors that never repeat the URL."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

_POSTGRESQL = ("postgres", "postgresql")
# The lowest limit of an operating system is 104 bytes, one of which ends the name. We stay a little below.
_LONGEST_SOCKET_PATH = 100
# Channels are subscribed to by patterns, so a prefix has no character with a meaning in these: no *, ?, [ or backslash.
_BROKER_PREFIX = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,62}[A-Za-z0-9])?")
_SQLITE_OPTIONS = {
    # A transaction takes its lock at the start, where it can wait, and not midway, where it would fail.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


# A connection to a machine that has vanished is given up after half a minute, whoever waits. A socket has none of this.
_POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def database_config(url: str) -> dict[str, Any]:
    """An entry of DATABASES from sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME?option=value."""
    parts = _split(url)
    if parts.scheme == "sqlite":
        return _sqlite(parts)
    if parts.scheme in _POSTGRESQL:
        return _postgresql(parts)
    raise ValueError("it takes sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME.")


def _sqlite(parts: SplitResult) -> dict[str, Any]:
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise ValueError("write sqlite:///NAME for a relative path, sqlite:////DIR/NAME for an absolute one.")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": dict(_SQLITE_OPTIONS)}


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    name = unquote(parts.path)[1:]
    if not name:
        raise ValueError("the name of the database is missing at its end.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # A socket's directory does not fit between // and /, so it may come as an option.
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_POSTGRESQL_OPTIONS, **options},
    }


def broker_url(url: str) -> str:
    """Return the URL of a Redis or Valkey server. Raises ValueError for anything else."""
    parts = _split(url)
    if parts.scheme not in ("redis", "rediss", "redis+socket"):
        raise ValueError("it takes redis://:PASSWORD@HOST:PORT/NUMBER, rediss:// for TLS, or redis+socket:///PATH.")
    if not re.fullmatch(r"[0-9]*", _broker_database(parts)):
        raise ValueError(
            "a database of Redis is a number: redis://HOST:PORT/NUMBER, or redis+socket:///PATH?virtual_host=NUMBER."
        )
    return url


def _broker_database(parts: SplitResult) -> str:
    """The number of the database as it is written, "" if there is none."""
    if parts.scheme == "redis+socket":
        # The path is that of the socket.
        return dict(parse_qsl(parts.query)).get("virtual_host", "")
    return parts.path.removeprefix("/")


def broker_prefix(name: str) -> str:
    """Return a prefix for keys and channels of the broker. Raises ValueError if it cannot be one."""
    if not _BROKER_PREFIX.fullmatch(name):
        raise ValueError("it takes letters, digits and, between them, the marks . _ - and : (64 characters at most).")
    return name


def broker_options(prefix: str) -> dict[str, Any]:
    """Options for kombu that make all keys and channels begin with `prefix`, if there is one.

    The colon keeps the keys of "a" apart from those of "ab", and from those without a prefix, which have no colon.
    """
    return {"global_keyprefix": f"{prefix}:"} if prefix else {}


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"


def own_broker_url(data_dir: Path) -> str:
    """The URL of the broker that `manage.py up` starts."""
    return f"redis+socket://{quote(str(own_broker_socket(data_dir)))}"


def own_broker_socket(data_dir: Path) -> Path:
    """Where the broker of `manage.py up` listens: in the data directory, unless its path is too long."""
    socket = data_dir / "broker" / "broker.sock"
    if len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH:
        return socket
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"mantik-{os.getuid()}-{name}" / "broker.sock"


def email_config(url: str) -> dict[str, Any]:
    """EMAIL_* settings from console:, smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start."""
    parts = _split(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("it takes console:, smtp://USER:PASSWORD@HOST:PORT or smtps://.")
    encrypted_from_the_start = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if encrypted_from_the_start else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": encrypted_from_the_start,
        # Credentials never travel in the clear.
        "EMAIL_USE_TLS": not encrypted_from_the_start and bool(parts.username),
        "EMAIL_TIMEOUT": 10,
    }


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read here because it raises for what is no port
    except ValueError:
        raise ValueError("it is not a URL; characters such as @ and / in a password are written %40 and %2F.") from None
    return parts
