"""What schedules keep of projects, for when one of those, or an experiment or code of theirs, is to be deleted."""

from __future__ import annotations

from mantik.lib.humanize import counted
from projects.models import CodeRepository, Experiment, Project
from projects.services.deletion import Dependent
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


def empty_project(project: Project) -> None:
    """Schedules with their slots, and the rows that operators saw of them."""
    schedules = Schedule.objects.filter(project=project).order_by("pk")
    while batch := list(schedules.values_list("pk", "periodic_task")[:BATCH]):
        keys = [key for key, _ in batch]
        Slot.objects.filter(schedule__in=keys).delete()
        Schedule.objects.filter(pk__in=keys).delete()
        periodic_tasks.remove([task for _, task in batch])


def _named(schedules: ScheduleQuerySet) -> str:
    """ "the schedule nightly", "5 schedules (hourly, nightly, weekly and 2 more)"; "" if there is none."""
    count = schedules.count()
    names = list(schedules.in_order().values_list("name", flat=True)[:MOST_NAMED])
    if count < 2:
        return f"the schedule {names[0]}" if names else ""
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    return f"{counted(count, 'schedule')} ({', '.join(names)}{more})"


DEPENDENT = Dependent(holds_experiment, holds_code_repository, holds_project, empty_project, lock_project)
