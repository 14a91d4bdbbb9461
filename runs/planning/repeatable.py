"""The columns that it takes to run something again: of each run, and of each schedule that repeats a run."""

from __future__ import annotations

from typing import Any

from django.db import models

from connections.models import Connection
from projects.models import CodeRepository, Experiment


class Repeatable(models.Model):
    """Columns that runs and schedules share, so that a schedule does not need the run it was made from."""

    experiment = models.ForeignKey(Experiment, on_delete=models.PROTECT, related_name="%(class)ss")
    # None once it is deleted. The columns below keep its values, even if it is edited or deleted later.
    code_repository = models.ForeignKey(
        CodeRepository, on_delete=models.SET_NULL, null=True, blank=True, related_name="%(class)ss"
    )
    code_name = models.CharField(max_length=80, blank=True)
    code_url = models.CharField(max_length=400, blank=True)
    code_platform = models.CharField(max_length=16, blank=True)
    branch = models.CharField(max_length=250)
    commit_sha = models.CharField(max_length=64)
    commit_subject = models.CharField(max_length=200, blank=True)
    commit_author = models.CharField(max_length=120, blank=True)
    committed_at = models.DateTimeField(null=True, blank=True)
    mlproject_path = models.CharField(max_length=400)
    mlproject_content = models.TextField()
    entry_point = models.CharField(max_length=120)
    parameters = models.JSONField(default=dict)
    backend_config_path = models.CharField(max_length=400)
    backend_config_content = models.TextField()
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="%(class)ss"
    )
    site_name = models.CharField(max_length=80)
    compute_budget_account = models.CharField(max_length=120)
    queue = models.CharField(max_length=120, blank=True)
    nodes = models.PositiveIntegerField(null=True, blank=True)
    cpus_per_node = models.PositiveIntegerField(null=True, blank=True)
    # All CPUs of the job together, for core-hours.
    cpus = models.PositiveIntegerField(null=True, blank=True)
    runtime_limit = models.DurationField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def code_has_moved(self) -> bool:
        """Whether the address of the code repository has changed since this was stored: it may hold other code."""
        return self.code_repository is not None and self.code_repository.url != self.code_url

    def core_hours_in(self, seconds: float) -> float | None:
        """The core-hours that the job's CPUs use in so many seconds; None if the number of CPUs is not known."""
        return None if self.cpus is None else self.cpus * seconds / 3600

    @property
    def core_hours_at_most(self) -> float | None:
        """The core-hours that the time limit allows; None if that or the number of CPUs is not known."""
        return None if self.runtime_limit is None else self.core_hours_in(self.runtime_limit.total_seconds())

    @property
    def recipe(self) -> dict[str, Any]:
        """The values of all these columns, by column name."""
        return {name: getattr(self, name) for name in RECIPE}


RECIPE: tuple[str, ...] = tuple(field.attname for field in Repeatable._meta.local_fields)
