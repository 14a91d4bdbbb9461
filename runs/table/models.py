"""What somebody has chosen to see of runs in a table."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from projects.models import Experiment, Project


class TableColumns(models.Model):
    """The columns of a table as `user` has chosen them: the names of fields, as filters write them.

    The table is that of an experiment, or that of all runs of a project.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    columns = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "columns of tables"
        constraints = [
            models.UniqueConstraint("user", "experiment", name="table_columns_once"),
            models.UniqueConstraint("user", "project", name="table_columns_once_a_project"),
            models.CheckConstraint(
                name="table_columns_of_one_table",
                condition=Q(experiment__isnull=True, project__isnull=False)
                | Q(experiment__isnull=False, project__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Columns of {self.experiment_id or self.project_id} for {self.user_id}"
