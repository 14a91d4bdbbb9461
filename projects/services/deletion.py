"""The end of a project, and what stands in the way of the end of what is in it.

Apps above this one keep rows of projects. They say so when they start, and projects/ need not know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from projects.models import CodeRepository, Experiment, Project


@dataclass(frozen=True)
class Dependent:
    """One app. The first three say in words what stands in the way of a deletion, "" when nothing does.

    `empty_project` deletes all that the app keeps of a project, in the transaction in which the project goes.
    `lock_project` locks before that, and before the project's own row, those of its rows that others lock first and
    the project afterwards: who stores a new row of the project locks the project, too, at the commit.
    """

    holds_experiment: Callable[[Experiment], str]
    holds_code_repository: Callable[[CodeRepository], str]
    holds_project: Callable[[Project], str]
    empty_project: Callable[[Project], None]
    lock_project: Callable[[Project], None] = lambda _project: None


_dependents: list[Dependent] = []


def register(dependent: Dependent) -> None:
    """Call once, from AppConfig.ready."""
    _dependents.append(dependent)


def what_holds_experiment(experiment: Experiment) -> str:
    return _joined(dependent.holds_experiment(experiment) for dependent in _dependents)


def what_holds_code_repository(repository: CodeRepository) -> str:
    return _joined(dependent.holds_code_repository(repository) for dependent in _dependents)


def what_holds_project(project: Project) -> str:
    return _joined(dependent.holds_project(project) for dependent in _dependents)


def lock_project(project: Project) -> None:
    for dependent in reversed(_dependents):
        dependent.lock_project(project)


def empty_project(project: Project) -> None:
    """Apps that stand on others go first: they register last."""
    for dependent in reversed(_dependents):
        dependent.empty_project(project)


class ProjectInUse(Exception):
    """Something in it goes on; the text says what, for the owner."""


def delete_project(*, project: Project, actor: User) -> None:
    """Delete a project with all that Mantik keeps of it. Raises ProjectInUse while anything in it is active.

    What MLflow and the sites keep stays there. Its addresses become free; its audit events stay for operators.
    """
    with transaction.atomic():
        lock_project(project)
        # Who adds something to it meanwhile waits at this lock, and then finds it gone.
        stored = Project.objects.select_for_update().get(pk=project.pk)
        if held := what_holds_project(stored):
            remedy = "Cancel what is active, unregister what is registered, and wait until that is done."
            raise ProjectInUse(f"{stored.name} has {held}. {remedy}")
        told = {"name": stored.name, "address": stored.slug}
        record("project.deleted", actor=actor, target=stored, project=stored, before=told)
        empty_project(stored)
        stored.delete()


def _joined(reasons: Iterable[str]) -> str:
    return " and ".join(reason for reason in reasons if reason)
