"""The end of a project."""

from __future__ import annotations

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from projects.models import Project
from projects.services import dependents


class ProjectInUse(Exception):
    """Something in it goes on; the text says what, for the owner."""


def delete_project(*, project: Project, actor: User) -> None:
    """Delete a project with all that Mantik keeps of it. Raises ProjectInUse while anything in it is active.

    What MLflow and the sites keep stays there. Its addresses become free; its audit events stay for operators.
    """
    with transaction.atomic():
        dependents.lock_project(project)
        # Who adds something to it meanwhile waits at this lock, and then finds it gone.
        stored = Project.objects.select_for_update().get(pk=project.pk)
        if held := dependents.what_holds_project(stored):
            remedy = "Cancel what is active, unregister what is registered, and wait until that is done."
            raise ProjectInUse(f"{stored.name} has {held}. {remedy}")
        told = {"name": stored.name, "address": stored.slug}
        record("project.deleted", actor=actor, target=stored, project=stored, before=told)
        dependents.empty_project(stored)
        stored.delete()
