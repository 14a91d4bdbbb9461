"""What schedules keep of projects, runs and connections, for when one of those is to be deleted."""

from __future__ import annotations

from collections.abc import Iterator

from connections.logins.uses import Use, register_locker, register_usage
from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.humanize import counted
from projects.models import CodeRepository, Experiment, Project
from projects.permissions import LEAST_ROLE, Action
from projects.services import dependents
from projects.services.dependents import Dependent
from schedules.firing.preconditions import owner_of, roles_for
from schedules.links import page_of
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.querysets import ScheduleQuerySet

BATCH = 500
MOST_NAMED = 3


def holds_experiment(experiment: Experiment) -> str:
    return _named(Schedule.objects.filter(experiment=experiment))


def holds_code_repository(repository: CodeRepository) -> str:
    """Those that ended need it no more."""
    return _named(Schedule.objects.filter(code_repository=repository).going_on())


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


def lock_schedules_with(connection: Connection) -> None:
    """Beat may just be starting runs with it."""
    list(Schedule.objects.filter(connection=connection).order_by("pk").select_for_update().values_list("pk"))


def empty_project(project: Project) -> None:
    """Schedules with their slots, and the rows that operators saw of them."""
    schedules = Schedule.objects.filter(project=project).order_by("pk")
    while batch := list(schedules.values_list("pk", "periodic_task")[:BATCH]):
        keys = [key for key, _ in batch]
        Slot.objects.filter(schedule__in=keys).delete()
        Schedule.objects.filter(pk__in=keys).delete()
        periodic_tasks.remove([task for _, task in batch])


def uses(connection: Connection) -> Iterator[Use]:
    """Schedules that would be refused at each instant without it, and were not before."""
    for schedule in _running(Schedule.objects.filter(connection=connection)):
        yield Use(f"the schedule {schedule.name} in {schedule.project.name}", page_of(schedule))


def running_as(user: User) -> list[Schedule]:
    """The schedules that run in the name of `user`, and would be refused without their connections."""
    return _running(Schedule.objects.filter(connection__owner=user))


def _running(schedules: ScheduleQuerySet) -> list[Schedule]:
    """Those whose owner may not start runs any more are refused with the connection as well as without it."""
    found = list(schedules.going_on().for_rows().select_related("project", "connection__owner").in_order())
    roles, least = roles_for(found), LEAST_ROLE[Action.ADD_RUN]
    held = [roles.get((owner_of(schedule).pk, schedule.project_id)) for schedule in found]
    return [schedule for schedule, role in zip(found, held, strict=True) if role and role.at_least(least)]


def _named(schedules: ScheduleQuerySet) -> str:
    """ "the schedule nightly", "5 schedules (hourly, nightly, weekly and 2 more)"; "" if there is none."""
    count = schedules.count()
    names = list(schedules.in_order().values_list("name", flat=True)[:MOST_NAMED])
    if count < 2:
        return f"the schedule {names[0]}" if names else ""
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    return f"{counted(count, 'schedule')} ({', '.join(names)}{more})"


DEPENDENT = Dependent(holds_experiment, holds_code_repository, holds_project, empty_project, lock_project)


def register() -> None:
    dependents.register(DEPENDENT)
    register_usage("schedules", uses)
    register_locker("schedules", lock_schedules_with)
