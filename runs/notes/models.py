"""The stars of runs."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class RunStar(models.Model):
    """`user` has marked `run` for themselves; nobody else sees it."""

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="stars", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint("run", "user", name="run_star_once")]

    def __str__(self) -> str:
        return f"Star of {self.user_id} for run {self.run_id}"
