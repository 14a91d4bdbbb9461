from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from connections.models import Connection, Site
from connections.services.connections import delete_connection
from connections.services.sites import delete_site, record_change, told_of
from mantik.accounts.models import User
from mantik.audit.services import record


class SiteForm(forms.ModelForm[Site]):
    """The client secret goes in and is never shown again."""

    new_oidc_secret = forms.CharField(
        label="New OIDC client secret",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Takes the place of the stored one. Leave it empty to keep that; a public client has none.",
    )
    forget_oidc_secret = forms.BooleanField(label="Forget the OIDC client secret", required=False)

    class Meta:
        model = Site
        fields = [
            *("name", "base_url", "ca_bundle", "notes", "is_offered"),
            *("oidc_issuer", "oidc_token_url", "oidc_client_id"),
        ]


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin[Site]):
    form = SiteForm
    list_display = ["name", "base_url", "is_offered", "added_by"]
    list_filter = ["is_offered", ("added_by", admin.EmptyFieldListFilter)]
    list_select_related = ["added_by"]
    search_fields = ["name", "base_url"]
    readonly_fields = ["uuid", "added_by", "has_oidc_secret", "created_at"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["name", "base_url", "ca_bundle", "notes", "is_offered"]}),
        (
            "Login service (OpenID Connect)",
            {
                "fields": [
                    *("oidc_issuer", "oidc_token_url", "oidc_client_id"),
                    *("has_oidc_secret", "new_oidc_secret", "forget_oidc_secret"),
                ],
                "description": "For sites that take access tokens of a login service. Mantik is a client of it that "
                "may use refresh tokens; members paste theirs.",
            },
        ),
        ("Record", {"fields": ["uuid", "added_by", "created_at"]}),
    ]

    @admin.display(boolean=True, description="Has an OIDC client secret")
    def has_oidc_secret(self, site: Site) -> bool:
        return bool(site.sealed_oidc_secret)

    def save_model(self, request: HttpRequest, obj: Site, form: Any, change: bool) -> None:
        actor = _operator(request)
        before = told_of(Site.objects.get(pk=obj.pk)) if change else None
        new, forget = form.cleaned_data["new_oidc_secret"], form.cleaned_data["forget_oidc_secret"]
        with transaction.atomic():
            if new or forget:
                obj.put_oidc_secret(new)
            super().save_model(request, obj, form, change)
            record_change(site=obj, before=before, actor=actor)
            if new or forget:
                record("site.login_secret_replaced", actor=actor, target=obj)

    def delete_model(self, request: HttpRequest, obj: Site) -> None:
        delete_site(site=obj, actor=_operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Site]) -> None:
        for site in queryset:
            delete_site(site=site, actor=_operator(request))


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin[Connection]):
    """Operators see that a connection exists and how it fares, and can delete it. Its secret is not here."""

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


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
