"""What belongs to a run in MLflow, besides its own MLflow run."""

from __future__ import annotations

from django.db import models

from mantik.lib.leases import Leased


class TrackedItem(models.Model):
    """A child run or a logged model, under the id that it has in MLflow.

    Written before MLflow is asked to make it, under an id of ours (`connections/mlflow/kept_ids.py`): what is logged to
    it is then known to be the run's, whoever dies in between.
    """

    class Kind(models.TextChoices):
        RUN = "run", "run"
        MODEL = "model", "logged model"

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="tracked_items")
    kind = models.CharField(max_length=8, choices=Kind)
    mlflow_id = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="tracked_item_kind_known", condition=models.Q(kind__in=["run", "model"]))
        ]

    def __str__(self) -> str:
        return self.mlflow_id


class RetiredRun(models.Model):
    """An MLflow run of a deleted run, until a worker has deleted it, too; only if whoever deleted the run wanted that.

    `uuid` and `name` are those of the run, for the record of it.
    """

    uuid = models.UUIDField()
    name = models.CharField(max_length=200)
    project = models.ForeignKey("projects.Project", on_delete=models.SET_NULL, null=True, related_name="+")
    mlflow_run_id = models.CharField(max_length=64)
    retired_at = models.DateTimeField()

    class Meta:
        # On record it is the run.
        verbose_name = "run"

    def __str__(self) -> str:
        return self.name


class JobTracking(Leased):
    """What the relays of a run's job keep at the site, on its way home: one row for each job that was sent a relay.

    The worker that holds the lease reads and applies the job's journals, one after the other.
    """

    run = models.OneToOneField("runs.Run", on_delete=models.CASCADE, related_name="job_tracking")
    # When a worker looks for more; None once all is home, or given up.
    due_at = models.DateTimeField(null=True, blank=True)
    # A large file comes next, which a worker fetches that has the time.
    has_large = models.BooleanField(default=False)
    # The path under which that was logged.
    large_file = models.TextField(blank=True, default="", db_default="")
    failures = models.PositiveIntegerField(default=0)
    # What it waits for, in a sentence; blank when it does not wait.
    waiting_for = models.TextField(blank=True)
    # How often something was left out of what was logged. Which, is on the rows of the journals: this tells pages that
    # are open that there is more of it.
    left_out = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = "tracking of a job"
        verbose_name_plural = "tracking of jobs"
        indexes = [models.Index("due_at", name="job_tracking_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"Tracking of run {self.run_id}"


class Journal(models.Model):
    """A journal of a run's job, and how much of it is applied: each entry once, in their order.

    The cursor (`offset`, `number`) is stored after each request to MLflow: what was under way when a worker died is
    sent again, and nothing before it.
    """

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="journals")
    # Of the file, in the relay's folder.
    name = models.CharField(max_length=100)
    # Bytes up to the end of the last line that was applied, and the number of its entry.
    offset = models.PositiveBigIntegerField(default=0)
    number = models.PositiveBigIntegerField(default=0)
    # Its relay has said that nothing more comes. A relay that was killed never does.
    has_end = models.BooleanField(default=False)
    # How many entries were not applied, by why, and how many calls the relay could not keep, by method and path.
    passed_over = models.JSONField(default=dict, blank=True)
    unknown = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("run", "name", name="journal_once_for_run")]

    def __str__(self) -> str:
        return self.name


class JournalPart(models.Model):
    """Lines of a journal, from byte `offset` up to `end`, that its relay has sent and that are not applied yet."""

    journal = models.ForeignKey(Journal, on_delete=models.CASCADE, related_name="parts")
    offset = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("journal", "offset", name="journal_part_once")]

    def __str__(self) -> str:
        return f"{self.journal_id}@{self.offset}"
