"""Adapters for allauth: accounts and e-mail addresses, second factors, and sign-in with OpenID Connect."""

from __future__ import annotations

from typing import Any

import requests
import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import EmailVerificationStage
from allauth.core.internal import ratelimit
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from mantik.accounts import email_addresses, sign_up
from mantik.accounts.attempts import is_signed_in_from, login_of
from mantik.accounts.landing import landing_of
from mantik.accounts.models import FactorSecret, User
from mantik.lib.name_keys import same_name
from mantik.lib.names import problem_with
from mantik.lib.outbound_requests import guarded_session
from mantik.lib.sealing import SealBroken
from mantik.notices import outbox

log = structlog.get_logger(__name__)

# User names of deleted accounts; see mantik/account_deletion/.
DELETED = "deleted-"
# In the context of an e-mail: for how long it is tried. An e-mail without this counts as one that lets somebody in.
_GIVE_UP_AFTER = "give_up_after"
_WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or the password is wrong. Check both and try again.",
        "email_password_mismatch": "The address or the password is wrong. Check both and try again.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes, then try again.",
        "rate_limited": "Too many requests. Wait a minute, then try again.",
        "incorrect_password": "This password is wrong.",
        "enter_current_password": "This is not your current password.",
        "username_taken": "This user name is taken. Choose another one.",
        "username_blacklisted": "This user name is not available. Choose another one.",
        "username_like_address": "A user name with an @ could be taken for an e-mail address. Choose another one.",
        "duplicate_email": "This is already your address.",
        "same_as_current": "This is the current value. Choose another one.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return sign_up.is_offered()

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where to after signing in, if the address asked for nothing."""
        landing = landing_of(request.user) if isinstance(request.user, User) else ""
        return landing or str(super().get_login_redirect_url(request))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt at the account from this address, and from everywhere unless it has a session here.

        By the account alone, as allauth counts, five attempts of a stranger would keep its owner out wherever they are.
        """
        super().pre_authenticate(request, **credentials)
        if is_signed_in_from(get_client_ip(request), login_of(credentials)):
            return
        everywhere = ratelimit.consume(
            request, app="allauth.account", action="login_failed_everywhere", key=login_of(credentials)
        )
        if not everywhere:
            raise self.validation_error("too_many_login_attempts")
        # Given back with the other one if the password is right.
        if here := self._login_failed_rl_usage:
            here.usage += everywhere.usage

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{ratelimit.get_ip(request)}"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Refuse an account that is not active with the same words as a wrong password."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def clean_username(self, username: str, shallow: bool = False) -> str:
        if username.lower().startswith(DELETED):
            raise self.validation_error("username_blacklisted")
        if "@" in username:
            raise self.validation_error("username_like_address")
        if problem := problem_with(username):
            raise ValidationError(problem)
        # Also of names that are made for people who come from a login service, hence not only at the end.
        if User.objects.filter(same_name(User, username)).exists():
            raise self.validation_error("username_taken")
        return super().clean_username(username, shallow)

    def get_login_stages(self) -> list[str]:
        ours = f"{__name__}.{ConfirmAddressStage.__name__}"
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        return [way | {"description": _WAYS[way["id"]]} for way in super().get_reauthentication_methods(user)]

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Leave an e-mail to the workers, encrypted: it may contain a link that lets anyone in who has it.

        For the same reason it is not written to the log of an installation without a mail server.
        """
        if outbox.is_only_printed() and not settings.MANTIK_DEBUG:
            log.error("account_mail_not_sent", kind=template_prefix, error="MANTIK_EMAIL_URL names no mail server")
            messages.error(self.request, "Mantik has no mail server, so no e-mail was sent. Tell an operator.")
            return
        message = self.render_mail(template_prefix, email, {"base_url": settings.MANTIK_BASE_URL, **context})
        if outbox.is_only_printed():
            # On a machine of one's own, where a worker need not run. Nothing is waited for.
            message.send()
            return
        outbox.write_sealed_letter(
            address=email,
            subject=str(message.subject),
            text=str(message.body),
            give_up_after=context.get(_GIVE_UP_AFTER, outbox.GIVE_UP_SECRETS_AFTER),
        )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell somebody of a change to their account. That lets nobody in, and is worth knowing days later, too."""
        kept = {**(context or {}), _GIVE_UP_AFTER: outbox.GIVE_UP_AFTER}
        super().send_notification_mail(template_prefix, user, kept, email)


class ConfirmAddressStage(EmailVerificationStage):
    """People who sign up have to confirm an address; accounts that an operator made without an address do not."""

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        if isinstance(user, User) and not self.login.signup and not user.email and not self.login.email:
            return None, True
        handled: tuple[Any, bool] = super().handle()  # type: ignore[no-untyped-call]
        return handled


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is wrong, has expired or was already used. Type the code that your app shows now, "
        "or a recovery code that you have not used yet.",
    }

    def get_totp_issuer(self) -> str:
        return "Mantik"

    def _get_site_name(self) -> str:
        return "Mantik"

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:  # noqa: A002 - allauth's
        return "Passkey"

    def encrypt(self, text: str) -> str:
        """A reference to the sealed secret, which the rotation of keys finds in a row of its own."""
        secret = FactorSecret()
        secret.put(text)
        secret.save()
        return str(secret.uuid)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return FactorSecret.objects.reveal(encrypted_text)
        except (SealBroken, FactorSecret.DoesNotExist, ValidationError) as error:
            log.error("second_factor_does_not_open", error=type(error).__name__)
            raise ValidationError(
                "This second factor can no longer be checked. Use another one, or ask an operator to reset it."
            ) from None


class ServiceAdapter(DefaultSocialAccountAdapter):
    """Sign-in through the one OpenID provider that the settings name."""

    error_messages = DefaultSocialAccountAdapter.error_messages | {
        "no_password": "Set a password first: otherwise you could no longer sign in.",
        "no_verified_email": "Confirm an e-mail address first: otherwise you could no longer sign in.",
        "connected_other": "This login is already connected to another Mantik account.",
    }

    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Only the provider of the settings: the database would store the client's secret unencrypted."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def get_requests_session(self) -> requests.Session:
        """The session for all requests to the provider, guarded like all connections to the outside."""
        return guarded_session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        if settings.MANTIK_OIDC_SIGN_UP:
            return True
        if not sociallogin.email_addresses:
            # The form asks for an address, and checks whether that address may sign up.
            return sign_up.is_offered()
        return any(sign_up.may_sign_up(address.email) for address in sociallogin.email_addresses)

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The account with an address that both it and the provider have confirmed. The user name does not matter."""
        for address in sociallogin.email_addresses:
            if address.verified and (user := email_addresses.holder_of(address.email)):
                return user, address.email
        return None


def client_ip(request: HttpRequest) -> str | None:
    """The address of the client; None if the web server does not say."""
    ip: str | None = get_client_ip(request)
    return ip
