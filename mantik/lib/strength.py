"""Secrets and host names that are too weak to start with in production. Each raises ValueError with what to do.

Django says some of it with `check --deploy`, which nobody has to run; a process that serves has to refuse by itself.
"""

from __future__ import annotations

from mantik.lib.env import words

LEAST_KEY_LENGTH = 50
LEAST_TOKEN_LENGTH = 32
# Of what is random, however short it may be, many characters differ.
_LEAST_DIFFERENT = 8
_MAKE_ONE = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"


def strong_key(value: str) -> str:
    """What sessions and links in mails hang on."""
    if len(value) < LEAST_KEY_LENGTH or _is_monotonous(value) or value.startswith("django-insecure-"):
        raise ValueError(
            f"it can be guessed. It has to be random, with {LEAST_KEY_LENGTH} characters or more. {_MAKE_ONE}"
        )
    return value


def strong_token(value: str) -> str:
    """What a program sends in a header."""
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ValueError(f"it takes letters, digits and signs that fit into an HTTP header. {_MAKE_ONE}")
    if len(value) < LEAST_TOKEN_LENGTH or _is_monotonous(value):
        raise ValueError(
            f"it can be guessed. It has to be random, with {LEAST_TOKEN_LENGTH} characters or more. {_MAKE_ONE}"
        )
    return value


def exact_hosts(value: str) -> list[str]:
    """Host names, separated by commas. One that stands for any lets strangers choose the address in our mails."""
    hosts = words(value)
    if not hosts:
        raise ValueError("it holds no name. Name the hosts that Mantik answers to, separated by commas.")
    if any("*" in host or not host.strip(".") for host in hosts):
        raise ValueError("a * would let in every name. Name the hosts; .example.org stands for all below example.org.")
    if any("/" in host or (":" in host and not host.startswith("[")) for host in hosts):
        raise ValueError("it takes names of hosts alone, such as mantik.example.org, without https:// and port.")
    return hosts


def exact_origins(value: str) -> list[str]:
    """Origins of forms, separated by commas."""
    origins = words(value)
    for origin in origins:
        host = origin.partition("://")[2]
        if not origin.startswith(("https://", "http://")) or not host.removeprefix("*.").strip(".*"):
            raise ValueError("an origin is such as https://other.example.org, and a * alone would let in every page.")
    return origins


def is_random(key: bytes) -> bool:
    """Not one that was typed, such as 32 times the same byte."""
    return len(set(key)) >= _LEAST_DIFFERENT


def _is_monotonous(value: str) -> bool:
    """Few different characters, or one part again and again."""
    return not is_random(value.encode()) or value in (value + value)[1:-1]
