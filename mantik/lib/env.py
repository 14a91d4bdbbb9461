"""Settings from the environment. Every name carries the prefix MANTIK_; `X_FILE` names a file that holds X.

What is missing or wrong is collected, so that an operator sees everything at once. No message repeats a value: it may
be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PREFIX = "MANTIK_"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
T = TypeVar("T")


class Environment:
    """Reads `variables`; `problems` are sentences, `read` the names asked for so far, without the prefix."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []
        self.missing: list[str] = []
        self.read: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """The value of MANTIK_<name>, or of the file that MANTIK_<name>_FILE names, or `default`."""
        self.read.add(name)
        value = self._variables.get(f"{PREFIX}{name}")
        path = self._variables.get(f"{PREFIX}{name}_FILE")
        if not path:
            return default if value is None else value.strip()
        if value:
            self.problems.append(f"{PREFIX}{name} and {PREFIX}{name}_FILE are both set; keep one of them.")
        return self._content(name, path)

    def _content(self, name: str, path: str) -> str:
        try:
            content = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            self.problems.append(f"{PREFIX}{name}_FILE names {path}, which cannot be read: {reason}.")
            return ""
        if not content:
            self.problems.append(f"{PREFIX}{name}_FILE names {path}, which is empty.")
        return content

    def required(self, name: str, default: str = "") -> str:
        """Like `text`, but counted as missing if it comes out empty."""
        value = self.text(name, default)
        if not value and not self._variables.get(f"{PREFIX}{name}_FILE"):
            self.missing.append(f"{PREFIX}{name}")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value in _TRUE | _FALSE:
            return value in _TRUE
        self.problems.append(f"{PREFIX}{name} takes 1 or 0.")
        return default

    def integer(self, name: str, default: int, *, least: int = 1) -> int:
        value = self.text(name) or str(default)
        if value.isdecimal() and int(value) >= least:
            return int(value)
        self.problems.append(f"{PREFIX}{name} takes a whole number, {least} or more.")
        return default

    def choice(self, name: str, default: str, *, options: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if value in options:
            return value
        self.problems.append(f"{PREFIX}{name} takes one of {', '.join(options)}.")
        return default

    def parsed(self, name: str, value: str, parse: Callable[[str], T], default: T, *, prefix: str = PREFIX) -> T:
        """`parse(value)`, or `default` if it is empty or `parse` raises ValueError, whose text says why."""
        if not value:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.problems.append(f"{prefix}{name}: {error}")
            return default

    def gone(self, name: str, what_to_do: str) -> None:
        """A setting of an older release, which is a problem if it is still there: ignored, it would be missed."""
        if self._variables.get(f"{PREFIX}{name}") or self._variables.get(f"{PREFIX}{name}_FILE"):
            self.problems.append(f"{PREFIX}{name}: {what_to_do}")

    def complain(self) -> None:
        """Raise ImproperlyConfigured, with everything that is missing or wrong, unless nothing is."""
        lines = list(self.problems)
        if self.missing:
            lines.insert(
                0,
                f"These settings are missing: {', '.join(self.missing)}. Set them in the environment "
                f"(docs/settings.md says how), or set {PREFIX}DEBUG=1 on a machine of your own.",
            )
        if lines:
            raise ImproperlyConfigured("\n".join(lines))


def words(value: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in value.split(",") if word.strip()]


def port(value: str) -> int:
    number = int(value) if value.isdecimal() else 0
    if not 0 < number < 65536:
        raise ValueError("a port is a number from 1 to 65535.")
    return number


def public_url(value: str) -> str:
    """A web address without a trailing slash."""
    if not value.startswith(("https://", "http://")) or any(mark in value for mark in "@ ?#"):
        raise _no_public_url()
    try:
        parts = urlsplit(value)
        # A bad port raises ValueError only when it is read.
        _ = parts.port
    except ValueError:
        raise _no_public_url() from None
    if not parts.hostname:
        raise _no_public_url()
    return value.rstrip("/")


def _no_public_url() -> ValueError:
    return ValueError("it takes an address such as https://mantik.example.org, without credentials.")
