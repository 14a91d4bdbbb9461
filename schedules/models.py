"""A schedule, which repeats a run, and its slots: what became of each due time."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from mantik.accounts.models import User
from mantik.lib.name_keys import NamedRow, NameKeyField
from projects.models import Project
from runs.models import Run
from runs.planning.repeatable import Repeatable
from runs.states import Badge
from schedules.cron import Cron, parse, zone
from schedules.querysets import ScheduleQuerySet, SlotQuerySet
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap, ScheduleState

MOST_CAUGHT_UP = 100
# Seconds.
LONGEST_JITTER = 3600


class Schedule(NamedRow, Repeatable):
    """Repeats a run at the due times of a cron expression in a zone, until the end of its end date.

    All that a run needs is copied here from the run it repeats (`Repeatable`), which may be deleted later.
    `next_due_at` is the next due time and `next_fire_at` the moment at which its run starts: the same, later by the
    jitter, or at once after an edit. Both are None unless the schedule is enabled. Only `schedules.services` and
    `schedules.firing.engine` write these rows.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # A foreign key without an index of its own needs none, or has one in a constraint: each is written whenever a
    # schedule fires.
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="schedules", db_index=False)
    name = models.CharField(max_length=120)
    name_key = NameKeyField(within=["project_id"])
    # None once it is deleted.
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="repeated_by")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="schedules")
    created_at = models.DateTimeField()
    last_edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    last_edited_at = models.DateTimeField()
    # Counts edits, so that a form made before somebody else's edit is refused.
    revision = models.PositiveIntegerField(default=1)

    cron_expression = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=60)
    # Inclusive, in that zone. None: no end.
    end_date = models.DateField(null=True, blank=True)

    code_policy = models.CharField(max_length=8, choices=CodePolicy, default=CodePolicy.SAME_COMMIT)
    overlap = models.CharField(max_length=8, choices=Overlap, default=Overlap.SKIP)
    missed = models.CharField(max_length=8, choices=CatchUp, default=CatchUp.ONE)
    # The limit of "all".
    missed_cap = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(MOST_CAUGHT_UP)]
    )
    # Due times longer ago are not caught up on.
    missed_grace = models.DurationField(default=timedelta(hours=6))
    jitter_seconds = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(LONGEST_JITTER)])
    # 0: they never pause it.
    pause_after_failures = models.PositiveSmallIntegerField(default=5)
    most_runs_per_day = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])

    state = models.CharField(max_length=8, choices=ScheduleState, default=ScheduleState.ENABLED)
    # Why it is paused or has ended, who did it (None: Mantik itself, or an unknown operator), and since when.
    state_reason = models.TextField(blank=True)
    state_changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    state_changed_at = models.DateTimeField()
    next_due_at = models.DateTimeField(null=True, blank=True)
    next_fire_at = models.DateTimeField(null=True, blank=True)
    # The last due time that was dealt with. Nothing up to it is ever due again.
    dealt_with_until = models.DateTimeField()
    # Refused slots and failed runs since the last run that finished.
    failures_in_a_row = models.PositiveIntegerField(default=0)
    # Copied from the latest slot, for lists.
    last_due_at = models.DateTimeField(null=True, blank=True)
    last_outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    last_reason = models.TextField(blank=True)

    # What operators see and switch in the admin. Kept in step by `schedules.operators.periodic_tasks`.
    periodic_task = models.OneToOneField(PeriodicTask, on_delete=models.PROTECT, related_name="mantik_schedule")

    # Why its latest run failed, as `schedules.firing.run_results` just read it. Not stored.
    last_failure = ""

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="schedule_name_unique"),
            models.UniqueConstraint("project", "name_key", name="schedule_name_key_unique"),
            models.CheckConstraint(name="schedule_state_known", condition=Q(state__in=ScheduleState.values)),
            models.CheckConstraint(
                name="schedule_enabled_is_due",
                condition=Q(state=ScheduleState.ENABLED, next_due_at__isnull=False, next_fire_at__isnull=False)
                | (~Q(state=ScheduleState.ENABLED) & Q(next_due_at__isnull=True, next_fire_at__isnull=True)),
            ),
        ]
        indexes = [
            # What beat asks, at every tick.
            models.Index("next_fire_at", name="schedule_due", condition=Q(state=ScheduleState.ENABLED)),
        ]

    def get_absolute_url(self) -> str:
        return reverse("schedules:detail", args=[self.project.slug, self.uuid])

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        """Pass the columns that were read as a set: Django looks up each column in them, which is slow in a list."""
        return super().from_db(db, frozenset(field_names), values, **more)

    def __str__(self) -> str:
        return self.name

    @property
    def cron(self) -> Cron:
        """Raises CronError if this version of Mantik no longer takes it."""
        return parse(self.cron_expression)

    @property
    def zone(self) -> ZoneInfo:
        """Raises ZoneError if this machine does not know it."""
        return zone(self.time_zone)

    @property
    def is_enabled(self) -> bool:
        return self.state == ScheduleState.ENABLED

    @property
    def is_paused(self) -> bool:
        return self.state == ScheduleState.PAUSED

    def set_state(self, state: ScheduleState, *, reason: str, actor: User | None, now: datetime) -> None:
        """Set the state, in memory; the caller stores it."""
        self.state, self.state_reason = state, reason
        self.state_changed_by, self.state_changed_at = actor, now

    @property
    def badge(self) -> Badge:
        return ScheduleState(self.state).badge

    @property
    def last_badge(self) -> Badge | None:
        """How the outcome of the latest slot is drawn; None before the first."""
        return Outcome(self.last_outcome).badge if self.last_outcome else None


class Slot(models.Model):
    """One due time of a schedule, or one press of Run now. Written once; only `awaits_end` changes."""

    # Indexes as in Schedule.
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="slots", db_index=False)
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    # A sentence or two for people.
    reason = models.TextField()
    # The run of a fired slot; None once the run is deleted.
    run = models.OneToOneField(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="slot")
    # Who pressed Run now; None for the clock.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField()
    # It fired, and how its run ended is not counted yet.
    awaits_end = models.BooleanField(default=False)

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("schedule", "due_at", name="slot_unique"),
            models.CheckConstraint(name="slot_outcome_known", condition=Q(outcome__in=Outcome.values)),
            models.CheckConstraint(
                name="slot_only_fired_has_run",
                condition=Q(outcome=Outcome.FIRED) | Q(run__isnull=True, awaits_end=False),
            ),
        ]
        indexes = [
            # The slots of a schedule by outcome; all of them are read by slot_unique.
            models.Index(F("schedule"), F("outcome"), F("due_at").desc(), name="slot_ledger_by_outcome"),
            models.Index("schedule", name="slot_open", condition=Q(awaits_end=True)),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.due_at:%Y-%m-%d %H:%M:%S}"

    @property
    def badge(self) -> Badge:
        return Outcome(self.outcome).badge
