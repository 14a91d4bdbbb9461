"""What MLflow knows about a run and its models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True)
class RunData:
    """A run in MLflow. `metrics` has the last value of each, None if not finite. `models` has ids of logged models."""

    status: str
    metrics: dict[str, float | None]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    models: tuple[str, ...] = ()


class LoggedPoint(NamedTuple):
    """A value of a metric as a training logged it. `timestamp`: milliseconds since 1970.

    `model`: the logged model that it was measured of. `dataset`, `digest`: on which data. Blank without one.
    `again`: the run has this point already, and only the logged model does not.
    """

    key: str
    value: float
    timestamp: int
    step: int
    model: str = ""
    dataset: str = ""
    digest: str = ""
    again: bool = False


class LoggedTexts(NamedTuple):
    """What a run has besides points. `metrics`: the names of the metrics that there are."""

    metrics: list[str]
    params: dict[str, str]
    tags: dict[str, str]


class LoggedDataset(NamedTuple):
    """`about` has MLflow's own names: name, digest, source_type, source, schema, profile."""

    about: Mapping[str, str]
    tags: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ArtifactEntry:
    """A file or folder. `path` is from the top of the run's artifacts; `size` is in bytes, None for folders."""

    path: str
    is_dir: bool
    size: int | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> ArtifactEntry:
        """The entry that MLflow's own form of it stands for."""
        is_dir = bool(entry.get("is_dir"))
        return cls(str(entry["path"]), is_dir, None if is_dir else int(entry.get("file_size", 0)))


class OpenArtifact(NamedTuple):
    """A file that is being read. `size` is in bytes, None if the server does not say. `pieces` can be read once."""

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
        """The source as MLflow's registry writes it."""
        return f"models:/{self.model_id}" if self.model_id else f"runs:/{self.run_id}/{self.path}"


@dataclass(frozen=True)
class LoggedModel:
    """A logged model. `is_ready`: logging it has ended well. `logged_at` is None if MLflow does not say."""

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
