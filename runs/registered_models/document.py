"""Reads a certificate for people: sections with names and values, and the files whose text it contains."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mantik.lib.humanize import core_hours, exact_time, filesize, measure, spoken_duration

# How many of the model's files a page lists.
FILES_SHOWN = 500
_TITLES = {
    "model": "Model",
    "run": "Run",
    "code": "Code",
    "site": "Site",
    "environment": "Environment, as the job printed it",
    "times": "Times",
    "project": "Project",
}
# The words for each field, in the order in which fields are shown. Other fields come after them.
_WORDS = {
    "name": "name",
    "repository": "repository",
    "program": "program",
    "experiment": "experiment",
    "registered_by": "registered by",
    "registered_at": "registered at",
    "started_by": "started by",
    "state": "state",
    "exit_code": "exit code",
    "entry_point": "entry point",
    "parameters": "parameters",
    "flavors": "flavors",
    "size": "size",
    "url": "URL",
    "branch": "branch",
    "commit": "commit",
    "tree": "tree",
    "archive_sha256": "archive, SHA-256",
    "compute_budget_account": "compute budget account",
    "queue": "queue",
    "nodes": "nodes",
    "cpus_per_node": "CPUs per node",
    "runtime_limit_seconds": "time limit",
    "batch_system_id": "id in the batch system",
    "job": "address of the job",
    "hostname": "host",
    "os": "operating system",
    "platform": "platform",
    "python_version": "Python",
    "python_executable": "path of Python",
    "cpu_cores": "CPU cores",
    "memory_gb": "memory, GB",
    "gpus": "GPUs",
    "stored": "stored",
    "submitting": "submission began",
    "submitted": "submitted",
    "running": "running",
    "ended": "ended",
    "address": "address",
    "registry_name": "name in MLflow",
    "logged_model_id": "logged model",
    "artifact_path": "folder of artifacts",
    "mlflow_experiment_id": "experiment in MLflow",
    "mlflow_run_id": "run in MLflow",
    "uuid": "UUID",
    "mlproject": "MLproject",
    "backend_config": "Compute Backend config",
}
_PLACES = list(_WORDS)
# The signature has a tab of its own.
_NOT_HERE = {"signature"}


@dataclass(frozen=True)
class Quote:
    """A file whose whole text is in the certificate."""

    title: str
    path: str
    text: str
    sha256: str


@dataclass
class Section:
    id: str
    title: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """A certificate. `files`: [{path, size, sha256}], at most FILES_SHOWN of `file_count`."""

    sections: list[Section]
    metrics: list[tuple[str, str]]
    files: list[dict[str, Any]]
    file_count: int
    core_hours: str


def read_document(text: str) -> Document | None:
    """The certificate that is stored as `text`; None if it is not written yet."""
    if not text:
        return None
    document = json.loads(text)
    used = document["core_hours"]
    return Document(
        sections=[_section(key, document[key]) for key in _TITLES if document.get(key)],
        metrics=[(name, measure(value)) for name, value in sorted(document["metrics"].items())],
        files=document["files"][:FILES_SHOWN],
        file_count=len(document["files"]),
        core_hours="" if used is None else core_hours(used),
    )


def _section(key: str, content: Mapping[str, Any]) -> Section:
    section = Section(key, _TITLES[key])
    for name in sorted(content, key=lambda name: _PLACES.index(name) if name in _PLACES else len(_PLACES)):
        value = content[name]
        if isinstance(value, Mapping) and "content" in value:
            section.quotes.append(Quote(_words(name), value["path"], value["content"], value["sha256"]))
        elif name not in _NOT_HERE and value not in (None, "", {}, []):
            section.pairs += _pairs(name, value)
    return section


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and set(value) == {"username", "name"}:
        yield _words(name), f"{value['name']} ({value['username']})"
    elif isinstance(value, Mapping):
        for inner, one in value.items():
            yield str(inner), str(one)
    else:
        yield _words(name), _SAID.get(name, _said)(value)


def _words(name: str) -> str:
    return _WORDS.get(name) or name.replace("_", " ")


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _moment(value: str) -> str:
    return exact_time(datetime.fromisoformat(value))


_SAID: Mapping[str, Callable[[Any], str]] = {
    "size": lambda value: f"{filesize(value)} ({value:,} bytes)",
    "runtime_limit_seconds": lambda value: spoken_duration(timedelta(seconds=value)),
    **dict.fromkeys(("registered_at", "stored", "submitting", "submitted", "running", "ended"), _moment),
}
