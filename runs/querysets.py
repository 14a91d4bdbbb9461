"""Runs, by who may see them and by what has to be done."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import StrIndex, Upper
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from connections.outages.breaker import connection_is_silent
from connections.visits.places import Full
from mantik.lib.leases import is_free
from projects.models import Project
from runs.states import ACTIVE, AT_SITE, BEFORE_START, FAILURES, RunState

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from runs.models import Run, RunToken

# Cancelled before anything was sent, so that it can end without its site.
CANCELLED_UNSENT = Q(cancel_requested_at__isnull=False, posted_at=None, job_url="")
# The field by which lists are in order.
NEWEST_BY = "created_at"
_COMMIT = re.compile("[0-9A-Fa-f]+")
# What an index of trigrams can look up: three letters or digits, or fewer at the edge of a word. Other texts match too
# many of its entries.
_HAS_TRIGRAM = re.compile(r"[^\W_]{3}|[^\W_]{2}[\W_]|[\W_][^\W_]")
_BEGINS_LIKE_A_WORD = re.compile(r"[^\W_]")
# What words of a name are separated by.
_SEPARATORS = " -_./:,+=#(["
# What the gateway decides by (`for_programs`): a third of the columns, which take Django less time to ask for and read.
_FOR_PROGRAMS = (
    *("uuid", "created_by", "origin", "name", "state", "ended_at", "last_logged_at"),
    *("mlflow_experiment_id", "mlflow_run_id", "tracked_bytes"),
)
_PLACE_FOR_PROGRAMS = (
    *("project__uuid", "project__slug", "project__name", "project__is_public", "project__tracked_bytes"),
    *("experiment__project", "experiment__uuid", "experiment__name", "experiment__mlflow_experiment_id"),
)
_OF_TOKEN = ("prefix", "digest", "key_id", "created_at", "last_used_at", "revoked_at")
# How long after the end of a run its job may still log. Mantik may know of the end before the last entries have come.
TOKEN_GRACE = timedelta(minutes=10)


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: User | AnonymousUser) -> RunQuerySet:
        """Runs of the projects that `user` may look at."""
        return self.filter(project__in=Project.objects.visible_to(user))

    def for_rows(self) -> RunQuerySet:
        """The rows with what a list shows of them, and without the long texts."""
        return self.select_related("experiment", "created_by", "registered_model").defer(
            "mlproject_content",
            "backend_config_content",
            "job_script",
            "notes",
            "tags",
            "experiment__description",
            *(f"registered_model__{name}" for name in ("certificate", "description", "signature", "metrics")),
        )

    def for_programs(self) -> RunQuerySet:
        """With what the gateway decides by, for many requests a second. Any other column is read if it is asked for."""
        return self.select_related("project", "experiment").only(*_FOR_PROGRAMS, *_PLACE_FOR_PROGRAMS)

    def newest_first(self) -> RunQuerySet:
        """In the order of lists. By primary key alone, PostgreSQL might use that index and pass over all other runs."""
        return self.order_by(f"-{NEWEST_BY}", "-pk")

    def search(self, text: str, *, in_notes: bool = False) -> RunQuerySet:
        """Runs by a part of the name, the start of the commit, or the whole user name; one query looks for that user.

        `in_notes`: also by a part of the notes or tags, of three letters or more. One or two letters are looked for at
        the beginning of each word of the name.

        A run that is still to read its newest commit matches no commit. Each alternative has an index. What cannot
        match is no alternative: the planner would think that it does, and read the list from its beginning.
        """
        found = _named(text)
        if _COMMIT.fullmatch(text):
            found |= Q(commit_sha__startswith=text.lower(), commit_pending=False)
        if in_notes and _HAS_TRIGRAM.search(text):
            found |= Q(notes__icontains=text) | Q(tags__icontains=text)
        member = get_user_model().objects.called(text)
        return self.filter(found if member is None else found | Q(created_by=member.pk))

    def without_refused(self) -> RunQuerySet:
        """Without runs that failed before their job began: the site may have refused what they asked for."""
        return self.exclude(state=RunState.FAILED, running_at=None, exit_code=None)

    def without_local(self) -> RunQuerySet:
        """Without local runs: those that Mantik submits, and can submit again."""
        return self.filter(origin=self.model.Origin.SITE)

    def active(self) -> RunQuerySet:
        return self.filter(state__in=ACTIVE)

    def failed_since(self, since: datetime) -> RunQuerySet:
        return self.filter(state__in=FAILURES, ended_at__gte=since)

    def due_for_submission(self, now: datetime) -> RunQuerySet:
        """Due runs that have not started at the site and that no live worker has.

        Runs of a silent site are not due, except those that were cancelled before anything was sent.
        """
        due = self.filter(is_free(now), state__in=BEFORE_START, next_attempt_at__lte=now)
        return due.filter(CANCELLED_UNSENT | ~connection_is_silent("connection"))

    def with_place_for_submission(self, full: Full) -> RunQuerySet:
        """Without runs whose site or connection already has as many worker processes as it may have."""
        return self.filter(CANCELLED_UNSENT | ~_of(full))

    def due_for_following(self, now: datetime) -> RunQuerySet:
        """Due runs, without those that need only the answer of a site that is silent."""
        needs_site = Q(state__in=AT_SITE) | Q(tracking_closed=True)
        return self.filter(next_poll_at__lte=now).filter(~needs_site | ~connection_is_silent("connection"))

    def with_place_for_following(self, full: Full) -> RunQuerySet:
        """Without runs whose site or connection already has as many worker processes as it may have."""
        return self.exclude(_of(full))


def _named(text: str) -> Q:
    if _HAS_TRIGRAM.search(text):
        return Q(name__icontains=text)
    if _BEGINS_LIKE_A_WORD.match(text):
        # Only at the beginning of a word, where the index has it: one or two letters are somewhere in most names.
        return reduce(or_, (Q(name__icontains=f"{one}{text}") for one in _SEPARATORS), Q(name__istartswith=text))
    # As `icontains`, in other words, so that the index is not read to its end and then all rows.
    return Q(GreaterThan(StrIndex(Upper("name"), Upper(Value(text))), 0))


class RunTokenQuerySet(models.QuerySet["RunToken"]):
    def valid(self, now: datetime | None = None) -> RunTokenQuerySet:
        """Tokens with which something may be logged. They need no date: every run ends, and its token with it."""
        just_ended = Q(run__ended_at__gt=(now or timezone.now()) - TOKEN_GRACE)
        return self.filter(Q(run__state__in=ACTIVE) | just_ended, revoked_at=None)

    def with_run(self) -> RunTokenQuerySet:
        """The tokens with their runs, as `RunQuerySet.for_programs` has them."""
        of_run = (f"run__{name}" for name in (*_FOR_PROGRAMS, *_PLACE_FOR_PROGRAMS))
        return self.select_related("run__project", "run__experiment").only(*_OF_TOKEN, *of_run)


def _of(full: Full) -> Q:
    return Q(connection__in=full.connections) | Q(connection__site__in=full.sites)
