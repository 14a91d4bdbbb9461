"""What a run's page shows of its notes and tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import CharField
from django.db.models.functions import Substr

from mantik.accounts.models import User
from runs.models import Run, RunTag
from runs.notes.services import may_edit
from runs.notes.tags import parse

MOST_LOGGED, _LONGEST = 50, 200


@dataclass(frozen=True)
class LoggedTags:
    """`pairs`: names and values, those of MLflow itself left out. `has_more`: there are others."""

    pairs: Sequence[tuple[str, str]]
    has_more: bool


def notes_panel(run: Run, *, user: User | AnonymousUser) -> dict[str, Any]:
    """Context of runs/_notes.html. One query, and that for the user's role."""
    tags = parse(run.tags)
    logged = _logged_tags(run, without=tags)
    return {
        "project": run.project,
        "run": run,
        "has_notes": bool(run.notes or tags or logged.pairs),
        "tags": tags,
        "logged_tags": logged,
        "may_edit": user.is_authenticated and may_edit(user, run),
    }


def _logged_tags(run: Run, *, without: Collection[str]) -> LoggedTags:
    begin = Substr("value", 1, _LONGEST + 1, output_field=CharField())
    rows = RunTag.objects.filter(run=run, owner="").exclude(name__key__startswith="mlflow.")
    logged = rows.exclude(name__key__in=list(without)).order_by("name__key").values_list("name__key", begin)
    found = [(name, _shortened(value)) for name, value in logged[: MOST_LOGGED + 1]]
    return LoggedTags(found[:MOST_LOGGED], len(found) > MOST_LOGGED)


def _shortened(text: str) -> str:
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text
