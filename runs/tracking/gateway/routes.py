"""The list of all calls. Whatever is not on it is refused, however MLflow itself would answer.

A test compares it with all routes of the pinned MLflow, and with the reason why each of the others is closed
(tests/runs/tracking/gateway/decisions.tsv).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from runs.tracking.gateway.asked import Call
from runs.tracking.gateway.calls import artifacts, experiments, journals, logged_models, metrics, registry, runs, server

_API = "api/2.0/mlflow/"
_FILES = "api/2.0/mlflow-artifacts/artifacts"
_NAMED = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True)
class Route:
    """`template` is MLflow's, without the slash before it: `{name}` is a part of it, `{name:path}` all that follows."""

    method: str
    template: str
    call: Call

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        written = re.split(r"(\{\w+(?::path)?\})", self.template)
        return re.compile("".join(_as_pattern(part) for part in written), re.DOTALL)


def _as_pattern(part: str) -> str:
    named = _NAMED.fullmatch(part)
    if not named:
        return re.escape(part)
    return f"(?P<{named[1]}>.+)" if named[2] else f"(?P<{named[1]}>[^/]+)"


ROUTES = (
    Route("GET", "api/mantik/journals/{name}", journals.where),
    Route("POST", "api/mantik/journals/{name}", journals.take),
    Route("GET", "version", server.version),
    Route("GET", "api/3.0/mlflow/server-info", server.info),
    Route("GET", f"{_API}experiments/get", experiments.get),
    Route("GET", f"{_API}experiments/get-by-name", experiments.get_by_name),
    Route("GET", f"{_API}experiments/search", experiments.search),
    Route("POST", f"{_API}experiments/search", experiments.search),
    Route("POST", f"{_API}experiments/create", experiments.create),
    Route("GET", f"{_API}runs/get", runs.get),
    Route("POST", f"{_API}runs/search", runs.search),
    Route("POST", f"{_API}runs/create", runs.create),
    Route("POST", f"{_API}runs/update", runs.update),
    Route("POST", f"{_API}runs/log-metric", runs.log_metric),
    Route("POST", f"{_API}runs/log-parameter", runs.log_parameter),
    Route("POST", f"{_API}runs/log-batch", runs.log_batch),
    Route("POST", f"{_API}runs/log-model", runs.log_model),
    Route("POST", f"{_API}runs/log-inputs", runs.log_inputs),
    Route("POST", f"{_API}runs/outputs", runs.outputs),
    Route("POST", f"{_API}runs/set-tag", runs.set_tag),
    Route("POST", f"{_API}runs/delete-tag", runs.delete_tag),
    Route("GET", f"{_API}metrics/get-history", metrics.history),
    Route("GET", f"{_API}metrics/get-history-bulk-interval", metrics.sampled_history),
    Route("GET", f"{_API}artifacts/list", artifacts.of_run),
    Route("GET", "get-artifact", artifacts.of_run_file),
    Route("GET", _FILES, artifacts.listing),
    Route("GET", f"{_FILES}/{{place:path}}", artifacts.download),
    Route("PUT", f"{_FILES}/{{place:path}}", artifacts.upload),
    Route("POST", "api/2.0/mlflow-artifacts/mpu/create/{place:path}", artifacts.in_parts),
    Route("POST", f"{_API}logged-models", logged_models.create),
    Route("POST", f"{_API}logged-models/search", logged_models.search),
    Route("GET", f"{_API}logged-models/{{model_id}}", logged_models.get),
    Route("PATCH", f"{_API}logged-models/{{model_id}}", logged_models.finish),
    Route("POST", f"{_API}logged-models/{{model_id}}/params", logged_models.log_params),
    Route("PATCH", f"{_API}logged-models/{{model_id}}/tags", logged_models.set_tags),
    Route("DELETE", f"{_API}logged-models/{{model_id}}/tags/{{tag_key}}", logged_models.delete_tag),
    Route("GET", f"{_API}logged-models/{{model_id}}/artifacts/directories", logged_models.folder),
    Route("GET", f"{_API}registered-models/get", registry.model),
    Route("GET", f"{_API}registered-models/alias", registry.by_alias),
    Route("GET", f"{_API}registered-models/search", registry.search),
    Route("GET", f"{_API}registered-models/get-latest-versions", registry.latest_versions),
    Route("POST", f"{_API}registered-models/get-latest-versions", registry.latest_versions),
    Route("POST", f"{_API}registered-models/create", registry.register),
    Route("GET", f"{_API}model-versions/get", registry.version),
    Route("GET", f"{_API}model-versions/get-download-uri", registry.download_uri),
    Route("GET", f"{_API}model-versions/search", registry.search_versions),
)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request, and the parts of `path` that its template names; None if it is not on the list."""
    for route in ROUTES:
        if route.method == method and (found := route.pattern.fullmatch(path)):
            return route, found.groupdict()
    return None
