"""What our MLflow server may touch: the files below its own root, and nothing else.

MLflow lets whoever makes an experiment say where its artifacts are, and then reads, writes and deletes there as the
user that it runs as: in any folder of the machine, any bucket or host that it reaches. Mantik prevents that twice: no
such experiment can be made, and the place that an older experiment names is not used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.server import handlers
from mlflow.store.artifact import artifact_repository_registry as registry
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from connections.mlflow import kept_ids

# A place below the root that the server serves itself. A part that is "." or ".." could lead out of it.
_BELOW_THE_ROOT = re.compile(r"mlflow-artifacts:/(?!/)(?:(?!\.{1,2}(?:/|$))[\w.-]+(?:/|$))*")


class OwnFiles(LocalArtifactRepository):
    """Artifacts below `root`, which `confine` sets. A symbolic link that leads out of it is refused."""

    root: Path

    def __init__(self, artifact_uri: str, *arguments: Any, **options: Any) -> None:
        super().__init__(artifact_uri, *arguments, **options)
        self._require_below("")

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        self._require_below(artifact_path or "")
        super().delete_artifacts(artifact_path)

    def download_trace_data(self) -> dict[str, Any]:
        self._require_below("traces.json")
        found: dict[str, Any] = super().download_trace_data()
        return found

    def _require_below(self, path: str) -> None:
        """Raises MlflowException if `path` leads out of the root. The methods that stay as they are check this, too."""
        if not Path(self.artifact_dir, path).resolve().is_relative_to(self.root.resolve()):
            raise MlflowException.invalid_parameter_value(
                "Artifacts lie below this server's own root, and these do not."
            )


class OwnStore(kept_ids.KeptIds):
    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        if artifact_location and not _BELOW_THE_ROOT.fullmatch(artifact_location):
            raise MlflowException.invalid_parameter_value(
                "artifact_location has to lie below this server's own root, mlflow-artifacts:/. Leave it out."
            )
        made: str = super().create_experiment(name, artifact_location, tags)
        return made


def confine(root: Path) -> None:
    """Make MLflow use OwnStore and OwnFiles. Call it in the process of the server, before its stores are opened."""
    OwnFiles.root = root
    kept_ids.keep()
    repositories = registry._artifact_repository_registry._registry
    # Without these, nothing can be read from buckets, hosts and other servers.
    for scheme in set(repositories) - {"mlflow-artifacts"}:
        del repositories[scheme]
    for scheme in ("", "file"):
        registry._artifact_repository_registry.register(scheme, OwnFiles)
    handlers._tracking_store_registry._registry.clear()
    for scheme in ("sqlite", "postgresql"):
        handlers._tracking_store_registry.register(scheme, _open_store)


def _open_store(store_uri: str, artifact_uri: str) -> OwnStore:
    return OwnStore(store_uri, artifact_uri)
