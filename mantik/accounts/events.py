"""Receivers of allauth's signals: they record audit events, and do what belongs to them."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as services
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django_structlog.signals import bind_extra_request_metadata
from structlog.contextvars import bind_contextvars

from mantik.accounts.adapters import client_ip
from mantik.accounts.models import FactorSecret, User
from mantik.accounts.services import end_sessions
from mantik.accounts.sessions import note_client
from mantik.audit.services import record

_METHODS = {"password": "password", "socialaccount": "OpenID Connect", "password_reset": "password reset"}
_FACTORS = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


@receiver(bind_extra_request_metadata)
def on_request(*, request: HttpRequest, **_: Any) -> None:
    """Logs name the address by which attempts are counted: anybody may send a header; it counts behind a proxy only."""
    bind_contextvars(ip=client_ip(request))


@receiver(account.user_signed_up)
def on_signed_up(*, user: User, sociallogin: SocialLogin | None = None, **_: Any) -> None:
    _record("account.signed_up", user, after={"with": "OpenID Connect" if sociallogin else "password"})


@receiver(account.user_logged_in)
def on_signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    note_client(request, ip=client_ip(request))
    steps = [_step(step) for step in get_authentication_records(request, user) if not step.get("reauthenticated")]
    _record("account.signed_in", user, after={"with": " and ".join(dict.fromkeys(steps))})


@receiver(user_logged_out)
def on_signed_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        _record("account.signed_out", user)


@receiver([account.password_changed, account.password_set])
def on_password_changed(*, request: HttpRequest, user: User, **_: Any) -> None:
    with transaction.atomic():
        record("account.password_changed", actor=user, target=user)
        end_sessions(user=user, actor=user, but=request.session.session_key)


@receiver(account.password_reset)
def on_password_reset(*, user: User, **_: Any) -> None:
    with transaction.atomic():
        record("account.password_reset", actor=user, target=user)
        end_sessions(user=user, actor=user)


@receiver(account.email_changed)
def on_address_changed(
    *, user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any
) -> None:
    before = {"email": from_email_address.email} if from_email_address else None
    _record("account.email_changed", user, before=before, after={"email": to_email_address.email})


@receiver(account.email_confirmed)
def on_address_confirmed(*, email_address: EmailAddress, **_: Any) -> None:
    user: User = email_address.user
    _record("account.email_confirmed", user, after={"email": email_address.email})


@receiver(post_save, sender=Authenticator)
def on_factor_added(*, instance: Authenticator, created: bool, **_: Any) -> None:
    """Not allauth's own signal, which comes after the commit. Recovery codes come along by themselves."""
    if created and instance.type != Authenticator.Type.RECOVERY_CODES:
        _record("account.second_factor_added", instance.user, after={"factor": _words_of(instance)})


@receiver(factors.authenticator_removed)
def on_factor_removed(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record("account.second_factor_removed", user, before={"factor": _words_of(authenticator)})


@receiver(post_delete, sender=Authenticator)
def on_factor_gone(*, instance: Authenticator, **_: Any) -> None:
    """When a second factor is deleted, in whatever way, its secret is deleted, too."""
    held = [instance.data.get(name) for name in ("secret", "seed")]
    FactorSecret.objects.filter(uuid__in=[reference for reference in held if reference]).delete()


@receiver(services.social_account_added)
def on_service_connected(*, sociallogin: SocialLogin, **_: Any) -> None:
    user: User = sociallogin.user  # type: ignore[assignment]
    _record("account.service_connected", user, after={"service": sociallogin.provider.name})


@receiver(services.social_account_removed)
def on_service_disconnected(*, socialaccount: SocialAccount, **_: Any) -> None:
    user: User = socialaccount.user
    _record("account.service_disconnected", user, before={"service": socialaccount.get_provider().name})


def _record(verb: str, user: User, **values: Any) -> None:
    record(verb, actor=user, target=user, **values)


def _step(step: dict[str, Any]) -> str:
    if step["method"] == "mfa":
        return _FACTORS[Authenticator.Type(step["type"])]
    return _METHODS.get(step["method"], str(step["method"]))


def _words_of(authenticator: Authenticator) -> str:
    words = _FACTORS[Authenticator.Type(authenticator.type)]
    name = authenticator.data.get("name", "")
    return f"{words} {name}".strip()
