"""Loading a registered model for a view: 404 for people outside the project, 403 for members without the permission."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from mantik.accounts.member_request import MemberRequest
from mantik.audit.models import AuditEvent
from projects.models import Project
from projects.permissions import Action
from projects.views.loading import project_or_404, refusal
from runs.registered_models.models import RegisteredModel
from runs.registered_models.services import may_edit

_ENDS = ("model.unregistered", "model.refused")


def model_or_404(request: HttpRequest, slug: str, uuid: UUID, action: Action = Action.VIEW_PROJECT) -> RegisteredModel:
    """Raises Gone, which is an Http404, if the model was deleted."""
    project = project_or_404(request, slug, action)
    found = RegisteredModel.objects.filter(project=project, uuid=uuid)
    model = found.select_related("run__code_repository", "run__experiment", "created_by").first()
    if model is None:
        raise Gone(project, uuid)
    model.project = model.run.project = project
    return model


def kept_or_403(request: MemberRequest, slug: str, uuid: UUID) -> RegisteredModel:
    model = model_or_404(request, slug, uuid)
    if not may_edit(request.user, model):
        raise PermissionDenied(refusal(request.user, model.project, "change this model"))
    return model


class Gone(Http404):
    """The project has no such model; it may have had it earlier."""

    def __init__(self, project: Project, uuid: UUID) -> None:
        super().__init__("There is no such model.")
        self.project = project
        self.uuid = uuid


def gone_page(request: HttpRequest, gone: Gone) -> HttpResponse:
    """Redirect to the list, with a message on what happened to the model. Raises `gone` if it never existed."""
    outcome = _what_became_of(gone.uuid, project=gone.project)
    if not outcome:
        raise gone
    messages.info(request, outcome)
    target = redirect("registered_models:list", gone.project.slug)
    return HttpResponseClientRedirect(target.url) if request.htmx else target  # type: ignore[attr-defined]


def _what_became_of(uuid: UUID, *, project: Project) -> str:
    """What happened to a deleted model, in a sentence or two; "" if `project` never had it."""
    ends = AuditEvent.objects.filter(target_uuid=uuid, project_uuid=project.uuid, verb__in=_ENDS)
    end = ends.order_by("-pk").first()
    if end is None:
        return ""
    if end.verb == "model.refused":
        return f"{end.target_name} could not be registered. {end.before.get('reason', '')}".strip()
    return f"{end.target_name} is no longer registered. That deleted neither its run nor its files."
