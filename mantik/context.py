"""The context of every page's frame."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from mantik.lib import disk
from mantik.notices import services as notices
from projects.models import Project
from projects.permissions import Action, may
from projects.services import invitations
from runs.pages.figures import failed_recently
from runs.registered_models.rows import troubled_count
from schedules.pages.rows import paused_count

FAILED_WITHIN = timedelta(days=7)

# How many projects the switcher lists; its last entry leads to all of them.
MOST_SWITCHED = 50


def layout(request: HttpRequest) -> dict[str, Any]:
    """`my_projects` for the project switcher, `awaiting_invitations` and `unread_notices` for the bell; for operators
    `shortages` of disk space; inside a project `may_run` and `nav_counts`.

    Each is read only if the template uses it.
    """
    user = getattr(request, "user", None)
    if user is None:
        return {}
    context: dict[str, Any] = {"my_projects": Project.objects.joined_by(user).order_by("name", "pk")[:MOST_SWITCHED]}
    if user.is_authenticated:
        context["awaiting_invitations"] = SimpleLazyObject(
            lambda: invitations.count_unanswered(user, now=timezone.now())
        )
        context["unread_notices"] = SimpleLazyObject(lambda: notices.unread(user))
        if user.is_staff:
            context["shortages"] = SimpleLazyObject(disk.watch.shortages)
    project: Project | None = getattr(request, "project", None)
    if project is not None:
        context["may_run"] = may(user, Action.ADD_RUN, project)
        context["nav_counts"] = SimpleLazyObject(lambda: _counts(project))
    return context


def _counts(project: Project) -> dict[str, int]:
    return {
        "runs": failed_recently(project, since=timezone.now() - FAILED_WITHIN),
        "schedules": paused_count(project),
        "models": troubled_count(project),
    }
