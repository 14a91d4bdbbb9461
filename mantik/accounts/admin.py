from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mantik.accounts import services
from mantik.accounts.email_addresses import vouch_for
from mantik.accounts.models import Session, User
from mantik.audit.services import record
from mantik.lib.humanize import counted
from mantik.tokens.models import PersonalAccessToken
from mantik.tokens.services import revoke_all

# These belong to the person and are changed on the account pages, which record the events.
for theirs in (EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(theirs)
_NOT_AUDITED = {"password", "is_active", "groups", "user_permissions"}


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """Deactivating an account signs it out everywhere. An address that an operator enters counts as confirmed."""

    fieldsets = (
        *DjangoUserAdmin.fieldsets,  # type: ignore[misc]
        ("Mantik", {"fields": ["uuid", "time_zone", "second_factors", "open_sessions"]}),
    )
    readonly_fields = ["uuid", "second_factors", "open_sessions"]
    actions = ["reset_second_factors", "end_sessions", "revoke_tokens"]

    @admin.display(description="second factors")
    def second_factors(self, user: User) -> str:
        found = Authenticator.objects.filter(user=user).order_by("pk")
        return ", ".join(str(factor.get_type_display()) for factor in found) or "none"

    @admin.display(description="open sessions")
    def open_sessions(self, user: User) -> int:
        return len(Session.objects.of(user))

    @admin.action(description="Reset the second factors of people who lost them", permissions=["change"])
    def reset_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        now = timezone.now()
        done = [
            services.reset_second_factors(user=user, actor=_operator(request), end_tokens=False, now=now)
            for user in queryset
        ]
        count = sum(bool(reset.factors) for reset in done)
        messages.info(request, f"The second factors and sessions of {counted(count, 'account')} were removed.")
        _tell_of_tokens(request, sum(reset.tokens_left for reset in done))

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = sum(services.end_sessions(user=user, actor=_operator(request)) for user in queryset)
        messages.info(request, f"{counted(count, 'session')} ended.")

    @admin.action(description="Revoke all personal access tokens", permissions=["change"])
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        now = timezone.now()
        count = sum(revoke_all(user=user, actor=_operator(request), now=now) for user in queryset)
        messages.info(request, f"{counted(count, 'personal access token')} revoked.")

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        actor, changed = _operator(request), set(form.changed_data)
        with transaction.atomic():
            if change and "is_active" in changed:
                services.set_active(user=obj, is_active=obj.is_active, actor=actor)
            super().save_model(request, obj, form, change)
            if "email" in changed:
                vouch_for(obj)
            if not change:
                record("account.added", actor=actor, target=obj)
            elif audited := sorted(changed - _NOT_AUDITED):
                before = {name: form.initial.get(name) for name in audited}
                record("account.edited", actor=actor, target=obj, before=before, after=_values(obj, audited))

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            record("account.deleted", actor=_operator(request), target=obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Sign out everybody who used the old password, and record an event."""
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            user = User.objects.get(pk=id)
            with transaction.atomic():
                record("account.password_changed", actor=_operator(request), target=user)
                services.end_sessions(user=user, actor=_operator(request), but=_own_session(request, user))
            _tell_of_tokens(request, PersonalAccessToken.objects.owned_by(user).valid().count())
        return response


def _tell_of_tokens(request: HttpRequest, count: int) -> None:
    if count:
        tokens = counted(count, "personal access token is", "personal access tokens are")
        messages.warning(request, f"{tokens} still valid. The action “Revoke all personal access tokens” ends all.")


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _own_session(request: HttpRequest, user: User) -> str | None:
    return request.session.session_key if request.user == user else None


def _values(user: User, names: list[str]) -> dict[str, Any]:
    return {name: getattr(user, name) for name in names}
