"""What our MLflow server may touch: the files below its own root, and nothing else.

MLflow lets whoever makes an experiment say where its artifacts lie, and then reads, writes and deletes there as the
user that it runs as: any folder of the machine, any bucket or host that it reaches. Here both ends are closed: such
an experiment is not made, and what one from before says is not followed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.server import handlers
from mlflow.store.artifact import artifact_repository_registry as registry
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

# Below the root that the server serves itself; a name of dots leads out of it.
_BELOW_THE_ROOT = re.compile(r"mlflow-artifacts:/(?!/)(?:(?!\.{1,2}(?:/|$))[\w.-]+(?:/|$))*")


class OwnFiles(LocalArtifactRepository):
    """Artifacts below `root`, which `confine` sets, wherever links lead."""

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
        """The methods that are not overridden ask the same about the path that they are given themselves."""
        if not Path(self.artifact_dir, path).resolve().is_relative_to(self.root.resolve()):
            raise MlflowException.invalid_parameter_value(
                "Artifacts lie below this server's own root, and these do not."
            )


class OwnStore(SqlAlchemyStore):
    def create_experiment(self, name: str, artifact_location: str | None = None, tags: Any = None) -> str:
        if artifact_location and not _BELOW_THE_ROOT.fullmatch(artifact_location):
            raise MlflowException.invalid_parameter_value(
                "artifact_location has to lie below this server's own root, mlflow-artifacts:/. Leave it out."
            )
        made: str = super().create_experiment(name, artifact_location, tags)
        return made


def confine(root: Path) -> None:
    """In the process of the server, before its stores are opened: they and all artifacts are those above."""
    OwnFiles.root = root
    repositories = registry._artifact_repository_registry._registry
    # Buckets, hosts and other servers: whatever is not kept here is not read from here.
    for scheme in set(repositories) - {"mlflow-artifacts"}:
        del repositories[scheme]
    for scheme in ("", "file"):
        registry._artifact_repository_registry.register(scheme, OwnFiles)
    handlers._tracking_store_registry._registry.clear()
    for scheme in ("sqlite", "postgresql"):
        handlers._tracking_store_registry.register(scheme, _open_store)


def _open_store(store_uri: str, artifact_uri: str) -> OwnStore:
    return OwnStore(store_uri, artifact_uri)
