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
    """The project with the address `slug`. Raises PermissionDenied if the user may not do `action` in it.

    Raises Http404 if they may not even see it, or there is none, and ProjectMoved for a former address.
    """
    visible = Project.objects.visible_to(request.user)
    project = visible.filter(slug=slug).first()
    if project is None:
        moved = visible.filter(former_addresses__slug=slug).values_list("slug", flat=True).first()
        raise ProjectMoved(moved) if moved else Http404
    if not may(request.user, action, project):
        raise PermissionDenied(refusal(request.user, project, action))
    # The sidebar and the New run button of the page are drawn for this project.
    request.project = project  # type: ignore[attr-defined]
    return project


def refusal(user: User | AnonymousUser, project: Project, action: str) -> str:
    """What the page says to `user` who may not do `action`: one of Action, or words such as "cancel this run"."""
    if not user.is_authenticated:
        return f"Only members of {project.name} may {action}. Sign in if you are one."
    if role_of(user, project) is None:
        return f"Only members of {project.name} may {action}. Ask an owner of the project to invite you."
    return (
        f"Your role in {project.name} does not allow you to {action}. Ask a member whose role "
        "does, or an owner of the project for another role."
    )
