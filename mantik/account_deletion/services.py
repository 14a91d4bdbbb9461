"""Deletes an account, and finds what prevents that.

What a person added to projects stays there. The row of the account stays, too, because runs name who started them, but
without anything about the person. Everything else is deleted in one transaction.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from connections.models import Connection
from mantik.accounts.models import User
from mantik.accounts.services import make_anonymous
from mantik.audit.services import record
from mantik.lib.humanize import counted
from mantik.notices.models import Notice
from mantik.tokens.models import PersonalAccessToken
from projects.models import Invitation, Membership, Project, UserGroup
from projects.services import groups, members
from runs.models import Run
from schedules.dependents.connections import lock_schedules_of, running_as
from schedules.models import Schedule

# How many active runs and schedules are listed, so that the page stays readable.
MOST_SHOWN = 20


@dataclass(frozen=True)
class Obstacle:
    """A sentence on what has to be done first, and a link to where."""

    text: str
    url: str
    label: str


class InTheWay(Exception):
    """The account cannot be deleted yet. `obstacles` says why."""

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__("The account cannot be deleted yet.")
        self.obstacles = obstacles


def obstacles_of(user: User) -> list[Obstacle]:
    """What has to be done before `user` can delete the account; empty if nothing."""
    owned = [_of_project(project) for project in members.solely_owned_by(user)]
    administered = [_of_group(group) for group in groups.solely_administered_by(user)]
    active = Run.objects.filter(created_by=user).active().select_related("project").order_by("-pk")
    schedules = running_as(user)
    return [
        *owned,
        *administered,
        *(_of_schedule(schedule) for schedule in schedules[:MOST_SHOWN]),
        *_of_others(len(schedules), "more schedule runs", "more schedules run", "with one of your connections."),
        *(_of_run(run) for run in active[:MOST_SHOWN]),
        *_of_others(active.count(), "more run of yours is", "more runs of yours are", "still active."),
    ]


def delete_account(*, user: User, now: datetime) -> None:
    """Delete everything about the person, and make the row anonymous. Raises InTheWay if that is not possible yet."""
    with transaction.atomic():
        lock_schedules_of(user)
        # The second of two requests finds nothing left to do. `no_key`: the row stays, so others may refer to it.
        if User.objects.select_for_update(no_key=True).get(pk=user.pk).deleted_at:
            return
        if obstacles := obstacles_of(user):
            raise InTheWay(obstacles)
        try:
            _leave_everything(user)
        except (members.LastOwner, groups.LastAdmin):
            raise InTheWay(obstacles_of(user)) from None
        record("account.deleted", actor=user, target=user)
        for theirs in (Connection.objects.owned_by(user), PersonalAccessToken.objects.owned_by(user)):
            theirs.delete()
        Notice.objects.filter(user=user).delete()
        make_anonymous(user=user, now=now)


def _leave_everything(user: User) -> None:
    for membership in Membership.objects.filter(user=user).select_related("project").order_by("project"):
        # Somebody else may just have deleted the project or removed the user. The same goes for groups.
        with suppress(members.NotAMember):
            members.remove_member(project=membership.project, user=user, actor=user)
    for group in UserGroup.objects.visible_to(user).order_by("pk"):
        with suppress(groups.NotInGroup):
            if group.people.count() == 1:
                groups.delete_group(group=group, actor=user)
            else:
                groups.remove_person(group=group, user=user, actor=user)
    Invitation.objects.filter(user=user).delete()


def _of_project(project: Project) -> Obstacle:
    return Obstacle(
        f"You are the only owner of {project.name}. Hand it over, or delete it.",
        reverse("projects:members", args=[project.slug]),
        "Members",
    )


def _of_group(group: UserGroup) -> Obstacle:
    return Obstacle(
        f"You are the only admin of the group {group.name}. Make somebody else an admin, or delete the group.",
        reverse("projects:group", args=[group.uuid]),
        "Group",
    )


def _of_schedule(schedule: Schedule) -> Obstacle:
    return Obstacle(
        f"The schedule {schedule.name} in {schedule.project.name} runs with one of your connections. Delete it, or ask "
        "another member to edit it and choose a connection of their own.",
        schedule.get_absolute_url(),
        "Schedule",
    )


def _of_others(count: int, one: str, several: str, rest: str) -> list[Obstacle]:
    """Those that are not listed; none if all are."""
    left_out = count - MOST_SHOWN
    if left_out <= 0:
        return []
    text = f"{counted(left_out, one, several)} {rest} They are listed here when those above are dealt with."
    return [Obstacle(text, reverse("projects:list"), "Projects")]


def _of_run(run: Run) -> Obstacle:
    verb = "end" if run.is_local else "cancel"
    return Obstacle(
        f"Your run {run.name} in {run.project.name} is still active. Wait until it ends, or {verb} it.",
        reverse("runs:detail", args=[run.project.slug, run.uuid]),
        "Run",
    )
