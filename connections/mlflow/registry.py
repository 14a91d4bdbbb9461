"""MLflow's model registry, through its own client.

A name is unique in the whole server. Entries of ours have a tag that says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from mlflow.entities.model_registry import RegisteredModel

from connections.mlflow.errors import NotThere
from connections.mlflow.own_client import OwnClient
from connections.mlflow.parsing import required
from connections.mlflow.search import literal, tag_name
from connections.mlflow.values import ModelSource, RegisteredVersion, RegistryEntry


class Registry:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused.

    Nothing is sent twice. Before creating something, the caller has to look whether it exists.
    """

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._mlflow = OwnClient(uri=uri, token=token)

    def find(self, name: str) -> RegistryEntry | None:
        with contextlib.suppress(NotThere), self._mlflow.calling("show a registered model") as client:
            return _entry(client.get_registered_model(name))
        return None

    def find_by_tag(self, tag: str, value: str) -> RegistryEntry | None:
        """A registered model with that tag, whatever its name; None if there is none."""
        with self._mlflow.calling("look for a registered model") as client:
            found = client.search_registered_models(f"{tag_name(tag)} = {literal(value)}", max_results=1)
        return _entry(found[0]) if found else None

    def create(self, name: str, *, tags: Mapping[str, str]) -> RegistryEntry:
        """Register a model. Raises TrackingRefused if the name is taken."""
        with self._mlflow.calling(f"register {name}") as client:
            return _entry(client.create_registered_model(name, dict(tags)))

    def rename(self, name: str, to: str) -> None:
        with self._mlflow.calling(f"rename {name}") as client:
            client.rename_registered_model(name, to)

    def delete(self, name: str) -> None:
        """Delete a registered model with its versions and aliases, but no files. It need not exist."""
        with contextlib.suppress(NotThere), self._mlflow.calling(f"unregister {name}") as client:
            client.delete_registered_model(name)

    def versions(self, name: str) -> list[RegisteredVersion]:
        """The versions of a registered model, oldest first."""
        with self._mlflow.calling(f"list the versions of {name}") as client:
            found = client.search_model_versions(f"name = {literal(name)}", max_results=100)
        versions = [RegisteredVersion(str(version.version), str(version.source)) for version in found]
        return sorted(versions, key=lambda version: int(version.version))

    def create_version(self, name: str, source: ModelSource) -> RegisteredVersion:
        """Make a version of a registered model. MLflow checks neither the state of the run nor that its files exist."""
        with self._mlflow.calling(f"make a version of {name}") as client:
            made = client.create_model_version(
                name, source.uri, source.run_id, model_id=source.model_id or None, await_creation_for=0
            )
        return RegisteredVersion(required(made.version), source.uri)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        with self._mlflow.calling(f"set the alias {alias}") as client:
            client.set_registered_model_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias. An alias or a model that does not exist is no error."""
        with contextlib.suppress(NotThere), self._mlflow.calling("remove an alias") as client:
            client.delete_registered_model_alias(name, alias)


def _entry(found: RegisteredModel) -> RegistryEntry:
    return RegistryEntry(
        name=required(found.name),
        tags=dict(found.tags),
        aliases={alias: str(version) for alias, version in found.aliases.items()},
    )
