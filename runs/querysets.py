"""Runs by who may see them, and by what has to be done about them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from mantik.lib.leases import is_free
from projects.models import Project
from runs.states import ACTIVE, BEFORE_START, FAILURES, RunState

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from runs.models import Run


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        """Runs of the projects that `user` may look at."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def for_rows(self) -> RunQuerySet:
        """With what a list row shows, without the texts that it does not."""
        return self.select_related("experiment", "created_by", "registered_model").defer(
            *("mlproject_content", "backend_config_content", "job_script", "experiment__description"),
            *(f"registered_model__{name}" for name in ("certificate", "description", "signature", "metrics")),
        )

    def search(self, text: str) -> RunQuerySet:
        """By name, commit and member. A commit that is not known yet is not the one that the row still has."""
        commit = Q(commit_sha__startswith=text.lower(), commit_pending=False)
        return self.filter(Q(name__icontains=text) | commit | Q(created_by__username=text))

    def without_refused(self) -> RunQuerySet:
        """Without those that ended before their job began: for what was asked, or for something else."""
        return self.exclude(state=RunState.FAILED, running_at=None, exit_code=None)

    def active(self) -> RunQuerySet:
        return self.filter(state__in=ACTIVE)

    def failed_since(self, since: datetime) -> RunQuerySet:
        return self.filter(state__in=FAILURES, ended_at__gte=since)

    def due_for_submission(self, now: datetime) -> RunQuerySet:
        """Not yet started at the site, due, and in no live worker's hands."""
        return self.filter(is_free(now), state__in=BEFORE_START, next_attempt_at__lte=now)

    def due_for_following(self, now: datetime) -> RunQuerySet:
        return self.filter(next_poll_at__lte=now)
