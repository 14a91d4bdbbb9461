"""Loading a project for a view: an outsider finds nothing, a member without the right is told so."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from projects.models import Project
from projects.permissions import Action, may


def project_or_404(request: HttpRequest, slug: str, action: Action = Action.VIEW_PROJECT) -> Project:
    """404 if the user may not even see the project, 403 if they may not do `action` in it."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    if not may(request.user, action, project):
        raise PermissionDenied(f"Your role in {project.name} does not allow this: {action}.")
    # The frame of the page (sidebar, New run) is drawn for it.
    request.project = project  # type: ignore[attr-defined]
    return project
