"""Stars: each member marks runs for themselves. It is the reader's own view, so nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from mantik.accounts.models import User
from runs.models import Run, RunStar


def set_star(*, run: Run, user: User, is_starred: bool) -> None:
    """Repeating it changes nothing; nor does a star for a run that has just been deleted."""
    if is_starred:
        with suppress(IntegrityError), transaction.atomic():
            RunStar.objects.bulk_create([RunStar(run=run, user=user)], ignore_conflicts=True)
    else:
        RunStar.objects.filter(run=run, user=user).delete()


def starred(runs: Iterable[Run], user: User | AnonymousUser) -> frozenset[int]:
    """The primary keys of those that `user` has starred. One query, or none."""
    keys = [run.pk for run in runs]
    if not user.is_authenticated or not keys:
        return frozenset()
    return frozenset(RunStar.objects.filter(user=user.pk, run__in=keys).values_list("run", flat=True))
