"""What somebody has chosen to see of an experiment."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.models import Experiment


class TableColumns(models.Model):
    """The columns of an experiment's table as `user` has chosen them: the names of fields, as filters write them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="+")
    columns = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "columns of tables"
        constraints = [models.UniqueConstraint("user", "experiment", name="table_columns_once")]

    def __str__(self) -> str:
        return f"Columns of {self.experiment_id} for {self.user_id}"
