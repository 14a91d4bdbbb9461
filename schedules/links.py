"""Where the pages of schedules are."""

from __future__ import annotations

from django.urls import reverse

from projects.models import Project
from schedules.models import Schedule


def page_of(schedule: Schedule, project: Project | None = None) -> str:
    """The path of the schedule's page; `project` if the caller has it at hand."""
    slug = (project or schedule.project).slug
    return f"{reverse('projects:overview', args=[slug])}schedules/{schedule.uuid}/"
