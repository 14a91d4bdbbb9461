"""Runs and logged models that MLflow is asked to make: each once, also if the client has to ask again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mantik.idempotency.unanswered import Begun, once_until_answered, was_answered, was_left
from mantik.lib.handed_on import Body, Given, HandedOn
from runs.models import Run, TrackedItem
from runs.tracking.gateway.answers import handed_on
from runs.tracking.gateway.asked import Asked


def begin(asked: Asked, run: Run | None, contents: Mapping[str, Any], make: Callable[[], str]) -> Begun:
    """The id in MLflow of what is to be made, from `make`, which writes down whose it is; or that of an earlier
    request. `run`: what it belongs to; None for a local run, which belongs to none. `contents`: what was sent."""
    sent = {"caller": asked.caller.reader, "run": run.pk if run else None, "fields": contents}
    return once_until_answered(sent, user=asked.caller.user, kind=asked.path, make=make, now=asked.now)


def track(run: Run, kind: TrackedItem.Kind, mlflow_id: str, asked: Asked) -> str:
    TrackedItem.objects.create(run=run, kind=kind, mlflow_id=mlflow_id, created_at=asked.now)
    return mlflow_id


def untrack(mlflow_id: str) -> None:
    TrackedItem.objects.filter(mlflow_id=mlflow_id).delete()


def made(asked: Asked, begun: Begun, body: Mapping[str, Any], *, undo: Callable[[], None]) -> HandedOn:
    """MLflow's answer. `undo` is called if it refuses and the client is there to be told: then our rows would
    be about nothing."""
    usual = handed_on(asked.caller, "POST", asked.path, body=body)

    async def ask(nothing: Body) -> Given:
        given = await usual.ask(nothing)
        return replace(given, then=partial(_settle, begun, given.status, undo))

    return HandedOn(ask, reader=usual.reader)


def _settle(begun: Begun, status: int, undo: Callable[[], None], client_is_there: bool) -> None:
    if status >= 500 or not client_is_there:
        was_left(begun)
        return
    if status != 200:
        undo()
    was_answered(begun)
