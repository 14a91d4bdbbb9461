"""Lists and downloads the artifacts of a run, which are in MLflow."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from connections.mlflow.errors import TrackingError, TrackingUnavailable
from connections.mlflow.files import files
from connections.mlflow.tracking import tracking_client
from mantik.lib.loop import in_loop
from runs.models import Run

# How many entries of a folder are shown.
MOST_SHOWN = 500


class ArtifactDownload:
    """One artifact, as mantik/lib/downloads.py has it sent. `size` is in bytes, None if MLflow does not say."""

    def __init__(self, run: Run, path: str) -> None:
        """Raises TrackingError before the first byte."""
        self._file = files().open_now(tracking_client().artifact(run.mlflow_run_id, path))
        self.size = self._file.size

    def pieces(self) -> AsyncGenerator[bytes]:
        return self._file.pieces()

    def close(self) -> None:
        in_loop(self._file.aclose())


def is_inside(path: str) -> bool:
    """Whether `path` names something below the run's artifacts, and nothing else."""
    return bool(path) and path.isprintable() and not {"", ".", ".."} & set(path.split("/"))


def artifact_list(run: Run, *, path: str, may_download: bool) -> dict[str, Any]:
    """One folder as {"entries", "more", "path", "parents", "problem", "asks_again"}.

    `more`: how many entries are left out. `problem`: why MLflow did not list the folder, or None. `asks_again`: the
    problem may be over soon.
    """
    found: dict[str, Any] = {"entries": [], "more": 0, "path": path, "parents": _parents(run, path)}
    found |= {"problem": None, "asks_again": False}
    if not run.mlflow_run_id:
        return found
    try:
        entries = tracking_client().artifacts(run.mlflow_run_id, path)
    except TrackingError as error:
        return found | {"problem": error.message, "asks_again": isinstance(error, TrackingUnavailable)}
    found["more"] = max(0, len(entries) - MOST_SHOWN)
    found["entries"] = [
        {
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "is_dir": entry.is_dir,
            "size": entry.size,
            "url": _folder_url(run, entry.path) if entry.is_dir else _file_url(run, entry.path, may_download),
        }
        for entry in sorted(entries, key=lambda entry: (not entry.is_dir, entry.path))[:MOST_SHOWN]
    ]
    return found


def _parents(run: Run, path: str) -> list[dict[str, str]]:
    parts = path.split("/") if path else []
    above = [{"label": "Artifacts", "url": _folder_url(run, "")}] if parts else []
    return above + [
        {"label": part, "url": _folder_url(run, "/".join(parts[: place + 1]))} for place, part in enumerate(parts[:-1])
    ]


def _folder_url(run: Run, path: str) -> str:
    query = {"tab": "artifacts"} | ({"path": path} if path else {})
    return f"{_page('detail', run)}?{urlencode(query)}"


def _file_url(run: Run, path: str, may_download: bool) -> str | None:
    return f"{_page('artifact', run)}?{urlencode({'path': path})}" if may_download else None


def _page(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", kwargs={"slug": run.project.slug, "uuid": run.uuid})
