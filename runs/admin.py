from django.contrib import admin
from django.http import HttpRequest

from runs.models import Run, RunEvent


class EventInline(admin.TabularInline[RunEvent, Run]):
    model = RunEvent
    fields = ("at", "kind", "message", "actor")
    readonly_fields = ("at", "kind", "message", "actor")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(admin.ModelAdmin[Run]):
    """A run's row is written by the product only; operators read it."""

    list_display = ["name", "project", "state", "created_by", "site_name", "attempts", "waiting_for", "created_at"]
    list_filter = ["state", "site_name"]
    search_fields = ["=uuid", "name", "=batch_system_id"]
    list_select_related = ["project", "created_by"]
    show_full_result_count = False
    ordering = ["-pk"]
    inlines = [EventInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        return False
