"""Reads what is in a model: its files with their SHA-256, and what its MLmodel file says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from connections.mlflow.model_files import model_files
from connections.mlflow.values import ModelSource
from runs.registered_models.candidates import MLMODEL
from runs.results.artifacts import is_inside

# A model with more files cannot be registered.
MOST_FILES = 10_000
# How many bytes of the MLmodel file are read, and how many flavors in it.
_MLMODEL_BYTES = 1024**2
_MOST_FLAVORS = 20


class NoModel(Exception):
    """The files are not those of a model; the text is a sentence for the member."""


@dataclass(frozen=True)
class FileFact:
    """One file of a model. `path` is relative to the top of the model, `size` is in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Description:
    """What the MLmodel file says. A value that is missing, or not in a known form, is empty.

    `signature` has inputs, outputs and params, each a list as MLflow writes it.
    """

    flavors: list[str] = field(default_factory=list)
    signature: dict[str, Any] = field(default_factory=dict)
    input_example_path: str = ""


@dataclass(frozen=True)
class Contents:
    files: list[FileFact]
    description: Description

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def read_contents(source: ModelSource, *, on_piece: Callable[[], None]) -> Contents:
    """Read every file once, in pieces. Calls `on_piece` after each piece, because reading may take hours.

    Raises NoModel and TrackingError.
    """
    files: list[FileFact] = []
    mlmodel: bytearray | None = None
    for entry in model_files().files(source):
        if len(files) >= MOST_FILES:
            raise NoModel(f"The model has more than {MOST_FILES:,} files, which is too many to register.")
        if not is_safe(entry.path):
            raise NoModel(f"The model has a file whose name could lead out of its folder: {entry.path[:200]!a}.")
        kept = bytearray() if entry.path == MLMODEL else None
        files.append(_read(source, entry.path, kept, on_piece))
        mlmodel = kept if kept is not None else mlmodel
    if mlmodel is None:
        raise NoModel("MLflow no longer has the MLmodel file of this model. It may have been deleted there.")
    return Contents(sorted(files, key=lambda file: file.path), describe(bytes(mlmodel)))


def is_safe(path: str) -> bool:
    """Whether a file at `path` stays inside its folder when it is unpacked or downloaded, on any system."""
    return is_inside(path) and "\\" not in path and ":" not in path


def describe(mlmodel: bytes) -> Description:
    """Read an MLmodel file, which a job wrote and which may hold anything: only plain values come out of it."""
    try:
        document = yaml.safe_load(mlmodel)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return Description()
    if not isinstance(document, Mapping):
        return Description()
    flavors, example = document.get("flavors"), document.get("saved_input_example_info")
    path = example.get("artifact_path") if isinstance(example, Mapping) else ""
    return Description(
        sorted(str(name)[:60] for name in flavors)[:_MOST_FLAVORS] if isinstance(flavors, Mapping) else [],
        dict(_signature(document.get("signature"))),
        path if isinstance(path, str) and len(path) <= 400 else "",
    )


def _signature(found: object) -> Iterator[tuple[str, Any]]:
    """The parts of the signature: each is JSON in a string. What cannot stand in a certificate is left out."""
    for part in ("inputs", "outputs", "params"):
        text = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(text, str):
            try:
                # MLflow writes NaN and infinity, which JSON does not have: as the default of a parameter, say.
                columns = json.loads(text, parse_constant=str)
                # Raises for a number beyond all others (1e999), and for half of a character.
                json.dumps(columns, ensure_ascii=False, allow_nan=False).encode()
            except (ValueError, RecursionError):
                continue
            if isinstance(columns, list):
                yield part, columns


def _read(source: ModelSource, path: str, kept: bytearray | None, on_piece: Callable[[], None]) -> FileFact:
    digest, size = hashlib.sha256(), 0
    with model_files().open(source, path) as opened:
        for piece in opened.pieces:
            digest.update(piece)
            size += len(piece)
            if kept is not None and len(kept) < _MLMODEL_BYTES:
                kept += piece
            on_piece()
    return FileFact(path, size, digest.hexdigest())
