"""Which schedules use a connection: asked before it is changed or deleted."""

from __future__ import annotations

from collections.abc import Iterator

from connections.logins.uses import Use, register_locker, register_usage
from connections.models import Connection
from mantik.accounts.models import User
from projects.permissions import LEAST_ROLE, Action
from schedules.firing.preconditions import owner_of, roles_for
from schedules.models import Schedule
from schedules.querysets import ScheduleQuerySet


def uses(connection: Connection) -> Iterator[Use]:
    """Schedules that run with this connection, and would be refused without it."""
    for schedule in _running(Schedule.objects.filter(connection=connection)):
        yield Use(f"the schedule {schedule.name} in {schedule.project.name}", schedule.get_absolute_url())


def running_as(user: User) -> list[Schedule]:
    """Schedules that run with connections of `user`, and would be refused without them."""
    return _running(Schedule.objects.filter(connection__owner=user))


def lock_schedules_with(connection: Connection) -> None:
    """Wait for a beat that may just be starting runs with it, by locking its schedules."""
    list(Schedule.objects.filter(connection=connection).order_by("pk").select_for_update().values_list("pk"))


def lock_schedules_of(user: User) -> None:
    """Lock the schedules that run with connections of `user`, who is about to leave, in the same order as beat."""
    theirs = Schedule.objects.filter(connection__owner=user).order_by("pk").select_for_update(of=("self",))
    list(theirs.values_list("pk"))


def _running(schedules: ScheduleQuerySet) -> list[Schedule]:
    """Leave out schedules whose owner may no longer start runs: they are refused anyway."""
    found = list(schedules.going_on().for_rows().select_related("project", "connection__owner").in_order())
    roles, least = roles_for(found), LEAST_ROLE[Action.ADD_RUN]
    held = [roles.get((owner_of(schedule).pk, schedule.project_id)) for schedule in found]
    return [schedule for schedule, role in zip(found, held, strict=True) if role and role.at_least(least)]


def register() -> None:
    register_usage("schedules", uses)
    register_locker("schedules", lock_schedules_with)
