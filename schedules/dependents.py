"""What schedules keep of projects, runs and connections, for when one of those is to be deleted."""

from __future__ import annotations

from collections.abc import Iterator

from connections.models import Connection
from connections.usage import Use, register_usage
from mantik.accounts.models import User
from mantik.lib.humanize import counted
from projects import dependents
from projects.dependents import Dependent
from projects.models import CodeRepository, Experiment, Project
from schedules import periodic
from schedules.links import page_of
from schedules.models import Schedule, Slot
from schedules.states import ScheduleState

BATCH = 500


def holds_experiment(experiment: Experiment) -> str:
    return _counted(Schedule.objects.filter(experiment=experiment).count())


def holds_code_repository(repository: CodeRepository) -> str:
    """Those that ended need it no more."""
    used = Schedule.objects.filter(code_repository=repository).exclude(state=ScheduleState.ENDED)
    return _counted(used.count())


def holds_project(_project: Project) -> str:
    """Nothing: schedules go with their project. What is active of their runs is said by those."""
    return ""


def lock_project(project: Project) -> None:
    """Beat locks schedules, and at its commit the project, of which it has made runs."""
    list(Schedule.objects.filter(project=project).order_by("pk").select_for_update().values_list("pk"))


def lock_schedules_of(user: User) -> None:
    """Those that run with connections of `user`, who is about to leave: in the order in which beat locks."""
    theirs = Schedule.objects.filter(connection__owner=user).order_by("pk").select_for_update(of=("self",))
    list(theirs.values_list("pk"))


def empty_project(project: Project) -> None:
    """Schedules with their slots, and the rows that operators saw of them."""
    schedules = Schedule.objects.filter(project=project).order_by("pk")
    while batch := list(schedules.values_list("pk", "periodic_task")[:BATCH]):
        keys = [key for key, _ in batch]
        Slot.objects.filter(schedule__in=keys).delete()
        Schedule.objects.filter(pk__in=keys).delete()
        periodic.remove([task for _, task in batch])


def uses(connection: Connection) -> Iterator[Use]:
    """Schedules that would be refused at each instant without it."""
    found = Schedule.objects.filter(connection=connection).exclude(state=ScheduleState.ENDED)
    for schedule in found.select_related("project").in_order():
        yield Use(f"the schedule {schedule.name} in {schedule.project.name}", page_of(schedule))


def _counted(count: int) -> str:
    return counted(count, "schedule") if count else ""


DEPENDENT = Dependent(holds_experiment, holds_code_repository, holds_project, empty_project, lock_project)


def register() -> None:
    dependents.register(DEPENDENT)
    register_usage("schedules", uses)
