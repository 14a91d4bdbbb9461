"""What is checked again at each due time: may it still run, with that connection, from that code?"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from connections.logins.login_health import why_login_unused
from mantik.accounts.models import User
from projects.permissions import LEAST_ROLE, Action, roles_of_people
from projects.roles import Role
from schedules.models import Schedule

Roles = dict[tuple[int, int], Role]


def owner_of(schedule: Schedule) -> User:
    """The user in whose name it runs: the owner of its connection; without a connection, the member who made it."""
    return schedule.connection.owner if schedule.connection else schedule.created_by


def roles_for(schedules: Collection[Schedule]) -> Roles:
    """The roles that `why_refused` needs, for all of these schedules in one query."""
    return roles_of_people(
        users={owner_of(schedule).pk for schedule in schedules},
        projects={schedule.project_id for schedule in schedules},
    )


def why_refused(schedule: Schedule, *, roles: Roles, now: datetime) -> str:
    """Why the schedule may not run, as a sentence for the member; "" if it may. Related rows have to be loaded."""
    return (
        _objection_to_owner(schedule, roles) or _objection_to_connection(schedule, now) or _objection_to_code(schedule)
    )


def _objection_to_owner(schedule: Schedule, roles: Roles) -> str:
    owner = owner_of(schedule)
    role = roles.get((owner.pk, schedule.project_id))
    if owner.is_active and role is not None and role.at_least(LEAST_ROLE[Action.ADD_RUN]):
        return ""
    return (
        f"{owner.display_name} may no longer start runs in this project. Another member can edit the schedule and "
        "choose a connection of their own."
    )


def _objection_to_connection(schedule: Schedule, now: datetime) -> str:
    connection = schedule.connection
    if connection is None:
        return "Its connection was deleted. Edit the schedule and choose another connection."
    if connection.has_ended(now):
        return (
            f"The secret of the connection {connection.name} has expired. Its owner can replace it under "
            "Connections in their own settings."
        )
    return why_login_unused(connection)


def _objection_to_code(schedule: Schedule) -> str:
    code = schedule.code_repository
    if code is None:
        return f"The code repository {schedule.code_name} was deleted. Edit the schedule and choose another run."
    if schedule.code_has_moved:
        return (
            f"The address of the code repository {code.name} has changed since the schedule was made. "
            "Edit the schedule and choose a run that uses the new address."
        )
    return ""
