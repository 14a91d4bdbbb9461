"""Finds the registered models that somebody may load."""

from __future__ import annotations

from uuid import UUID

from projects.permissions import Action
from runs.registered_models.models import RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet
from runs.tracking.gateway.callers import Member


def model_by_name(member: Member, name: str, *, version: str = "") -> RegisteredModel | None:
    """The model with this name in MLflow's registry; None if there is none that `member` may load."""
    wanted = {"registry_name": name} | ({"registry_version": version} if version else {})
    return _loadable(member, **wanted)


def model_by_alias(member: Member, name: str, alias: str) -> RegisteredModel | None:
    return _loadable(member, registry_name=name, aliases__alias=alias)


def model_by_uuid(member: Member, uuid: UUID) -> RegisteredModel | None:
    return _loadable(member, uuid=uuid)


def loadable(member: Member) -> RegisteredModelQuerySet:
    """All that `member` may load."""
    projects = [project for project in member.projects() if member.may(Action.DOWNLOAD_ARTIFACTS, project)]
    return _with_what_is_shown(RegisteredModel.objects.registered().filter(project__in=projects))


def _loadable(member: Member, **wanted: str | UUID) -> RegisteredModel | None:
    models = RegisteredModel.objects.registered().filter(project__in=member.projects(), **wanted)
    model = _with_what_is_shown(models).first()
    return model if model is not None and member.may(Action.DOWNLOAD_ARTIFACTS, model.project) else None


def _with_what_is_shown(models: RegisteredModelQuerySet) -> RegisteredModelQuerySet:
    return models.select_related("project", "run", "created_by").prefetch_related("aliases")
