"""E-mail addresses, which allauth keeps with whether they are confirmed."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from mantik.accounts.models import User


def vouch_for(user: User) -> None:
    """Take the address in the row of `user` as confirmed, because an operator has written it there.

    It takes the place of any other. An address that somebody else has confirmed stays theirs, and has to be
    confirmed by mail.
    """
    email = user.email.lower()
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).exclude(email=email).delete()
        if email:
            is_free = not EmailAddress.objects.filter(email=email, verified=True).exclude(user=user).exists()
            EmailAddress.objects.update_or_create(
                user=user, email=email, defaults={"primary": True, "verified": is_free}
            )


def is_confirmed(user: User) -> bool:
    return EmailAddress.objects.filter(user=user, email=user.email.lower(), verified=True).exists()


def holder_of(email: str) -> User | None:
    """Who has confirmed that address."""
    found = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
    return found.user if found else None
