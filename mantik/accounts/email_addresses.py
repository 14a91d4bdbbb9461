"""E-mail addresses, which allauth stores together with whether they are confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import transaction

if TYPE_CHECKING:
    from mantik.accounts.models import User


def vouch_for(user: User) -> None:
    """Count the address in the row of `user` as confirmed, because an operator entered it there.

    It replaces any other address. An address that somebody else has confirmed stays theirs; this user has to confirm it
    by e-mail.
    """
    email = user.email.lower()
    with transaction.atomic():
        addresses = _addresses()
        addresses.filter(user=user).exclude(email=email).delete()
        if email:
            is_free = not addresses.filter(email=email, verified=True).exclude(user=user).exists()
            addresses.update_or_create(user=user, email=email, defaults={"primary": True, "verified": is_free})


def holder_of(email: str) -> User | None:
    """The user who has confirmed that address."""
    found = _addresses().filter(email=email.lower(), verified=True).select_related("user").first()
    return found.user if found else None


def _addresses() -> Any:
    """allauth's addresses, looked up by name: the manager of users needs them, and is made before allauth's models."""
    return apps.get_model("account", "EmailAddress").objects
