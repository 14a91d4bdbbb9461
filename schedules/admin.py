from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mantik.accounts.http import MemberRequest
from schedules.models import Schedule, Slot
from schedules.services import pause_schedule


class _ReadOnly:
    """Rows are written by the product only; operators read them."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Schedule)
class ScheduleAdmin(_ReadOnly, admin.ModelAdmin[Schedule]):
    list_display = [
        "name",
        "project",
        "cron_expression",
        "time_zone",
        "state",
        "next_due_at",
        "last_outcome",
        "created_by",
    ]
    list_filter = ["state", "last_outcome", "time_zone"]
    search_fields = ["=uuid", "name"]
    list_select_related = ["project", "created_by"]
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["pause"]

    @admin.action(description="Pause the chosen schedules", permissions=["view"])
    def pause(self, request: MemberRequest, queryset: QuerySet[Schedule]) -> None:
        now = timezone.now()
        paused = [pause_schedule(schedule=schedule, actor=request.user, now=now) for schedule in queryset]
        self.message_user(request, f"{sum(paused)} of {len(paused)} were enabled and are paused now.", messages.INFO)


@admin.register(Slot)
class SlotAdmin(_ReadOnly, admin.ModelAdmin[Slot]):
    list_display = ["due_at", "schedule", "outcome", "reason", "run", "recorded_at"]
    list_filter = ["outcome"]
    search_fields = ["=schedule__uuid"]
    list_select_related = ["schedule", "run"]
    show_full_result_count = False
    ordering = ["-pk"]
