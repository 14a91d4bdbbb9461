"""Files that travel with the job description: imports into the job's directory and exports out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_DEFAULT_MODE = 0o600


class StagingFailed(Exception):
    """A file could not be staged; the message is for the job's status."""


class OutsideOfDirectory(Exception):
    """The path leads out of the job's directory."""


@dataclass(frozen=True)
class Transfer:
    """One entry of `Imports` or `Exports`."""

    source: str
    target: str
    data: str | None = None
    permissions: str | None = None
    must_succeed: bool = True

    def __str__(self) -> str:
        return f"[{'inline://' if self.data is not None else self.source} -> {self.target}]"


def inside(directory: Path, path: str) -> Path:
    """The path below the directory. Raises `OutsideOfDirectory`, also for a way out through a link."""
    found = directory / path.lstrip("/")
    if not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(directory)):
        raise OutsideOfDirectory(path)
    return Path(os.path.normpath(found))


def transfers(description: Mapping[str, Any], key: str) -> Iterator[Transfer]:
    """The entries of `Imports` or `Exports`, which may be a list or an object by file name."""
    entries = description.get(key) or []
    if isinstance(entries, Mapping):
        entries = [{"From": source, "To": target} for target, source in entries.items()]
    for entry in entries:
        data = entry.get("Data")
        yield Transfer(
            source=str(entry.get("From") or entry.get("source") or ""),
            target=str(entry.get("To") or entry.get("file") or ""),
            data="\n".join(map(str, data)) + "\n" if isinstance(data, list) else data,
            permissions=entry.get("Permissions"),
            must_succeed=str(entry.get("FailOnError", "true")).lower() != "false",
        )


def import_file(directory: Path, transfer: Transfer) -> None:
    """Put one file into the job's directory. Raises `StagingFailed`."""
    try:
        target = inside(directory, transfer.target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if transfer.data is not None:
            _write(target, transfer.data.encode())
        else:
            shutil.copyfile(_local_path(transfer.source), target)
        if transfer.permissions:
            target.chmod(_mode(transfer.permissions))
    except OutsideOfDirectory:
        raise StagingFailed(_failure(transfer, "Invalid path: too many '..'")) from None
    except OSError as error:
        raise StagingFailed(_failure(transfer, str(error))) from None


def export_file(directory: Path, transfer: Transfer) -> None:
    """Copy one file of the job to a local path. Raises `StagingFailed`."""
    try:
        shutil.copyfile(inside(directory, transfer.source), _local_path(transfer.target))
    except (OutsideOfDirectory, OSError) as error:
        raise StagingFailed(_failure(transfer, str(error))) from None


def without_data(description: dict[str, Any]) -> dict[str, Any]:
    """The description as a client may read it again: inline data is not kept."""
    entries = description.get("Imports")
    if not isinstance(entries, list):
        return description
    kept = [{**entry, "Data": "n/a"} if isinstance(entry, dict) and "Data" in entry else entry for entry in entries]
    return {**description, "Imports": kept}


def _write(target: Path, content: bytes) -> None:
    # Private from the first byte on: an import may be a secret.
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _DEFAULT_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _local_path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise OSError(f"the sandbox site stages inline data and file:// only, not {parts.scheme or 'this'}")
    return Path(parts.path)


def _mode(permissions: str) -> int:
    """The owner's bits of "rw-------"; others never get any."""
    wanted = zip(permissions[:3], (0o400, 0o200, 0o100), strict=False)
    return sum(bit for letter, bit in wanted if letter != "-")


def _failure(transfer: Transfer, reason: str) -> str:
    return f"Filetransfer FAILED: {transfer} error message: {reason}"
