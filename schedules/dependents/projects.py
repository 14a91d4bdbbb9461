"""Which schedules use a project, an experiment or a code repository: asked before one of these is deleted."""

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
    """Schedules that ended no longer need it."""
    return _named(Schedule.objects.filter(code_repository=repository).going_on())


def holds_project(_project: Project) -> str:
    """Nothing keeps a project from being deleted: schedules go with it. Active runs are reported by `runs`."""
    return ""


def lock_project(project: Project) -> None:
    """Lock the schedules, as beat does, which at its commit also locks the project of the runs it made."""
    list(Schedule.objects.filter(project=project).order_by("pk").select_for_update().values_list("pk"))


def empty_project(project: Project) -> None:
    """Delete the schedules with their slots and their rows in the admin."""
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


DEPENDENT = Dependent(
    holds_experiment,
    holds_code_repository,
    holds_project,
    empty_project,
    lock_project,
    frees_code_repository="Delete each schedule, or choose another run for it.",
)
