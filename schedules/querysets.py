"""Schedules and slots by who may see them, and by what has to be done about them."""

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
# Of the recipe: what may stand in the way, and what the audit tells.
_ASKED_AT_THE_INSTANT = (
    *("code_repository_id", "code_name", "code_url", "connection_id"),
    *("branch", "commit_sha", "entry_point", "site_name", "compute_budget_account"),
)


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User | AnonymousUser) -> ScheduleQuerySet:
        """Schedules of the projects that `user` may look at."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def used_by(self, user: User, connection: Connection) -> tuple[str, ...]:
        """The accounts that `user`'s own schedules have at the site of `connection`, latest first."""
        own = self.visible_to(user).filter(created_by=user, connection__site=connection.site)
        accounts = own.order_by("-last_edited_at", "-pk").values_list("compute_budget_account", flat=True)
        return tuple(dict.fromkeys(accounts))

    def for_rows(self) -> ScheduleQuerySet:
        """With what a list row shows, without the texts that it does not."""
        return self.select_related("created_by", "connection").defer(*_LONG)

    def in_order(self) -> ScheduleQuerySet:
        return self.order_by(Lower("name"), "pk")

    def enabled(self) -> ScheduleQuerySet:
        return self.filter(state=ScheduleState.ENABLED)

    def going_on(self) -> ScheduleQuerySet:
        """Enabled or paused: those that need what they use."""
        return self.exclude(state=ScheduleState.ENDED)

    def paused(self) -> ScheduleQuerySet:
        return self.filter(state=ScheduleState.PAUSED)

    def due(self, now: datetime) -> ScheduleQuerySet:
        """Longest due first."""
        return self.enabled().filter(next_fire_at__lte=now).order_by("next_fire_at", "pk")

    def for_firing(self) -> ScheduleQuerySet:
        """Without what only its runs need, which the database copies by itself, and what only people look at."""
        recipe = (name for name in RECIPE if name not in _ASKED_AT_THE_INSTANT)
        return self.defer(*recipe, "created_at", "last_edited_at", "state_changed_at")

    def out_of_step(self) -> ScheduleQuerySet:
        """Those whose row in the admin was switched, and that do not know it yet."""
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
