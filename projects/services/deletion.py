"""Deleting a project, and what prevents the deletion of a project or of something in it.

Apps above this one have rows that refer to projects. They register here when they start, so that projects/ need not
know them.
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
    """What an app above does about deletions. The first three functions say what prevents one, "" if nothing does.

    `frees_code_repository` is a sentence for a member: how to end what prevents the deletion of a code repository.
    `empty_project` deletes all rows that the app has of a project, in the transaction that deletes the project.
    `lock_project` is called before that. It locks those rows of the app that others lock before the project (storing a
    new row of a project locks the project at the commit), so that no two transactions wait for each other.
    """

    holds_experiment: Callable[[Experiment], str]
    holds_code_repository: Callable[[CodeRepository], str]
    holds_project: Callable[[Project], str]
    empty_project: Callable[[Project], None]
    lock_project: Callable[[Project], None] = lambda _project: None
    frees_code_repository: str = ""


_dependents: list[Dependent] = []


def register(dependent: Dependent) -> None:
    """Call once, from AppConfig.ready."""
    _dependents.append(dependent)


def what_holds_experiment(experiment: Experiment) -> str:
    return _joined(dependent.holds_experiment(experiment) for dependent in _dependents)


def what_holds_code_repository(repository: CodeRepository) -> tuple[str, str]:
    """What prevents its deletion, and how a member can end that; twice "" if nothing does."""
    found = [
        (held, one.frees_code_repository) for one in _dependents if (held := one.holds_code_repository(repository))
    ]
    return _joined(held for held, _ in found), " ".join(remedy for _, remedy in found)


def what_holds_project(project: Project) -> str:
    return _joined(dependent.holds_project(project) for dependent in _dependents)


def lock_project(project: Project) -> None:
    for dependent in reversed(_dependents):
        dependent.lock_project(project)


def empty_project(project: Project) -> None:
    """Delete what the apps above have of a project. The uppermost apps come first, because they register last."""
    for dependent in reversed(_dependents):
        dependent.empty_project(project)


class ProjectInUse(Exception):
    """Something in the project is still active; the text tells the owner what."""


def delete_project(*, project: Project, actor: User) -> None:
    """Delete a project with all that Mantik's database has of it. Raises ProjectInUse while anything in it is active.

    A project that is gone already is no error. What is stored in MLflow and at the sites stays there. The addresses of
    the project become free; audit events stay for operators.
    """
    with transaction.atomic():
        lock_project(project)
        # Whoever adds something to the project waits for this lock, and then finds the project deleted.
        stored = Project.objects.select_for_update().filter(pk=project.pk).first()
        if stored is None:
            return
        if held := what_holds_project(stored):
            remedy = "Cancel or end what is active, unregister what is registered, and wait until that is done."
            raise ProjectInUse(f"{stored.name} has {held}. {remedy}")
        values = {"name": stored.name, "address": stored.slug}
        record("project.deleted", actor=actor, target=stored, project=stored, before=values)
        empty_project(stored)
        stored.delete()


def _joined(reasons: Iterable[str]) -> str:
    return " and ".join(reason for reason in reasons if reason)
