"""The names under which runs of an experiment log, each stored once."""

from __future__ import annotations

from collections.abc import Collection

from runs.models import LoggedName, Run


def ids_of_names(run: Run, kind: LoggedName.Kind, keys: Collection[str]) -> dict[str, int]:
    """The primary key of each name; names that are new are stored."""
    known = _known(run, kind, keys)
    # In one order, so that two who store the same names wait for each other, and not both of them.
    if new := sorted(set(keys) - known.keys()):
        rows = [LoggedName(experiment_id=run.experiment_id, kind=kind, key=key) for key in new]
        LoggedName.objects.bulk_create(rows, ignore_conflicts=True)
        known |= _known(run, kind, new)
    return known


def _known(run: Run, kind: LoggedName.Kind, keys: Collection[str]) -> dict[str, int]:
    rows = LoggedName.objects.filter(experiment=run.experiment_id, kind=kind, key__in=keys)
    return dict(rows.values_list("key", "pk"))
