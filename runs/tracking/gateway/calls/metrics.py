"""What a metric was, step by step."""

from __future__ import annotations

from django.http.response import HttpResponseBase

from runs.models import TrackedItem
from runs.tracking.gateway.answers import handed_on
from runs.tracking.gateway.asked import Asked
from runs.tracking.gateway.calls.runs import RUN_ID, run_id
from runs.tracking.gateway.fields import many, text, whole
from runs.tracking.gateway.refusals import not_there

Kind = TrackedItem.Kind


def history(asked: Asked) -> HttpResponseBase:
    found = asked.fields({**RUN_ID, "metric_key": text, "page_token": text, "max_results": whole})
    found["run_id"] = _known(asked, run_id(found))
    return handed_on(asked.caller, "GET", asked.path, query=found)


def sampled_history(asked: Asked) -> HttpResponseBase:
    """Of several runs, thinned out."""
    found = asked.fields(
        {"run_ids": many(text), "metric_key": text, "start_step": whole, "end_step": whole, "max_results": whole}
    )
    found["run_ids"] = [_known(asked, one) for one in found.get("run_ids", [])]
    return handed_on(asked.caller, "GET", asked.path, query=found)


def _known(asked: Asked, mlflow_run_id: str) -> str:
    if asked.caller.owner(Kind.RUN, mlflow_run_id) is None:
        raise not_there(f"run {mlflow_run_id}")
    return mlflow_run_id
