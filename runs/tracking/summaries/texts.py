"""Takes in the params and tags of runs, as MLflow keeps them: a param stays as it is, a tag is set again."""

from __future__ import annotations

import math
from collections.abc import Mapping

from runs.models import LoggedName, Run, RunParam, RunTag
from runs.tracking.summaries.hold import hold
from runs.tracking.summaries.names import ids_of_names
from runs.tracking.tags import OURS

Kind = LoggedName.Kind
_KEY = ("run", "owner", "name")


def take_in_params(run: Run, owner: str, params: Mapping[str, str]) -> None:
    """In a transaction. `owner`: the child run that they are of, "" for the run itself."""
    if not params:
        return
    hold(run)
    names = ids_of_names(run, Kind.PARAM, params.keys())
    rows = [
        RunParam(run=run, owner=owner, name_id=names[key], value=value, number=number_in(value))
        for key, value in params.items()
    ]
    RunParam.objects.bulk_create(rows, ignore_conflicts=True)


def take_in_tags(run: Run, owner: str, tags: Mapping[str, str]) -> None:
    """In a transaction. Tags by which Mantik finds a run again are left out."""
    found = {key: value for key, value in tags.items() if not key.startswith(OURS)}
    if not found:
        return
    hold(run)
    names = ids_of_names(run, Kind.TAG, found.keys())
    rows = [RunTag(run=run, owner=owner, name_id=names[key], value=value) for key, value in found.items()]
    RunTag.objects.bulk_create(rows, update_conflicts=True, unique_fields=_KEY, update_fields=["value"])


def untag(run: Run, owner: str, key: str) -> None:
    """In a transaction."""
    hold(run)
    RunTag.objects.filter(run=run, owner=owner, name__kind=Kind.TAG, name__key=key).delete()


def number_in(text: str) -> float | None:
    """The finite number that `text` is, as Python writes it; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
