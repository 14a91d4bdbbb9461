"""Finds the registered models that somebody may load."""

from __future__ import annotations

from uuid import UUID

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may
from runs.registered_models.models import RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet


def model_by_name(user: User, name: str, *, version: str = "") -> RegisteredModel | None:
    """The model with this name in MLflow's registry; None if there is none that `user` may load."""
    wanted = {"registry_name": name} | ({"registry_version": version} if version else {})
    return _loadable(user, **wanted)


def model_by_alias(user: User, name: str, alias: str) -> RegisteredModel | None:
    return _loadable(user, registry_name=name, aliases__alias=alias)


def model_by_uuid(user: User, uuid: UUID) -> RegisteredModel | None:
    return _loadable(user, uuid=uuid)


def loadable(user: User) -> RegisteredModelQuerySet:
    """All that `user` may load."""
    projects = [project for project in Project.objects.joined_by(user) if may(user, Action.DOWNLOAD_ARTIFACTS, project)]
    return _with_what_is_shown(RegisteredModel.objects.registered().filter(project__in=projects))


def _loadable(user: User, **wanted: str | UUID) -> RegisteredModel | None:
    model = _with_what_is_shown(RegisteredModel.objects.registered().visible_to(user).filter(**wanted)).first()
    return model if model is not None and may(user, Action.DOWNLOAD_ARTIFACTS, model.project) else None


def _with_what_is_shown(models: RegisteredModelQuerySet) -> RegisteredModelQuerySet:
    return models.select_related("project", "run", "created_by").prefetch_related("aliases")
