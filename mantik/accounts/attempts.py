"""Attempts to sign in: whose account is meant, and from where its owner uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils import timezone

from mantik.accounts.models import Session


def login_of(credentials: Mapping[str, Any]) -> str:
    """The user name or e-mail address that was typed, in small letters."""
    return str(credentials.get("email") or credentials.get("username") or "").lower()


def is_signed_in_from(ip: str | None, login: str) -> bool:
    """Whether the account has a session at that address: then attempts from elsewhere keep nobody out there."""
    theirs = Q(user__username__iexact=login) | Q(user__email__iexact=login)
    here = Session.objects.filter(theirs, ip=ip, expire_date__gt=timezone.now())
    return ip is not None and here.exists()
