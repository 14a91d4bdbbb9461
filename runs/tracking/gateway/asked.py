"""A call that somebody makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from runs.tracking.gateway.callers import Caller
from runs.tracking.gateway.fields import Fields, fields_of


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

    @property
    def method(self) -> str:
        return self.request.method or ""


# Raises Refused, Unclear and TrackingError.
Call = Callable[[Asked], HttpResponseBase]
