"""Whose runs a table has: those of an experiment, or all of a project."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from projects.models import Experiment, Project
from runs.models import LoggedName, Run
from runs.querysets import RunQuerySet


@dataclass(frozen=True)
class Scope:
    """All runs of `project`, unless there is an `experiment`, which is one of its own."""

    project: Project
    experiment: Experiment | None = None

    @classmethod
    def of(cls, experiment: Experiment) -> Scope:
        return cls(experiment.project, experiment)

    @property
    def noun(self) -> str:
        return "experiment" if self.experiment else "project"

    @property
    def name(self) -> str:
        return self.experiment.name if self.experiment else self.project.name

    @property
    def pinned_metric(self) -> str:
        """Only an experiment has one."""
        return self.experiment.pinned_metric if self.experiment else ""

    def runs(self) -> RunQuerySet:
        if self.experiment:
            return Run.objects.filter(experiment=self.experiment)
        return Run.objects.filter(project=self.project)

    def names(self) -> QuerySet[LoggedName]:
        """What the runs have logged: of a project, a name once for each experiment that has it."""
        if self.experiment:
            return LoggedName.objects.filter(experiment=self.experiment)
        return LoggedName.objects.filter(experiment__project=self.project)

    def url(self, part: str = "") -> str:
        """The address of the table, or of one of its parts: "names", "columns", "csv" or "json"."""
        ending = f"-{part}" if part else ""
        if self.experiment:
            return reverse(f"projects:experiment{ending}", args=[self.project.slug, self.experiment.uuid])
        return reverse(f"runs:table{ending}", args=[self.project.slug])
