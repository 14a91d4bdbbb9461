"""MLflow's model registry. A name in it is unique in the whole server; an entry of ours carries a tag with our mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connections.mlflow.answers import as_mlflow_answers
from connections.mlflow.clients import configured
from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.transport import API, Transport
from connections.mlflow.values import ModelSource, RegisteredVersion, RegistryEntry


def registry() -> Registry:
    """This process's client for the configured server."""
    return configured(Registry)


class Registry:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._http = Transport(uri=uri, token=token)

    def find(self, name: str) -> RegistryEntry | None:
        try:
            answer = self._http.get(f"{API}/registered-models/get", {"name": name}, doing="show a registered model")
        except NotThere:
            return None
        with as_mlflow_answers():
            return _entry(answer["registered_model"])

    def find_by_tag(self, tag: str, value: str) -> RegistryEntry | None:
        """One with that tag, under whatever name. `value` is without quotes."""
        query = {"filter": f"tags.`{tag}` = '{value}'", "max_results": 1}
        answer = self._http.get(f"{API}/registered-models/search", query, doing="look for a registered model")
        with as_mlflow_answers():
            found = answer.get("registered_models", [])
            return _entry(found[0]) if found else None

    def create(self, name: str, *, tags: Mapping[str, str]) -> RegistryEntry:
        """Raises TrackingRefused where the name is taken."""
        body = {"name": name, "tags": [{"key": key, "value": value} for key, value in tags.items()]}
        answer = self._http.post(f"{API}/registered-models/create", body, doing=f"register {name}")
        with as_mlflow_answers():
            return _entry(answer["registered_model"])

    def rename(self, name: str, to: str) -> None:
        body = {"name": name, "new_name": to}
        self._http.post(f"{API}/registered-models/rename", body, doing=f"rename {name}")

    def delete(self, name: str) -> None:
        """With its versions and aliases; the files stay. One that is not there is no error."""
        try:
            self._http.delete(f"{API}/registered-models/delete", {"name": name}, doing=f"unregister {name}")
        except NotThere:
            return

    def versions(self, name: str) -> list[RegisteredVersion]:
        """Oldest first. `name` is without quotes."""
        query = {"filter": f"name = '{name}'", "max_results": 100}
        answer = self._http.get(f"{API}/model-versions/search", query, doing=f"list the versions of {name}")
        with as_mlflow_answers():
            found = [
                RegisteredVersion(str(version["version"]), str(version.get("source", "")))
                for version in answer.get("model_versions", [])
            ]
            return sorted(found, key=lambda version: int(version.version))

    def create_version(self, name: str, source: ModelSource) -> RegisteredVersion:
        """MLflow checks neither the run's state nor that there are files."""
        body: dict[str, Any] = {"name": name, "source": source.uri, "run_id": source.run_id}
        if source.model_id:
            body["model_id"] = source.model_id
        answer = self._http.post(f"{API}/model-versions/create", body, doing=f"make a version of {name}")
        with as_mlflow_answers():
            return RegisteredVersion(str(answer["model_version"]["version"]), source.uri)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        body = {"name": name, "alias": alias, "version": version}
        self._http.post(f"{API}/registered-models/alias", body, doing=f"set the alias {alias}")

    def delete_alias(self, name: str, alias: str) -> None:
        """One that is not there is no error."""
        try:
            self._http.delete(f"{API}/registered-models/alias", {"name": name, "alias": alias}, doing="remove an alias")
        except TrackingRefused:
            return

    def close(self) -> None:
        self._http.close()


def _entry(found: Mapping[str, Any]) -> RegistryEntry:
    return RegistryEntry(
        name=str(found["name"]),
        tags=_pairs(found.get("tags", []), "key", "value"),
        aliases=_pairs(found.get("aliases", []), "alias", "version"),
    )


def _pairs(found: Sequence[Mapping[str, Any]], key: str, value: str) -> dict[str, str]:
    return {str(pair[key]): str(pair.get(value, "")) for pair in found}
