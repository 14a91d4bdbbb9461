"""Which registered model a client means, if its user may load it."""

from __future__ import annotations

from uuid import UUID

from mantik.accounts.models import User
from projects.permissions import Action, may
from runs.registered_models.models import RegisteredModel


def model_by_name(user: User, name: str, *, version: str = "") -> RegisteredModel | None:
    """By its name in MLflow's registry. None for one that `user` may not load, as for one that is not there."""
    wanted = {"registry_name": name} | ({"registry_version": version} if version else {})
    return _loadable(user, **wanted)


def model_by_alias(user: User, name: str, alias: str) -> RegisteredModel | None:
    return _loadable(user, registry_name=name, aliases__alias=alias)


def model_by_uuid(user: User, uuid: UUID) -> RegisteredModel | None:
    return _loadable(user, uuid=uuid)


def _loadable(user: User, **wanted: str | UUID) -> RegisteredModel | None:
    found = RegisteredModel.objects.registered().visible_to(user).filter(**wanted)
    model = found.select_related("project", "run", "created_by").first()
    return model if model is not None and may(user, Action.DOWNLOAD_ARTIFACTS, model.project) else None
