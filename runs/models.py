"""A run: everything needed to repeat it, its state, its log and the events of its life."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from mantik.lib.leases import Leased
from mantik.lib.sealed_fields import register_keyed
from mantik.lib.text_indexes import TextIndex
from mantik.lib.token_form import MARK
from mantik.tokens.hashing import TokenKind
from mantik.tokens.models import StoredToken
from projects.models import Experiment, Project
from runs.notes.models import RunStar
from runs.planning.repeatable import Repeatable
from runs.querysets import RunQuerySet, RunTokenQuerySet
from runs.registered_models.models import ModelAlias, ModelAliasChange, ModelListing, RegisteredModel, RetiredModel
from runs.states import BEFORE_START, STATE_GROUPS, Badge, RunState
from runs.table.models import TableColumns
from runs.tracking.models import JobTracking, Journal, JournalPart, RetiredRun, TrackedItem
from runs.tracking.summaries.models import (
    LoggedName,
    MetricBuckets,
    MetricSummary,
    RunParam,
    RunSummaries,
    RunTag,
)
from runs.unseen.models import FailuresSeen


def _by_state(name: str, states: tuple[RunState, ...]) -> models.Index:
    """Of the runs in one of these states; each run is in one of these indexes."""
    columns = ("project", "created_at", "id", "experiment", "created_by")
    return models.Index(*columns, name=f"run_list_{name}", condition=Q(state__in=states))


class Run(Leased, Repeatable):
    """One execution of an MLproject entry point at a site, or a local run.

    Its columns are grouped by who writes them: the form (what to run), the submission (`runs.submission.submit`), the
    following (`runs.following.poll`), cancelling, tracking, and members' notes. `state` changes only through
    `runs.lifecycle.move`, a compare-and-set.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="runs", db_index=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="runs", db_index=False
    )
    created_at = models.DateTimeField()
    # As in Repeatable, without an index of its own.
    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="runs", db_index=False)

    class Origin(models.TextChoices):
        """What started it: Mantik, by a job at a site, or a member's own program (`runs.tracking.local_runs`)."""

        SITE = "site", "Site"
        LOCAL = "local", "Local"

    origin = models.CharField(max_length=8, choices=Origin, default=Origin.SITE, db_default=Origin.SITE)

    # What to run, as it was when RUN! was pressed, is in the columns of Repeatable and these two.
    name = models.CharField(max_length=120)
    # The run is to take the newest commit of its branch, which a worker reads before it submits. Until then the
    # columns of the code are those of the run that is repeated.
    commit_pending = models.BooleanField(default=False)

    state = models.CharField(max_length=12, choices=RunState, default=RunState.PENDING)
    # What it waits for, since when, and who can do something about it; blank when it does not wait.
    waiting_for = models.TextField(blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    # Why it ended, in plain words.
    outcome = models.TextField(blank=True)
    # The line of the log that shows why, counted from 1; None if the reason is not from the log.
    outcome_line = models.PositiveIntegerField(null=True, blank=True)

    # Submission. The tag is committed before the POST that carries it; `posted_at` says that a POST with it
    # may have reached the site, `job_url` that one did and which job is ours.
    submission_tag = models.CharField(max_length=60, unique=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveSmallIntegerField(default=0)
    posted_at = models.DateTimeField(null=True, blank=True)
    was_in_doubt = models.BooleanField(default=False)
    job_url = models.CharField(max_length=500, blank=True)
    job_script = models.TextField(blank=True)
    # Git's hash of all that is in the commit, and the archive that the job got.
    tree_sha = models.CharField(max_length=64, blank=True)
    code_sha256 = models.CharField(max_length=64, blank=True)
    code_size = models.PositiveBigIntegerField(null=True, blank=True)
    code_is_inline = models.BooleanField(default=True)
    # Which files of its code the job goes without, in sentences; "" if it has all.
    code_missing = models.TextField(blank=True, default="", db_default="")
    code_uploaded = models.BooleanField(default=False)
    # Set before the job is told to start. Once it is set, the job may be running, whatever the site has answered.
    start_sent_at = models.DateTimeField(null=True, blank=True)
    submitting_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    # Following.
    next_poll_at = models.DateTimeField(null=True, blank=True)
    poll_failures = models.PositiveIntegerField(default=0)
    # Somebody has the page open until this time: the site is polled more often, and the log fetched each time.
    watched_until = models.DateTimeField(null=True, blank=True)
    log_fetched_at = models.DateTimeField(null=True, blank=True)
    site_status = models.CharField(max_length=20, blank=True)
    batch_system_id = models.CharField(max_length=120, blank=True)
    exit_code = models.IntegerField(null=True, blank=True)
    site_message = models.TextField(blank=True)
    consumed_seconds = models.JSONField(default=dict, blank=True)
    running_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    core_hours = models.FloatField(null=True, blank=True)
    # What is stored of the log: its first `log_size` bytes, and after a gap those from `log_tail_from` up to
    # `log_tail_to`. Without a gap these two are None.
    log_size = models.PositiveBigIntegerField(default=0)
    log_tail_from = models.PositiveBigIntegerField(null=True, blank=True)
    log_tail_to = models.PositiveBigIntegerField(null=True, blank=True)
    # The log is larger than MANTIK_LOG_MAX_BYTES.
    log_truncated = models.BooleanField(default=False)
    log_complete = models.BooleanField(default=False)
    # When the site deletes the job with its files, by our clock; None until it has said so.
    job_expires_at = models.DateTimeField(null=True, blank=True)
    # The site is not asked to keep them longer before this time.
    job_lengthen_at = models.DateTimeField(null=True, blank=True)
    # How long the site may be asked to keep them at a time. None: as long as is needed; zero: it lengthens nothing.
    job_lifetime = models.DurationField(null=True, blank=True)

    # Cancelling begins as a request; the run is cancelled when the site says so.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    abort_sent_at = models.DateTimeField(null=True, blank=True)

    # Tracking.
    mlflow_experiment_id = models.CharField(max_length=64, blank=True)
    mlflow_run_id = models.CharField(max_length=64, blank=True)
    tracking_closed = models.BooleanField(default=False)
    # What was sent to MLflow as artifacts, through the gateway.
    tracked_bytes = models.PositiveBigIntegerField(default=0, db_default=0)
    # Whether it has logged a model, as workers found when it had ended; None while that is not known.
    has_model = models.BooleanField(null=True, blank=True)
    # Of a local run: when its program last logged something.
    last_logged_at = models.DateTimeField(null=True, blank=True)

    # Notes of members (`runs.notes`): Markdown, and their tags as `runs.notes.tags` writes them.
    notes = models.TextField(blank=True, default="", db_default="")
    tags = models.TextField(blank=True, default="", db_default="")

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="run_origin_known", condition=Q(origin__in=["site", "local"])),
            models.CheckConstraint(name="run_state_known", condition=Q(state__in=RunState.values)),
            models.CheckConstraint(
                name="run_started_has_job",
                condition=Q(submitted_at__isnull=True) | ~Q(job_url=""),
            ),
            models.UniqueConstraint(name="run_job_url_unique", fields=["job_url"], condition=~Q(job_url="")),
            models.CheckConstraint(
                name="run_log_tail_after_gap",
                condition=Q(log_tail_from__isnull=True, log_tail_to__isnull=True)
                | Q(log_tail_from__gt=F("log_size"), log_tail_to__gt=F("log_tail_from"), log_tail_to__isnull=False),
            ),
        ]
        indexes = [
            # Lists: newest first, alone or by one filter (`RunQuerySet.newest_first`). What else a list is filtered by
            # stands behind what orders it, so that rows which do not match are passed over in the index. These are also
            # the indexes of the foreign keys that they begin with.
            models.Index("project", "created_at", "id", name="run_list_all"),
            models.Index("experiment", "created_at", "id", "created_by", "state", name="run_list_in_experiment"),
            models.Index("created_by", "created_at", "id", "project", "experiment", name="run_list_by_member"),
            *(_by_state(name, states) for name, states in STATE_GROUPS.items()),
            # The table of an experiment, by name.
            models.Index("experiment", "name", "id", name="run_list_by_name"),
            # What ended in a period.
            models.Index(
                fields=["project", "ended_at"],
                include=["state", "core_hours"],
                name="run_ended_in",
                condition=Q(ended_at__isnull=False),
            ),
            # The search by the start of a commit; that by a part of a text has TEXT_INDEXES.
            models.Index(fields=["project", "commit_sha"], opclasses=["", "varchar_pattern_ops"], name="run_of_commit"),
            models.Index(
                "cancel_requested_by", name="run_cancelled_by", condition=Q(cancel_requested_by__isnull=False)
            ),
            models.Index("project", "created_at", "id", name="run_list_local", condition=Q(origin="local")),
            # The gateway finds a run by it.
            models.Index("mlflow_run_id", name="run_mlflow_run", condition=~Q(mlflow_run_id="")),
            # Sweeps read these and nothing else.
            models.Index("next_attempt_at", name="run_submission_due", condition=Q(state__in=BEFORE_START)),
            models.Index("next_poll_at", name="run_poll_due", condition=Q(next_poll_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def short_id(self) -> str:
        return self.uuid.hex[:8]

    @property
    def newest_of(self) -> str:
        """The branch whose newest commit is still to be read; "" once `commit_sha` is the run's own."""
        return self.branch if self.commit_pending else ""

    @property
    def files_unread(self) -> str:
        """Why the MLproject and config of its commit are not known, in a sentence; "" if they are.

        See `runs.submission.adoption.UNREAD`.
        """
        if self.mlproject_content or self.is_local:
            return ""
        return (
            "The database was restored from a backup made before this run's commit was read, and Mantik's copy of "
            f"{self.code_name} does not have that commit. So the MLproject and the config of its job are not known."
        )

    @property
    def was_cancelled_unsent(self) -> bool:
        """Whether it was cancelled before anything was sent, so that it can end without its site.

        `runs.querysets.CANCELLED_UNSENT` is the same for queries.
        """
        return self.cancel_requested_at is not None and self.posted_at is None and not self.job_url

    @property
    def is_local(self) -> bool:
        return self.origin == self.Origin.LOCAL

    @property
    def run_state(self) -> RunState:
        return RunState(self.state)

    @property
    def badge(self) -> Badge:
        return self.run_state.badge

    @property
    def is_terminal(self) -> bool:
        return self.run_state.is_terminal

    @property
    def is_active(self) -> bool:
        return not self.is_terminal

    @property
    def is_finished_up(self) -> bool:
        """Whether nothing of its job is needed any more: neither its log nor what its training logged."""
        return self.log_complete and self.tracking_closed

    @property
    def was_refused(self) -> bool:
        """Whether the site refused the job or could not prepare it, so that its batch system never had it."""
        return self.state == RunState.FAILED and not self.running_at and not self.batch_system_id

    def duration(self, now: datetime) -> timedelta:
        """From RUN! to the end, or to `now`."""
        # The clock that `now` is from may be a little behind the one of the machine that stored the run.
        return max(timedelta(), (self.ended_at or now) - self.created_at)


# For the search by a part of the name, the notes or the tags.
NAMES = TextIndex("run_names", Run, "name")
TEXT_INDEXES = (NAMES, TextIndex("run_notes", Run, "notes"), TextIndex("run_tags", Run, "tags"))


class RunEvent(models.Model):
    """One dated line in the history of a run. Written in the transaction of the change that it describes."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    message = models.TextField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index("run", "id", name="run_event_of_run")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class RunLogChunk(models.Model):
    """A stored range of the log of a job, under the offset where it begins at the site.

    Chunks follow each other (next offset = offset + length), with one gap at most, which the run's columns describe.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="log_chunks")
    offset = models.PositiveBigIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("run", "offset", name="run_log_chunk_unique")]

    def __str__(self) -> str:
        return f"{self.run_id}@{self.offset}"


class RunToken(StoredToken):
    """The token with which the job of a run logs to MLflow, as `runs.tracking.run_tokens` makes it."""

    # There is one for each run, so its prefix is longer than that of a token that a person makes.
    kind = TokenKind(f"{MARK}_run", b"mantik run token", prefix_bytes=8)

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tokens")
    # When the job said that it has logged everything (`runs.tracking.last_entries`).
    told_end_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RunTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return self.visible_prefix


register_keyed(RunToken, "key_id", still_matters=RunTokenQuerySet.valid)


class Installation(models.Model):
    """What is known of this installation as a whole: one row (`runs.restored.marks`)."""

    # Each job carries it in a tag, to distinguish it from jobs of other installations that use the same login.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Written every minute, first here and then at the broker. So if the broker has a later time, this database was
    # restored from a backup.
    marked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.uuid)


class Restore(models.Model):
    """A restore from a backup, after which `manage.py after_restore` was run."""

    # When the backup was made; and when the command was run. What happened in between is not known.
    backup_of = models.DateTimeField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"From a backup of {self.backup_of:%Y-%m-%d %H:%M}"


# Django looks for all of an app's models here.
__all__ = [
    "FailuresSeen",
    "Installation",
    "JobTracking",
    "Journal",
    "JournalPart",
    "LoggedName",
    "MetricBuckets",
    "MetricSummary",
    "ModelAlias",
    "ModelAliasChange",
    "ModelListing",
    "RegisteredModel",
    "Restore",
    "RetiredModel",
    "RetiredRun",
    "Run",
    "RunEvent",
    "RunLogChunk",
    "RunParam",
    "RunStar",
    "RunSummaries",
    "RunTag",
    "RunToken",
    "TableColumns",
    "TrackedItem",
]
