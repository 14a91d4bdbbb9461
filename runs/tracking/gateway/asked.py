"""A call that somebody makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from runs.models import Run, TrackedItem
from runs.tracking.gateway.callers import Caller
from runs.tracking.gateway.fields import Fields, fields_of
from runs.tracking.local_runs import note_logging


@dataclass(frozen=True)
class Asked:
    """`path`: its address in MLflow's API, without the slash before it. `parts`: what the template of that names."""

    request: HttpRequest
    caller: Caller
    path: str
    now: datetime
    parts: Mapping[str, str] = field(default_factory=dict)

    def fields(self, fields: Fields) -> dict[str, Any]:
        """Raises Unclear."""
        return fields_of(self.request, fields)

    def run_to_log_to(self, kind: TrackedItem.Kind, mlflow_id: str) -> Run:
        """The run that the MLflow run or logged model belongs to, to which something is about to be logged.

        Raises Refused if the caller may not.
        """
        run = self.caller.owner_to_write(kind, mlflow_id)
        note_logging(run, now=self.now)
        return run

    @property
    def method(self) -> str:
        return self.request.method or ""


# Raises Refused, Unclear and TrackingError.
Call = Callable[[Asked], HttpResponseBase]
