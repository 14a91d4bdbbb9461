"""What belongs to a run in MLflow, besides its own MLflow run."""

from __future__ import annotations

from django.db import models


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
