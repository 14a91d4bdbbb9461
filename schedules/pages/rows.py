"""Schedules as rows of lists: what to show, and which buttons this user may press."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.badges import count_for_badge
from mantik.lib.humanize import utc_minute
from projects.models import Project
from runs.states import Badge
from schedules.cron import CronError, ZoneError, show
from schedules.models import Schedule
from schedules.services.schedules import may_edit


@dataclass(frozen=True)
class ScheduleRow:
    """`next` is the next due time in the schedule's zone, "" if there is none; `why` says why there is none."""

    name: str
    url: str
    words: str
    zone: str
    badge: Badge
    next: str
    next_at: datetime | None
    why: str
    last_badge: Badge | None
    last_at: datetime | None
    last_reason: str
    by: str
    edit_url: str | None
    delete_url: str | None


def schedule_rows(schedules: list[Schedule], *, user: User | AnonymousUser, project: Project) -> list[ScheduleRow]:
    """The rows of a list. One query, for the user's role."""
    return [_row(schedule, user, project) for schedule in schedules]


def next_rows(project: Project, *, user: User | AnonymousUser, most: int) -> list[ScheduleRow]:
    """The schedules that are due next, soonest first."""
    found = Schedule.objects.filter(project=project).enabled().for_rows().order_by("next_due_at", "pk")
    return schedule_rows(list(found[:most]), user=user, project=project)


def paused_count(project: Project) -> int:
    """How many are paused, as far as a badge counts."""
    return count_for_badge(Schedule.objects.filter(project=project).paused())


def words_of(schedule: Schedule) -> str:
    """The expression in words, or the expression itself if this version no longer accepts it."""
    try:
        return schedule.cron.words
    except CronError:
        return schedule.cron_expression


def shown_at(schedule: Schedule, moment: datetime) -> str:
    """The moment as text in the schedule's zone, or in UTC if this machine does not know the zone."""
    try:
        return show(moment, schedule.zone)
    except ZoneError:
        return utc_minute(moment)


def _row(schedule: Schedule, user: User | AnonymousUser, project: Project) -> ScheduleRow:
    # So that neither the addresses nor the user's role need a query for each row.
    schedule.project = project
    arguments = [project.slug, schedule.uuid]
    is_editable = user.is_authenticated and may_edit(user, schedule)
    return ScheduleRow(
        name=schedule.name,
        url=reverse("schedules:detail", args=arguments),
        words=words_of(schedule),
        zone=schedule.time_zone,
        badge=schedule.badge,
        next=shown_at(schedule, schedule.next_due_at) if schedule.next_due_at else "",
        next_at=schedule.next_due_at,
        why=schedule.state_reason,
        last_badge=schedule.last_badge,
        last_at=schedule.last_due_at,
        last_reason=schedule.last_reason,
        by=schedule.created_by.display_name,
        edit_url=reverse("schedules:edit", args=arguments) if is_editable else None,
        delete_url=reverse("schedules:delete", args=arguments) if is_editable else None,
    )
