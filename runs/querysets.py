"""Runs, by who may see them and by what has to be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from connections.outages.breaker import silent_site_of
from connections.visits.places import Full
from mantik.lib.leases import is_free
from projects.models import Project
from runs.states import ACTIVE, AT_SITE, BEFORE_START, FAILURES, RunState

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from runs.models import Run

# Cancelled before anything was sent, so that it can end without its site.
CANCELLED_UNSENT = Q(cancel_requested_at__isnull=False, posted_at=None, job_url="")


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        """Runs of the projects that `user` may look at."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def for_rows(self) -> RunQuerySet:
        """With what a list row shows, and without the long texts."""
        return self.select_related("experiment", "created_by", "registered_model").defer(
            "mlproject_content",
            "backend_config_content",
            "job_script",
            "experiment__description",
            *(f"registered_model__{name}" for name in ("certificate", "description", "signature", "metrics")),
        )

    def search(self, text: str) -> RunQuerySet:
        """By name, commit and whole user name. A row whose newest commit is still to be read matches no commit."""
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
        """Due runs that have not started at the site and that no live worker has.

        Those of a silent site wait until it answers, except one that is cancelled before anything was sent.
        """
        due = self.filter(is_free(now), state__in=BEFORE_START, next_attempt_at__lte=now)
        return due.filter(CANCELLED_UNSENT | ~silent_site_of("connection"))

    def with_place_for_submission(self, full: Full) -> RunQuerySet:
        """Without those whose site or connection is talked to by as many worker processes as may be."""
        return self.filter(CANCELLED_UNSENT | ~_of(full))

    def due_for_following(self, now: datetime) -> RunQuerySet:
        """Due runs, but for those that need nothing else than an answer of a site that is silent."""
        needs_site = Q(state__in=AT_SITE) | Q(tracking_closed=True)
        return self.filter(next_poll_at__lte=now).filter(~needs_site | ~silent_site_of("connection"))

    def with_place_for_following(self, full: Full) -> RunQuerySet:
        """Without those whose site or connection is talked to by as many worker processes as may be."""
        return self.exclude(_of(full))


def _of(full: Full) -> Q:
    return Q(connection__in=full.connections) | Q(connection__site__in=full.sites)
