"""Writes the certificate of a model: a JSON document that says where the model comes from. It is never changed.

Its form is canonical: UTF-8, sorted keys, no white space, numbers as Python writes them, a line feed at the end. Its
SHA-256 is computed over exactly these bytes, which are also what is stored and sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mantik.accounts.models import User
from runs.following.kept_log import read_log
from runs.job.node_facts import node_facts
from runs.models import Run
from runs.registered_models.contents import Contents
from runs.registered_models.models import RegisteredModel

FORMAT = "mantik.model-certificate/1"
UNCHECKED = "The run is a local run. Its program named itself and its commit; Mantik did not check them."


def certificate_of(model: RegisteredModel, contents: Contents, metrics: Mapping[str, float | None]) -> str:
    """The text of the certificate, from the present state of the run and the model."""
    run = model.run
    document = {
        "format": FORMAT,
        "model": _model(model, contents),
        "project": {"uuid": str(run.project.uuid), "name": run.project.name, "address": run.project.slug},
        "run": _run(run),
        "code": _code_of_program(run) if run.is_local else _code(run),
        "site": None if run.is_local else _site(run),
        "environment": environment_of(run),
        "times": _times(run),
        "core_hours": run.core_hours,
        "metrics": dict(metrics),
        "files": [asdict(file) for file in contents.files],
    }
    return canonical(document)


def environment_of(run: Run) -> dict[str, Any]:
    """What the job said about its node and Python; empty if the stored log does not have that (yet)."""
    return node_facts(read_log(run, offset=0).text) or {}


def canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _model(model: RegisteredModel, contents: Contents) -> dict[str, Any]:
    return {
        "uuid": str(model.uuid),
        "name": model.name,
        "registry_name": model.registry_name,
        "registered_by": _person(model.created_by),
        "registered_at": _time(model.created_at),
        "logged_model_id": model.logged_model_id or None,
        "artifact_path": model.artifact_path or None,
        "flavors": contents.description.flavors,
        "signature": contents.description.signature,
        "size": contents.size,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "uuid": str(run.uuid),
        "name": run.name,
        "experiment": run.experiment.name,
        "entry_point": run.entry_point or None,
        "parameters": run.parameters,
        "started_by": _person(run.created_by),
        "mlflow_experiment_id": run.mlflow_experiment_id,
        "mlflow_run_id": run.mlflow_run_id,
        "state": run.state,
        "exit_code": run.exit_code,
    }


def _code(run: Run) -> dict[str, Any]:
    return {
        "repository": run.code_name,
        "url": run.code_url,
        "branch": run.branch,
        "commit": run.commit_sha,
        "tree": run.tree_sha or None,
        "archive_sha256": run.code_sha256 or None,
        **_files(run),
    }


def _code_of_program(run: Run) -> dict[str, Any]:
    """What the program of a local run says of itself."""
    return {"program": run.code_name or None, "commit": run.commit_sha or None, "note": UNCHECKED}


def _files(run: Run) -> dict[str, Any]:
    if run.files_unread:
        return {"mlproject": run.mlproject_path, "backend_config": run.backend_config_path, "note": run.files_unread}
    return {
        "mlproject": _file(run.mlproject_path, run.mlproject_content),
        "backend_config": _file(run.backend_config_path, run.backend_config_content),
    }


def _site(run: Run) -> dict[str, Any]:
    return {
        "name": run.site_name,
        "job": run.job_url,
        "batch_system_id": run.batch_system_id or None,
        "compute_budget_account": run.compute_budget_account,
        "queue": run.queue or None,
        "nodes": run.nodes,
        "cpus_per_node": run.cpus_per_node,
        "runtime_limit_seconds": run.runtime_limit.total_seconds() if run.runtime_limit else None,
    }


def _times(run: Run) -> dict[str, str | None]:
    moments = {
        "stored": run.created_at,
        "submitting": run.submitting_at,
        "submitted": run.submitted_at,
        "running": run.running_at,
        "ended": run.ended_at,
    }
    return {name: _time(moment) if moment else None for name, moment in moments.items()}


def _file(path: str, content: str) -> dict[str, str]:
    return {"path": path, "sha256": sha256_of(content), "content": content}


def _person(user: User) -> dict[str, str]:
    return {"username": user.username, "name": user.display_name}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
