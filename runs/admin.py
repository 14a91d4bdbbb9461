from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from runs.models import RegisteredModel, Run, RunEvent, RunToken
from runs.tracking.run_tokens import revoke_run_token


class EventInline(admin.TabularInline[RunEvent, Run]):
    model = RunEvent
    fields = ("at", "kind", "message", "actor")
    readonly_fields = ("at", "kind", "message", "actor")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """For rows that only Mantik writes, and that operators only read."""

    show_full_result_count = False
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "project",
        "state",
        "created_by",
        "origin",
        "site_name",
        "attempts",
        "waiting_for",
        "created_at",
    ]
    list_filter = ["state", "origin", "site_name"]
    search_fields = ["=uuid", "name", "=batch_system_id"]
    list_select_related = ["project", "created_by"]
    inlines = [EventInline]


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ReadOnlyAdmin):
    """The list shows what each model waits for, and what is wrong with it."""

    list_display = [
        "name",
        "project",
        "state",
        "registry_name",
        "attempts",
        "waiting_for",
        "trouble",
        "created_by",
        "created_at",
        "next_attempt_at",
    ]
    list_filter = ["state", ("trouble", admin.EmptyFieldListFilter), ("waiting_for", admin.EmptyFieldListFilter)]
    search_fields = ["=uuid", "name", "=registry_name", "=run__uuid"]
    list_select_related = ["project", "created_by"]


@admin.register(RunToken)
class RunTokenAdmin(ReadOnlyAdmin):
    """Operators see which tokens there are and can revoke them."""

    list_display = ["visible_prefix", "run", "created_at", "last_used_at", "revoked_at"]
    search_fields = ["=prefix", "=run__uuid"]
    list_select_related = ["run"]
    actions = ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[RunToken]) -> None:
        assert request.user.is_authenticated
        for token in queryset.filter(revoked_at=None).select_related("run__project"):
            revoke_run_token(token, actor=request.user, now=timezone.now())
        self.message_user(request, "The tokens were revoked.", messages.INFO)
