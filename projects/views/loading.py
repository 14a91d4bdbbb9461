"""Loading a project for a view: 404 for people outside the project, 403 for members without the permission."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may, role_of


class ProjectMoved(Http404):
    """The project now has the address `slug`. `projects.addressing.middleware` redirects to it."""

    def __init__(self, slug: str) -> None:
        super().__init__("The project has another address now.")
        self.slug = slug


def project_or_404(request: HttpRequest, slug: str, action: Action = Action.VIEW_PROJECT) -> Project:
    """404 if the user may not even see the project, 403 if they may not do `action` in it.

    For a former address, the 404 is a ProjectMoved.
    """
    visible = Project.objects.visible_to(request.user)
    project = visible.filter(slug=slug).first()
    if project is None:
        moved = visible.filter(former_addresses__slug=slug).values_list("slug", flat=True).first()
        raise ProjectMoved(moved) if moved else Http404
    if not may(request.user, action, project):
        raise PermissionDenied(_refusal(request.user, project, action))
    # The frame of the page (sidebar, New run) is drawn for it.
    request.project = project  # type: ignore[attr-defined]
    return project


def _refusal(user: User | AnonymousUser, project: Project, action: Action) -> str:
    if role_of(user, project) is None:
        return f"You are not a member of {project.name}. Only members may do this: {action}."
    return f"Your role in {project.name} does not allow you to do this: {action}."
