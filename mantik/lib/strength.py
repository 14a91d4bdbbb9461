"""Refuses secrets and host names that are too weak for production: ValueError with what to do.

Django's `check --deploy` says some of this, but nobody has to run it, so a serving process refuses to start by itself.
"""

from __future__ import annotations

from mantik.lib.env import words

LEAST_KEY_LENGTH = 50
LEAST_TOKEN_LENGTH = 32
# A random value of any usual length has at least this many different characters.
_LEAST_DIFFERENT = 8
_MAKE_ONE = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"


def strong_key(value: str) -> str:
    """Check the secret key, on which sessions and links in e-mails depend."""
    if len(value) < LEAST_KEY_LENGTH or _is_monotonous(value) or value.startswith("django-insecure-"):
        raise ValueError(
            f"it can be guessed. It has to be random, with {LEAST_KEY_LENGTH} characters or more. {_MAKE_ONE}"
        )
    return value


def strong_token(value: str) -> str:
    """Check a token that a program sends in a header."""
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ValueError(f"it takes only letters, digits and symbols that an HTTP header may contain. {_MAKE_ONE}")
    if len(value) < LEAST_TOKEN_LENGTH or _is_monotonous(value):
        raise ValueError(
            f"it can be guessed. It has to be random, with {LEAST_TOKEN_LENGTH} characters or more. {_MAKE_ONE}"
        )
    return value


def exact_hosts(value: str) -> list[str]:
    """Read host names. A wildcard for any host would let strangers choose the address of the links in our e-mails."""
    hosts = words(value)
    if not hosts:
        raise ValueError("it is empty. List the host names of Mantik, separated by commas.")
    if any("*" in host or not host.strip(".") for host in hosts):
        raise ValueError("a * would allow every name. List the names; .example.org stands for all below example.org.")
    if any("/" in host or (":" in host and not host.startswith("[")) for host in hosts):
        raise ValueError("it takes only host names, such as mantik.example.org, without https:// and port.")
    return hosts


def exact_origins(value: str) -> list[str]:
    """Read origins of forms, separated by commas."""
    origins = words(value)
    for origin in origins:
        host = origin.partition("://")[2]
        if not origin.startswith(("https://", "http://")) or not host.removeprefix("*.").strip(".*"):
            raise ValueError("an origin looks like https://other.example.org, and a * alone would let in every page.")
    return origins


def is_random(key: bytes) -> bool:
    """Whether a key can be random: one byte repeated 32 times is not."""
    return len(set(key)) >= _LEAST_DIFFERENT


def _is_monotonous(value: str) -> bool:
    """Whether it has few different characters, or repeats one part."""
    return not is_random(value.encode()) or value in (value + value)[1:-1]
