"""Addresses of pages as somebody outside needs them: in an e-mail, at a site, in a program."""

from __future__ import annotations

from django.conf import settings


def absolute_url(path: str) -> str:
    """The whole address of `path`, which begins with a slash."""
    return f"{settings.MANTIK_BASE_URL}{path}"
