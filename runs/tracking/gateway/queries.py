"""Reads the parameters of a request, refuses requests that can be read in two ways, and finds the model."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from mantik.accounts.models import User
from projects.permissions import Action, may
from runs.registered_models.models import RegisteredModel


class Unclear(Exception):
    """The request can be read in two ways; the text says how."""


def parameters(request: HttpRequest, *names: str) -> list[str]:
    """The values of the parameters `names` in the address, "" for a missing one.

    Raises Unclear if one is given twice, or if the request has a body, from which MLflow's own server would read.
    """
    if request.headers.get("Content-Length", "0") not in ("", "0") or "Transfer-Encoding" in request.headers:
        raise Unclear("This call takes its parameters from the address. Send it without a body.")
    return [_only(request, name) for name in names]


def _only(request: HttpRequest, name: str) -> str:
    values = request.GET.getlist(name)
    if len(values) > 1:
        raise Unclear(f"{name} is in the address {len(values)} times. Send it once.")
    # Nothing has a name with such characters, and some of them a database does not accept in a query.
    return values[0] if values and values[0].isprintable() else ""


def model_by_name(user: User, name: str, *, version: str = "") -> RegisteredModel | None:
    """The model with this name in MLflow's registry; None if there is none that `user` may load."""
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
