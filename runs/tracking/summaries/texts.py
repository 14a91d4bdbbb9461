"""Takes in the params and tags of runs, as MLflow keeps them: a param stays as it is, a tag is set again, and what is
too long is cut off.

Each of these is called in a transaction, with values by key and by owner: the MLflow id of a child run, or "" for the
run itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from django.db.models import Q

from runs.models import LoggedName, Run, RunParam, RunTag
from runs.notes.tags import parse
from runs.tracking.summaries.hold import hold
from runs.tracking.summaries.models import LONGEST_PARAM, LONGEST_TAG
from runs.tracking.summaries.names import ids_of_names
from runs.tracking.tags import without_ours

_KEY = ("run", "owner", "name")

Texts = Mapping[str, Mapping[str, str]]


def take_in_params(run: Run, params: Texts) -> None:
    rows = [
        RunParam(run=run, owner=owner, name_id=name, value=value[:LONGEST_PARAM], number=number_in(value))
        for owner, name, value in _named(run, LoggedName.Kind.PARAM, params)
    ]
    RunParam.objects.bulk_create(rows, ignore_conflicts=True)


def take_in_tags(run: Run, tags: Mapping[str, Mapping[str, str | None]]) -> None:
    """A tag that is None was deleted. Those by which Mantik finds a run again are left out."""
    theirs = {owner: without_ours(pairs) for owner, pairs in tags.items()}
    there = {
        owner: {key: value for key, value in pairs.items() if value is not None} for owner, pairs in theirs.items()
    }
    gone = {owner: [key for key, value in pairs.items() if value is None] for owner, pairs in theirs.items()}
    _put_tags(run, there)
    for owner, keys in gone.items():
        if keys:
            hold(run)
            of_name = Q(name__kind=LoggedName.Kind.TAG, name__key__in=keys)
            RunTag.objects.filter(of_name, run=run, owner=owner).delete()
    if theirs.get(""):
        _put_members_tags_back(run)


def replace_members_tags(run: Run, *, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """The tags of members are rows like those that are logged, so that filters and columns find both in one place."""
    take_in_tags(run, {"": {**dict.fromkeys(before.keys() - after.keys()), **after}})


def _put_members_tags_back(run: Run) -> None:
    """What members have written is not replaced by what is logged under the same name. The rows of `run` are held."""
    written = Run.objects.filter(pk=run.pk).values_list("tags", flat=True).first()
    if written:
        _put_tags(run, {"": parse(written)})


def _put_tags(run: Run, tags: Texts) -> None:
    rows = [
        RunTag(run=run, owner=owner, name_id=name, value=value[:LONGEST_TAG])
        for owner, name, value in _named(run, LoggedName.Kind.TAG, tags)
    ]
    RunTag.objects.bulk_create(rows, update_conflicts=True, unique_fields=_KEY, update_fields=["value"])


def _named(run: Run, kind: LoggedName.Kind, texts: Texts) -> Iterator[tuple[str, int, str]]:
    """Owner, primary key of the name, and value of each. Holds the rows of the run if there are any."""
    keys = {key for pairs in texts.values() for key in pairs}
    if not keys:
        return
    hold(run)
    names = ids_of_names(run, kind, keys)
    for owner, pairs in texts.items():
        for key, value in pairs.items():
            yield owner, names[key], value


def number_in(text: str) -> float | None:
    """The finite number that `text` is, as Python writes it; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
