"""Schedules and slots, by who may see them and by what has to be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from projects.models import Project
from runs.planning.repeatable import RECIPE
from schedules.states import Outcome, ScheduleState

if TYPE_CHECKING:
    from connections.models import Connection
    from mantik.accounts.models import User
    from schedules.models import Schedule, Slot

_LONG = ("mlproject_content", "backend_config_content")
# The columns of the recipe that decide whether a run may start, or that the audit keeps.
_ASKED_AT_EACH_DUE_TIME = (
    "code_repository_id",
    "code_name",
    "code_url",
    "connection_id",
    "branch",
    "commit_sha",
    "entry_point",
    "site_name",
    "compute_budget_account",
)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User | AnonymousUser) -> ScheduleQuerySet:
        """Schedules of the projects that `user` may look at."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def used_by(self, user: User, connection: Connection) -> tuple[str, ...]:
        """The compute budget accounts of `user`'s own schedules at the site of `connection`, latest first."""
        own = self.visible_to(user).filter(created_by=user, connection__site=connection.site)
        accounts = own.order_by("-last_edited_at", "-pk").values_list("compute_budget_account", flat=True)
        return tuple(dict.fromkeys(accounts))

    def for_rows(self) -> ScheduleQuerySet:
        """Load what a row of a list shows, but not the long texts."""
        return self.select_related("created_by", "connection").defer(*_LONG)

    def in_order(self) -> ScheduleQuerySet:
        return self.order_by(Lower("name"), "pk")

    def enabled(self) -> ScheduleQuerySet:
        return self.filter(state=ScheduleState.ENABLED)

    def going_on(self) -> ScheduleQuerySet:
        """Enabled or paused: those that still need their code, connection and experiment."""
        return self.exclude(state=ScheduleState.ENDED)

    def paused(self) -> ScheduleQuerySet:
        return self.filter(state=ScheduleState.PAUSED)

    def due(self, now: datetime) -> ScheduleQuerySet:
        """Schedules that are due, those that have waited longest first."""
        return self.enabled().filter(next_fire_at__lte=now).order_by("next_fire_at", "pk")

    def for_firing(self) -> ScheduleQuerySet:
        """Leave out columns that only runs need (the database copies them) or only people look at."""
        recipe = (name for name in RECIPE if name not in _ASKED_AT_EACH_DUE_TIME)
        return self.defer(*recipe, "created_at", "last_edited_at", "state_changed_at")

    def out_of_step(self) -> ScheduleQuerySet:
        """Schedules whose row in the admin was switched, but that were not paused or resumed accordingly yet."""
        return self.filter(
            Q(state=ScheduleState.ENABLED, periodic_task__enabled=False)
            | Q(state=ScheduleState.PAUSED, periodic_task__enabled=True)
        )


class SlotQuerySet(models.QuerySet["Slot"]):
    def visible_to(self, user: User | AnonymousUser) -> SlotQuerySet:
        return self.filter(schedule__project__in=Project.objects.visible_to(user))

    def newest_first(self) -> SlotQuerySet:
        return self.order_by("-due_at", "-pk")

    def fired(self) -> SlotQuerySet:
        return self.filter(outcome=Outcome.FIRED)

    def awaiting_end(self) -> SlotQuerySet:
        return self.filter(awaits_end=True)
