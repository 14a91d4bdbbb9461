"""Loading a project for a view: an outsider finds nothing, a member without the right is told so."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from projects.models import Project
from projects.permissions import Action, may


class ProjectMoved(Http404):
    """The project is found under `slug` now. `projects.addressing.middleware` leads who reads on to it."""

    def __init__(self, slug: str) -> None:
        super().__init__("The project has another address now.")
        self.slug = slug


def project_or_404(request: HttpRequest, slug: str, action: Action = Action.VIEW_PROJECT) -> Project:
    """404 if the user may not even see the project, 403 if they may not do `action` in it.

    Under a former address it is a 404 that knows better: ProjectMoved.
    """
    visible = Project.objects.visible_to(request.user)
    project = visible.filter(slug=slug).first()
    if project is None:
        moved = visible.filter(former_addresses__slug=slug).values_list("slug", flat=True).first()
        raise ProjectMoved(moved) if moved else Http404
    if not may(request.user, action, project):
        raise PermissionDenied(f"Your role in {project.name} does not allow this: {action}.")
    # The frame of the page (sidebar, New run) is drawn for it.
    request.project = project  # type: ignore[attr-defined]
    return project
