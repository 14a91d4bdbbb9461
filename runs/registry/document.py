"""A certificate for people: its sections, each with names and values, and the texts it quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mantik.lib.humanize import core_hours, exact_time, filesize, measure

MOST_FILES = 500
# Shown elsewhere on the page, or meant for programs.
_NOT_HERE = {"format", "files", "core_hours", "metrics"}
_TITLES = {
    "model": "Model",
    "project": "Project",
    "run": "Run",
    "code": "Code",
    "site": "Site",
    "environment": "Environment, as the job printed it",
    "times": "Times",
}
_WORDS = {
    "uuid": "UUID",
    "registry_name": "name in MLflow",
    "logged_model_id": "logged model",
    "mlflow_experiment_id": "experiment in MLflow",
    "mlflow_run_id": "run in MLflow",
    "archive_sha256": "archive, SHA-256",
    "url": "URL",
    "cpus_per_node": "CPUs per node",
    "cpu_cores": "CPU cores",
    "gpus": "GPUs",
    "os": "operating system",
    "memory_gb": "memory, GB",
    "batch_system_id": "job id",
    "runtime_limit_seconds": "time limit, s",
}


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
    """`files`: [{path, size, sha256}], at most MOST_FILES of `file_count`."""

    sections: list[Section]
    metrics: list[tuple[str, str]]
    files: list[dict[str, Any]]
    file_count: int
    core_hours: str


def read_document(text: str) -> Document | None:
    """None for a model whose certificate is not written yet."""
    if not text:
        return None
    document = json.loads(text)
    known = [key for key in _TITLES if document.get(key)]
    used = document["core_hours"]
    return Document(
        sections=[_section(key, document[key]) for key in known],
        metrics=[(name, measure(value)) for name, value in sorted(document["metrics"].items())],
        files=document["files"][:MOST_FILES],
        file_count=len(document["files"]),
        core_hours="" if used is None else core_hours(used),
    )


def _section(key: str, content: Mapping[str, Any]) -> Section:
    section = Section(key, _TITLES[key])
    for name, value in content.items():
        if isinstance(value, Mapping) and "content" in value:
            section.quotes.append(Quote(_words(name), value["path"], value["content"], value["sha256"]))
        else:
            section.pairs += _pairs(name, value)
    if key == "times":
        section.pairs.sort(key=lambda pair: list(_ORDER).index(pair[0]) if pair[0] in _ORDER else len(_ORDER))
    return section


_ORDER = ("stored", "submitting", "submitted", "running", "ended")


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None or value in ({}, []):
        return
    if name == "signature":
        yield "signature", json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping) and set(value) == {"username", "name"}:
        yield _words(name), f"{value['name']} ({value['username']})" if value["name"] else value["username"]
    elif isinstance(value, Mapping):
        for inner, one in value.items():
            yield f"{_words(name)}: {inner}", str(one)
    elif name == "size":
        yield _words(name), f"{filesize(value)} ({value:,} bytes)"
    else:
        yield _words(name), _said(value)


def _words(name: str) -> str:
    return _WORDS.get(name) or name.replace("_", " ")


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return exact_time(datetime.fromisoformat(value))
        except ValueError:
            return value
    return str(value)
