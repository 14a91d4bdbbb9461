from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from connections.models import Connection, Site


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin[Site]):
    list_display = ["name", "base_url", "is_offered"]
    list_filter = ["is_offered"]
    search_fields = ["name", "base_url"]
    readonly_fields = ["uuid", "created_at"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin[Connection]):
    """Operators see that a connection exists and how it fares, and can delete it. Its secret is not here."""

    list_display = ["name", "owner", "kind", "site", "login_name", "last_used_at", "tested_at", "test_outcome"]
    list_filter = ["kind", "site", "test_outcome"]
    search_fields = ["name", "owner__username", "login_name"]
    list_select_related = ["owner", "site"]
    exclude = ["sealed_secret"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        return False
