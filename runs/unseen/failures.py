"""What failed since somebody has looked, and putting it away. A reader's own view, so nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from mantik.accounts.models import User
from mantik.lib.badges import MOST_SHOWN, badge_text
from projects.models import Project
from runs.models import FailuresSeen, Run
from runs.querysets import RunQuerySet

# Older ones nobody is told of: whoever comes back after months does not begin with those.
DAYS = 14
MOST_LISTED = 6


@dataclass(frozen=True)
class Unseen:
    """`runs`: the latest. `count`: of all, as text. `until`: when the last of them ended. `days`: for how long."""

    runs: Sequence[Run] = ()
    count: str = "0"
    others: bool = False
    until: str = ""
    days: int = DAYS


def unseen_failures(project: Project, *, user: User | AnonymousUser, now: datetime) -> Unseen:
    """Two queries; one for who is not signed in, who can put nothing away."""
    seen = FailuresSeen.objects.filter(user=user.pk, project=project).first() if user.is_authenticated else None
    found = _failed(project, now=now).select_related("created_by").only(*_SHOWN).order_by("-ended_at", "-pk")
    if seen and seen.until:
        found = found.filter(ended_at__gt=seen.until)
    runs = list((found.exclude(pk__in=seen.runs) if seen else found)[: MOST_SHOWN + 1])
    if not runs:
        return Unseen()
    until = runs[0].ended_at.isoformat() if runs[0].ended_at else ""
    return Unseen(runs[:MOST_LISTED], badge_text(len(runs)), len(runs) > MOST_LISTED, until)


def put_away(run: Run, *, project: Project, user: User, now: datetime) -> None:
    """Nothing happens if it has not failed, or has been put away."""
    with transaction.atomic():
        seen = _held(project, user)
        kept = [*seen.runs, run.pk]
        # Of those that nobody is told of any more, nothing is kept.
        seen.runs = list(_failed(project, now=now).filter(pk__in=kept).order_by("pk").values_list("pk", flat=True))
        seen.save()


def put_all_away(project: Project, *, user: User, until: datetime, now: datetime) -> None:
    """Those that had ended by `until`, so that one which failed since the page was drawn is still shown."""
    with transaction.atomic():
        seen = _held(project, user)
        # Whatever was sent: within the days that are shown, and never later than now.
        earliest = now - timedelta(days=DAYS)
        seen.until = max(min(until, now), seen.until or earliest, earliest)
        later = _failed(project, now=now).filter(ended_at__gt=seen.until, pk__in=seen.runs)
        seen.runs = list(later.order_by("pk").values_list("pk", flat=True))
        seen.save()


_SHOWN = (
    "uuid",
    "name",
    "state",
    "outcome",
    "created_at",
    "ended_at",
    "created_by__username",
    "created_by__first_name",
    "created_by__last_name",
)


def _failed(project: Project, *, now: datetime) -> RunQuerySet:
    return Run.objects.filter(project=project).failed_since(now - timedelta(days=DAYS))


def _held(project: Project, user: User) -> FailuresSeen:
    """The row, which nobody else changes until the transaction ends."""
    FailuresSeen.objects.get_or_create(user=user, project=project)
    return FailuresSeen.objects.select_for_update().get(user=user, project=project)
