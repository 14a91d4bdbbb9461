"""What MLflow knows about a run and its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True)
class RunData:
    """`metrics` holds the last value of each; None where it is not a finite number. `models`: ids of logged models."""

    status: str
    metrics: dict[str, float | None]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArtifactEntry:
    """`path` from the top of the run's artifacts; `size` in bytes, None for folders."""

    path: str
    is_dir: bool
    size: int | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> ArtifactEntry:
        """From MLflow's own form of it."""
        is_dir = bool(entry.get("is_dir"))
        return cls(str(entry["path"]), is_dir, None if is_dir else int(entry.get("file_size", 0)))


class OpenArtifact(NamedTuple):
    """`size` in bytes if the server says so; `pieces` can be read once, until the artifact is closed."""

    size: int | None
    pieces: Iterator[bytes]


@dataclass(frozen=True)
class ModelSource:
    """Where a model's files are: a logged model of MLflow 3 (`model_id`), or the folder `path` of a run's artifacts."""

    run_id: str
    model_id: str = ""
    path: str = ""

    @property
    def uri(self) -> str:
        """As MLflow's registry has it."""
        return f"models:/{self.model_id}" if self.model_id else f"runs:/{self.run_id}/{self.path}"


@dataclass(frozen=True)
class LoggedModel:
    """`is_ready`: it was logged to its end. `logged_at`: None where MLflow does not say."""

    model_id: str
    name: str
    is_ready: bool
    logged_at: datetime | None = None


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of a registered model; `source` as ModelSource.uri."""

    version: str
    source: str


@dataclass(frozen=True)
class RegistryEntry:
    """A registered model as MLflow's registry has it. `aliases`: alias -> version."""

    name: str
    tags: Mapping[str, str]
    aliases: Mapping[str, str]
