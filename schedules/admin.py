from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from mantik.accounts.member_request import MemberRequest
from mantik.lib.humanize import counted
from mantik.lib.large_tables import LargeTableAdmin
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks, switches
from schedules.services.schedules import pause_schedule


class _ReadOnly:
    """Only Mantik writes these rows; operators read them."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Schedule)
class ScheduleAdmin(_ReadOnly, LargeTableAdmin):
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
    actions = ["pause"]

    @admin.action(description="Pause the chosen schedules", permissions=["view"])
    def pause(self, request: MemberRequest, queryset: QuerySet[Schedule]) -> None:
        now = timezone.now()
        paused = [pause_schedule(schedule=schedule, actor=request.user, now=now) for schedule in queryset]
        others = "" if all(paused) else " Those that were not enabled are unchanged."
        self.message_user(request, f"{counted(sum(paused), 'schedule')} paused.{others}", messages.INFO)


@admin.register(Slot)
class SlotAdmin(_ReadOnly, LargeTableAdmin):
    list_display = ["due_at", "schedule", "outcome", "reason", "run", "recorded_at"]
    list_filter = ["outcome"]
    search_fields = ["=schedule__uuid"]
    list_select_related = ["schedule", "run"]


class SwitchForm(forms.ModelForm[PeriodicTask]):
    """The only thing that operators can change in the row of a schedule."""

    class Meta:
        model = PeriodicTask
        fields = ("enabled",)


# django-celery-beat registers its own admin when it is imported.
admin.site.unregister(PeriodicTask)


@admin.register(PeriodicTask)
class TaskAdmin(PeriodicTaskAdmin):  # type: ignore[misc]  # it comes without types
    """The admin of django-celery-beat; rows of schedules can only be switched, in the operator's name."""

    # Its own template has an inline script, and reads the crontabs of all schedules.
    change_form_template = "admin/change_form.html"
    raw_id_fields = ("interval", "crontab", "solar", "clocked")
    readonly_fields = ("last_run_at", "crontab_translation")
    list_display = ("name", "enabled", "scheduler", "last_run_at", "total_run_count")
    list_filter = ("enabled", "task")
    date_hierarchy = None
    show_full_result_count = False
    ordering = ("-pk",)

    def changeform_view(self, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        return admin.ModelAdmin.changeform_view(self, request, *arguments, **options)

    def get_form(self, request: HttpRequest, obj: PeriodicTask | None = None, **options: Any) -> Any:
        if not _is_ours(obj):
            return super().get_form(request, obj, **options)
        return SwitchForm

    def get_fieldsets(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        if not _is_ours(obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("enabled", *self.get_readonly_fields(request, obj))})]

    def get_readonly_fields(self, request: HttpRequest, obj: PeriodicTask | None = None) -> Any:
        shown = ("name", "description", "crontab", "expires", "last_run_at", "total_run_count")
        return shown if _is_ours(obj) else super().get_readonly_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: PeriodicTask | None = None) -> bool:
        return not _is_ours(obj) and bool(super().has_delete_permission(request, obj))

    def save_model(self, request: MemberRequest, obj: PeriodicTask, form: Any, change: bool) -> None:
        with self._at_work(request):
            if _is_ours(obj):
                obj.save(update_fields=["enabled"])
            else:
                super().save_model(request, obj, form, change)

    # django-celery-beat switches in bulk, without signals.

    @admin.action(description="Enable selected tasks")
    def enable_tasks(self, request: MemberRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(super().enable_tasks, request, queryset)

    @admin.action(description="Disable selected tasks")
    def disable_tasks(self, request: MemberRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(super().disable_tasks, request, queryset)

    @admin.action(description="Toggle activity of selected tasks")
    def toggle_tasks(self, request: MemberRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(super().toggle_tasks, request, queryset)

    def _switch(self, do: Any, request: MemberRequest, queryset: QuerySet[PeriodicTask]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        # In one transaction, so that no sweep sees the switch first and applies it in nobody's name.
        with self._at_work(request), switches.switching(chosen):
            do(request, queryset)

    @contextmanager
    def _at_work(self, request: MemberRequest) -> Iterator[None]:
        with switches.at_work(request.user) as action:
            yield
        for refusal in action.refusals:
            self.message_user(request, refusal, messages.WARNING)


def _is_ours(task: PeriodicTask | None) -> bool:
    return task is not None and task.task == periodic_tasks.TASK
