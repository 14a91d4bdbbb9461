"""A great many metrics of a great many runs, made by PostgreSQL itself. Only PostgreSQL can make them.

Of each metric one run in five has none, and of one in twenty the last value is NaN.
"""

from __future__ import annotations

from django.db import connection as database
from django.db import transaction

from projects.models import Experiment
from runs.models import LoggedName, Run

METRICS = tuple(f"m{number:02}" for number in range(20))
_PARAMS = ("lr", "depth")
# A value that is as good as random, from 0 to 1, of a run and a name.
_VALUE = "(hashint8(run.id * 31 + name.id) & 16777215) / 16777216.0"
_PLACE = "(hashint8(run.id * 17 + name.id) & 65535) %% 20"
_SUMMARIES = f"""
INSERT INTO runs_metricsummary (
    run_id, owner, name_id, first_step, first_time, first, last_step, last_time, last, least, least_step, most,
    most_step, count, nans, infinities, minus_infinities, level, buckets, version
)
SELECT
    run.id, '', name.id, 0, 0, 0.5, 9, 9, CASE WHEN {_PLACE} = 4 THEN NULL ELSE {_VALUE} END,
    {_VALUE} / 2, 3, ({_VALUE} + 1) / 2, 4, 10, 0, 0, 0, 0, 1, 1
FROM runs_run AS run, runs_loggedname AS name
WHERE run.experiment_id = %s AND name.id = ANY(%s) AND {_PLACE} >= 4
ORDER BY run.id
"""
_VALUES = f"""
INSERT INTO runs_runparam (run_id, owner, name_id, value, number)
SELECT run.id, '', name.id, ({_VALUE})::text, {_VALUE}
FROM runs_run AS run, runs_loggedname AS name
WHERE run.experiment_id = %s AND name.id = ANY(%s)
ORDER BY run.id
"""


def make_many_metrics(experiment: Experiment) -> None:
    """For all runs of the experiment's project, which become its runs. ANALYZE is left to the caller."""
    Run.objects.filter(project=experiment.project_id).update(experiment=experiment)
    metrics = _names(experiment, LoggedName.Kind.METRIC, METRICS)
    params = _names(experiment, LoggedName.Kind.PARAM, _PARAMS)
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_SUMMARIES, [experiment.pk, metrics])
        cursor.execute(_VALUES, [experiment.pk, params])


def _names(experiment: Experiment, kind: LoggedName.Kind, keys: tuple[str, ...]) -> list[int]:
    rows = LoggedName.objects.bulk_create(LoggedName(experiment=experiment, kind=kind, key=key) for key in keys)
    return [row.pk for row in rows]
