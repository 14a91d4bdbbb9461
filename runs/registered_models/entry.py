"""Makes and removes a model's entry in MLflow's registry, and finds out what others have changed in it.

Each function may be repeated at any time. An entry is Mantik's if it has the tag with the model's UUID; Mantik changes
no other entry.
"""

from __future__ import annotations

from uuid import UUID

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import registry
from connections.mlflow.model_files import model_files
from connections.mlflow.values import RegistryEntry
from mantik.lib.humanize import counted, filesize
from runs.registered_models.models import RegisteredModel

TAG = "mantik.model"


def make_entry(model: RegisteredModel) -> str:
    """Put the model with its aliases into the registry; returns its version there.

    Raises TrackingUnavailable, and TrackingRefused if somebody else has the name.
    """
    name = model.registry_name
    entry = _own(model) or registry().create(name, tags={TAG: str(model.uuid)})
    if entry.name != name:
        registry().rename(entry.name, name)
    found = [version for version in registry().versions(name) if version.source == model.source.uri]
    version = (found[0] if found else registry().create_version(name, model.source)).version
    _give_aliases(model, entry, version)
    return version


def send_aliases(model: RegisteredModel) -> None:
    """Send the model's aliases to MLflow. If the entry is gone, do nothing: `what_changed` reports it.

    Raises TrackingError.
    """
    entry = registry().find(model.registry_name)
    if entry is not None and entry.tags.get(TAG) == str(model.uuid):
        _give_aliases(model, entry, model.registry_version)


def _give_aliases(model: RegisteredModel, entry: RegistryEntry, version: str) -> None:
    wanted = aliases_of(model)
    for alias in sorted(wanted):
        if entry.aliases.get(alias) != version:
            registry().set_alias(model.registry_name, alias, version)
    for alias in sorted(set(entry.aliases) - wanted):
        registry().delete_alias(model.registry_name, alias)


def remove_entry(name: str, uuid: UUID) -> None:
    """Remove Mantik's entry from the registry, even if it was renamed. Files stay. Raises TrackingError."""
    entry = registry().find(name)
    if entry is None or entry.tags.get(TAG) != str(uuid):
        entry = registry().find_by_tag(TAG, str(uuid))
    if entry is not None:
        registry().delete(entry.name)


def what_changed(model: RegisteredModel) -> str:
    """What was changed in MLflow, in one or more sentences; "" if nothing was. Raises TrackingUnavailable."""
    try:
        entry = registry().find(model.registry_name)
        if entry is None or entry.tags.get(TAG) != str(model.uuid):
            return _where_it_went(model)
        return " ".join(filter(None, [_version_trouble(model), _alias_trouble(model, entry), _file_trouble(model)]))
    except TrackingRefused as error:
        return error.message


def aliases_of(model: RegisteredModel) -> set[str]:
    return set(model.aliases.values_list("alias", flat=True))


def _own(model: RegisteredModel) -> RegistryEntry | None:
    entry = registry().find(model.registry_name)
    if entry is None:
        return registry().find_by_tag(TAG, str(model.uuid))
    if entry.tags.get(TAG) != str(model.uuid):
        raise TrackingRefused(
            f"MLflow's registry has a model {model.registry_name} that Mantik did not put there. Ask an operator to "
            "rename or delete it, or choose another name."
        )
    return entry


def _where_it_went(model: RegisteredModel) -> str:
    moved = registry().find_by_tag(TAG, str(model.uuid))
    if moved is not None:
        return f"In MLflow's registry it was renamed to {moved.name}."
    return "It was deleted in MLflow's registry."


def _version_trouble(model: RegisteredModel) -> str:
    sources = {version.version: version.source for version in registry().versions(model.registry_name)}
    if sources.get(model.registry_version) != model.source.uri:
        return f"Its version {model.registry_version} was deleted in MLflow's registry."
    return ""


def _alias_trouble(model: RegisteredModel, entry: RegistryEntry) -> str:
    ours = aliases_of(model)
    theirs = {alias for alias, version in entry.aliases.items() if version == model.registry_version}
    changes = [f"the alias {alias} was removed" for alias in sorted(ours - theirs)]
    changes += [f"the alias {alias} was added" for alias in sorted(set(entry.aliases) - ours)]
    return f"In MLflow's registry {' and '.join(changes)}." if changes else ""


def _file_trouble(model: RegisteredModel) -> str:
    try:
        sizes = [entry.size or 0 for entry in model_files().files(model.source)]
    except TrackingRefused:
        sizes = []
    if (len(sizes), sum(sizes)) == (model.file_count, model.size):
        return ""
    if not sizes:
        return "Its files are no longer in MLflow. Mantik has no copy of them and cannot restore them."
    in_mlflow = f"{counted(len(sizes), 'file')} with {filesize(sum(sizes))}"
    registered = f"{counted(model.file_count or 0, 'file')} with {filesize(model.size or 0)}"
    return (
        f"Its files have changed: MLflow has {in_mlflow}, but {registered} were registered. Mantik has no copy of "
        "these and cannot restore them."
    )
