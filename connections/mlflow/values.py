"""What MLflow knows about a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class RunData:
    """`metrics` holds the last value of each; None where it is not a finite number."""

    status: str
    metrics: dict[str, float | None]
    params: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ArtifactEntry:
    """`path` from the top of the run's artifacts; `size` in bytes, None for folders."""

    path: str
    is_dir: bool
    size: int | None


class OpenArtifact(NamedTuple):
    """`size` in bytes if the server says so; `pieces` can be read once, until the artifact is closed."""

    size: int | None
    pieces: Iterator[bytes]
