"""Which failed runs somebody has put away."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from projects.models import Project


class FailuresSeen(models.Model):
    """Of the failed runs of `project`, `user` has put away all that had ended by `until`, and `runs` one by one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField(null=True, blank=True)
    # Primary keys of those that ended later.
    runs = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name_plural = "failures seen"
        constraints = [models.UniqueConstraint("user", "project", name="failures_seen_once")]

    def __str__(self) -> str:
        return f"Failures in {self.project_id} that {self.user_id} has seen"
