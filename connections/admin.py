from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from connections.models import Connection, Site, SiteOutage
from connections.outages.breaker import ask_soon, site_is_silent
from connections.services.connections import delete_connection
from connections.services.sites import audit_values, delete_site, record_change
from mantik.accounts.models import User
from mantik.accounts.view_wrappers import identity_confirmed
from mantik.audit.services import record

# The fields of the form that concern the client secret.
_SECRETS = ("new_oidc_secret", "forget_oidc_secret")


class SiteForm(forms.ModelForm[Site]):
    """The client secret can be entered, and is never shown."""

    new_oidc_secret = forms.CharField(
        label="New OIDC client secret",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Replaces the stored secret. Leave it empty to keep that one; a public client has none.",
    )
    forget_oidc_secret = forms.BooleanField(label="Forget the OIDC client secret", required=False)

    class Meta:
        model = Site
        fields = [
            "name",
            "base_url",
            "ca_bundle",
            "notes",
            "is_offered",
            "max_processes",
            "max_processes_per_connection",
            "oidc_issuer",
            "oidc_token_url",
            "oidc_client_id",
        ]


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin[Site]):
    form = SiteForm
    list_display = ["name", "base_url", "is_offered", "answers", "added_by"]
    list_filter = ["is_offered", ("added_by", admin.EmptyFieldListFilter)]
    list_select_related = ["added_by"]
    search_fields = ["name", "base_url"]
    readonly_fields = ["uuid", "added_by", "has_oidc_secret", "created_at"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["name", "base_url", "ca_bundle", "notes", "is_offered"]}),
        ("Load", {"fields": ["max_processes", "max_processes_per_connection"]}),
        (
            "Login service (OpenID Connect)",
            {
                "fields": [
                    "oidc_issuer",
                    "oidc_token_url",
                    "oidc_client_id",
                    "has_oidc_secret",
                    "new_oidc_secret",
                    "forget_oidc_secret",
                ],
                "description": "For sites that take access tokens of a login service. Mantik has to be registered "
                "there as a client that may use refresh tokens; members paste their refresh tokens.",
            },
        ),
        ("Record", {"fields": ["uuid", "added_by", "created_at"]}),
    ]

    # Around all that the admin does with a form: being asked who one is must not count as what the form has done.
    def add_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        asks = any(request.POST.get(name) for name in _SECRETS)
        response: HttpResponse = _confirmed(super().add_view, asks=asks)(request, *args, **options)
        return response

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> HttpResponse:
        asks = any(request.POST.get(name) for name in _SECRETS) or self._is_sent_elsewhere(request, object_id)
        response: HttpResponse = _confirmed(super().change_view, asks=asks)(request, object_id, *args, **options)
        return response

    def _is_sent_elsewhere(self, request: HttpRequest, object_id: str) -> bool:
        """Whether the form names another login service, which would get the secret and members' refresh tokens."""
        site = self.get_object(request, unquote(object_id)) if request.method == "POST" else None
        return site is not None and any(
            request.POST.get(name, "").strip() != getattr(site, name) for name in ("oidc_issuer", "oidc_token_url")
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Site]:
        return super().get_queryset(request).annotate(is_silent=site_is_silent())

    @admin.display(boolean=True, description="Answers")
    def answers(self, site: Site) -> bool:
        return not site.is_silent  # type: ignore[attr-defined]  # annotated above

    @admin.display(boolean=True, description="Has an OIDC client secret")
    def has_oidc_secret(self, site: Site) -> bool:
        return bool(site.sealed_oidc_secret)

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        actor = _operator(request)
        before = audit_values(Site.objects.get(pk=obj.pk)) if change else None
        new, forget = form.cleaned_data["new_oidc_secret"], form.cleaned_data["forget_oidc_secret"]
        with transaction.atomic():
            if new or forget:
                obj.put_oidc_secret(new)
            super().save_model(request, obj, form, change)
            record_change(site=obj, before=before, actor=actor)
            if new or forget:
                record("site.login_secret_replaced", actor=actor, target=obj)
            ask_soon(obj, now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Site) -> None:
        delete_site(site=obj, actor=_operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Site]) -> None:
        for site in queryset:
            delete_site(site=site, actor=_operator(request))


@admin.register(SiteOutage)
class SiteOutageAdmin(admin.ModelAdmin[SiteOutage]):
    """When sites did not answer. Mantik keeps these for 90 days."""

    list_display = ["site", "began_at", "ended_at", "length", "tries", "next_try_at", "reason"]
    list_filter = ["site", ("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["site"]
    ordering = ["-began_at", "-pk"]
    exclude = ["lease_token", "lease_until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SiteOutage | None = None) -> bool:
        return False


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin[Connection]):
    """Operators see that a connection exists and whether it works, and can delete it; never its secret."""

    list_display = ["name", "owner", "kind", "site", "login_name", "last_used_at", "test_outcome", "marked_bad_at"]
    list_filter = ["kind", "site", "test_outcome", ("marked_bad_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "owner__username", "login_name"]
    list_select_related = ["owner", "site"]
    exclude = ["sealed_secret", "sealed_access", "lease_token", "lease_until"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Connection) -> None:
        delete_connection(connection=obj, actor=_operator(request), even_if_used=True)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Connection]) -> None:
        for connection in queryset.select_related("owner", "site"):
            self.delete_model(request, connection)


def _confirmed(view: Callable[..., HttpResponse], *, asks: bool) -> Callable[..., Any]:
    return identity_confirmed(view) if asks else view


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
