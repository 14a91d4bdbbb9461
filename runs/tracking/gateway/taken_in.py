"""What a call logs, taken in for pages once MLflow has accepted it: together with others', so that no call waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connections.mlflow.values import LoggedPoint
from mantik.lib.handed_on import Body, Given, HandedOn
from runs.models import Run
from runs.tracking.summaries.direct import Accepted, expect, gathered, store
from runs.tracking.summaries.logged import Logged

# Fields of calls, as MLflow's API names them.
Found = Mapping[str, Any]


def taken_in(answer: HandedOn, run: Run, logged: Logged) -> HandedOn:
    """`answer`; if it is a good one, `logged` is taken in. Asks the database now, so not in the event loop."""
    if not logged:
        return answer
    expect(run)
    accepted = Accepted(run, logged)

    async def ask(body: Body) -> Given:
        given = await answer.ask(body)
        if given.status != 200 or gathered.offer(accepted):
            return given

        def then(client_is_there: bool) -> None:
            if given.then is not None:
                given.then(client_is_there)
            store([accepted])

        return replace(given, then=then)

    return HandedOn(ask, reader=answer.reader)


def one_metric(mlflow_id: str, found: Found) -> Logged:
    return batch(mlflow_id, {"metrics": [found]})


def one_param(mlflow_id: str, found: Found) -> Logged:
    return batch(mlflow_id, {"params": [found]})


def one_tag(mlflow_id: str, found: Found) -> Logged:
    return batch(mlflow_id, {"tags": [found]})


def no_tag(mlflow_id: str, found: Found) -> Logged:
    logged = Logged()
    logged.add_tags(mlflow_id, {found.get("key", ""): None})
    return logged


def tags_of(mlflow_id: str, tags: Mapping[str, str]) -> Logged:
    """Of a run that is made."""
    logged = Logged()
    logged.add_tags(mlflow_id, tags)
    return logged


def batch(mlflow_id: str, found: Found) -> Logged:
    logged = Logged()
    logged.add_points(mlflow_id, map(_point, found.get("metrics", ())))
    logged.add_params(mlflow_id, _pairs(found.get("params", ())))
    logged.add_tags(mlflow_id, _pairs(found.get("tags", ())))
    return logged


def _point(found: Found) -> LoggedPoint:
    """As MLflow reads it: without a step, it is 0. A value that JSON has no digits for is a word."""
    return LoggedPoint(
        found.get("key", ""), float(found.get("value", 0)), found.get("timestamp", 0), found.get("step", 0)
    )


def _pairs(found: Sequence[Found]) -> dict[str, str]:
    return {pair.get("key", ""): pair.get("value", "") for pair in found}
