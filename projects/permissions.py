"""The only table of who may do what in a project. Views, templates, services and workers all ask it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser

from mantik.accounts.models import User
from projects.models import GroupMembership, Membership, Project
from projects.roles import Role


class Action(StrEnum):
    """Each value goes on "Your role does not allow you to …"."""

    VIEW_PROJECT = "view the project"
    EDIT_PROJECT = "change the project's name, summary, description and labels"
    SET_VISIBILITY = "make the project public or private"
    SET_ADDRESS = "change the project's address"
    VIEW_ACTIVITY = "see who changed what"
    DELETE_PROJECT = "delete the project"
    VIEW_MEMBERS = "see who is a member"
    LEAVE_PROJECT = "leave the project"
    MANAGE_MEMBERS = "decide who is in the project"
    ADD_CODE_REPOSITORY = "add code repositories or have them read again"
    EDIT_OWN_CODE_REPOSITORY = "edit or delete your own code repositories"
    EDIT_ANY_CODE_REPOSITORY = "edit or delete other people's code repositories"
    ADD_EXPERIMENT = "add experiments"
    EDIT_OWN_EXPERIMENT = "edit or delete your own experiments"
    EDIT_ANY_EXPERIMENT = "edit or delete other people's experiments"
    DOWNLOAD_ARTIFACTS = "download artifacts and models"
    ADD_RUN = "start runs"
    CANCEL_OWN_RUN = "cancel or end your own runs"
    DELETE_OWN_RUN = "delete your own runs"
    EDIT_OWN_RUN = "name, describe and tag your own runs"
    CANCEL_ANY_RUN = "cancel or end other people's runs"
    DELETE_ANY_RUN = "delete other people's runs"
    EDIT_ANY_RUN = "name, describe and tag other people's runs"
    REGISTER_MODEL = "register models"
    EDIT_OWN_MODEL = "change your own models"
    EDIT_ANY_MODEL = "change other people's models"
    ADD_SCHEDULE = "add or duplicate schedules"
    EDIT_OWN_SCHEDULE = "change your own schedules"
    EDIT_ANY_SCHEDULE = "change other people's schedules"


@dataclass(frozen=True)
class Permission:
    """A line of the table: `least_role` and every role above it may do `action`, which `says` describes."""

    action: Action
    least_role: Role
    says: str

    @property
    def allowed(self) -> list[bool]:
        """Whether each role may do it, from Guest to Owner."""
        return [role.at_least(self.least_role) for role in Role]

    @property
    def who(self) -> str:
        """Which roles may do it, in words."""
        return {Role.GUEST: "Every member", Role.OWNER: "Owner"}.get(
            self.least_role, f"{self.least_role.label} and above"
        )


# By subject, in the order in which the table is printed.
TABLE: dict[str, tuple[Permission, ...]] = {
    "Project": (
        Permission(
            Action.VIEW_PROJECT,
            Role.GUEST,
            "View overview, code, experiments, runs, logs, metrics, models and schedules",
        ),
        Permission(
            Action.EDIT_PROJECT, Role.MAINTAINER, "Update project information: name, summary, description, labels"
        ),
        Permission(Action.SET_VISIBILITY, Role.OWNER, "Make the project public or private"),
        Permission(Action.SET_ADDRESS, Role.OWNER, "Change the project's address"),
        Permission(Action.VIEW_ACTIVITY, Role.OWNER, "See who changed what, and export it"),
        Permission(Action.DELETE_PROJECT, Role.OWNER, "Delete the project"),
    ),
    "Members": (
        Permission(Action.VIEW_MEMBERS, Role.GUEST, "See who is a member"),
        Permission(Action.LEAVE_PROJECT, Role.GUEST, "Leave the project"),
        Permission(
            Action.MANAGE_MEMBERS,
            Role.OWNER,
            "Invite people, change roles, remove members, hand over the project, give groups a role",
        ),
    ),
    "Code and experiments": (
        Permission(Action.ADD_CODE_REPOSITORY, Role.RESEARCHER, "Add code repositories, and have them read again"),
        Permission(
            Action.EDIT_OWN_CODE_REPOSITORY,
            Role.RESEARCHER,
            "Edit and delete code repositories they added themselves; accept a new key of the host",
        ),
        Permission(
            Action.EDIT_ANY_CODE_REPOSITORY,
            Role.MAINTAINER,
            "Edit and delete anyone's code repository; accept a new key of its host",
        ),
        Permission(Action.ADD_EXPERIMENT, Role.RESEARCHER, "Add an experiment"),
        Permission(Action.EDIT_OWN_EXPERIMENT, Role.RESEARCHER, "Edit and delete experiments they added themselves"),
        Permission(Action.EDIT_ANY_EXPERIMENT, Role.MAINTAINER, "Edit and delete anyone's experiment"),
    ),
    "Runs": (
        Permission(Action.DOWNLOAD_ARTIFACTS, Role.REPORTER, "Download artifacts and models; load models with MLflow"),
        Permission(Action.ADD_RUN, Role.RESEARCHER, "Add runs and run them again"),
        Permission(
            Action.CANCEL_OWN_RUN, Role.RESEARCHER, "Cancel or end their own runs, log to them, revoke their run tokens"
        ),
        Permission(Action.DELETE_OWN_RUN, Role.RESEARCHER, "Delete their own runs"),
        Permission(Action.EDIT_OWN_RUN, Role.RESEARCHER, "Give their own runs another name, notes and tags"),
        Permission(
            Action.CANCEL_ANY_RUN, Role.MAINTAINER, "Cancel or end anyone's runs, log to them, revoke run tokens"
        ),
        Permission(Action.DELETE_ANY_RUN, Role.MAINTAINER, "Delete anyone's runs"),
        Permission(Action.EDIT_ANY_RUN, Role.MAINTAINER, "Give anyone's runs another name, notes and tags"),
    ),
    "Models": (
        Permission(Action.REGISTER_MODEL, Role.RESEARCHER, "Register the model of a finished run"),
        Permission(
            Action.EDIT_OWN_MODEL,
            Role.RESEARCHER,
            "Unregister, describe, give aliases to and restore models they registered themselves",
        ),
        Permission(
            Action.EDIT_ANY_MODEL,
            Role.MAINTAINER,
            "Unregister, describe, give aliases to and restore anyone's models",
        ),
    ),
    "Schedules": (
        Permission(Action.ADD_SCHEDULE, Role.RESEARCHER, "Add and duplicate schedules"),
        Permission(
            Action.EDIT_OWN_SCHEDULE,
            Role.RESEARCHER,
            "Edit, pause, resume and delete their own schedules, and run them now",
        ),
        Permission(
            Action.EDIT_ANY_SCHEDULE,
            Role.MAINTAINER,
            "Edit, pause, resume and delete anyone's schedules, and run them now",
        ),
    ),
}
LEAST_ROLE: dict[Action, Role] = {line.action: line.least_role for lines in TABLE.values() for line in lines}

# What the table does not say. It stands below the table in Mantik and in the docs.
NOTES: tuple[str, ...] = (
    "Everybody may view a public project, signed in or not, with the names and sizes of its artifacts; only a "
    "Reporter or above can download them. Only members see the list of members; each run shows who started it.",
    "For everybody who is not a member, a private project does not exist: its pages say that nothing is there.",
    "Connections belong to a person, not to a project: nobody else can choose or change them, or see their secrets, "
    "whatever their role. The page of a run names the connection that it was submitted with.",
    "Mantik fetches a private code repository only with the connection that was chosen for it. If the owner of that "
    "connection may no longer add code, nothing is fetched until somebody chooses a connection of their own.",
    "A schedule runs with a connection that the connection's owner chose for it, in the name of that member, and only "
    "while that member may add runs. Others who may edit it can start it and change when it runs; to change what it "
    "runs, they have to choose a connection of their own.",
    "A project always has an owner. The last owner can leave or step down only after making another member an owner.",
    "A group may have any role but Owner. Somebody with several roles, of their own and through groups, may do what "
    "the highest of them allows.",
    "Operators of this installation can use the operators' pages under /admin/; that gives them no role in any "
    "project.",
)


def role_of(user: User | AnonymousUser, project: Project) -> Role | None:
    """The highest role that `user` has in `project`, directly or by a group; None for somebody outside.

    One query; the answer is kept on the user.
    """
    if not user.is_authenticated:
        return None
    known: dict[int, Role | None] = user.__dict__.setdefault("_role_by_project", {})
    if project.pk not in known:
        known[project.pk] = roles_in([project], user=user).get(project.pk)
    return known[project.pk]


def roles_in(projects: Iterable[Project], *, user: User) -> dict[int, Role]:
    """The highest role of `user` in each of `projects` by its primary key, those without one left out. One query."""
    found = roles_of_people(users=[user.pk], projects=[project.pk for project in projects])
    return {project: role for (_, project), role in found.items()}


def roles_of_people(*, users: Collection[int], projects: Collection[int]) -> dict[tuple[int, int], Role]:
    """The highest roles by (user, project), both by primary key, pairs without one left out. One query."""
    own = Membership.objects.filter(user__in=users, project__in=projects).values_list("user", "project", "role")
    by_group = GroupMembership.objects.filter(group__members__user__in=users, project__in=projects)
    found: dict[tuple[int, int], Role] = {}
    for user, project, value in own.union(by_group.values_list("group__members__user", "project", "role")):
        role = Role(value)
        if (user, project) not in found or role.at_least(found[user, project]):
            found[user, project] = role
    return found


def may(user: User | AnonymousUser, action: Action, project: Project) -> bool:
    """Whether `user` may do `action` in `project`. Anybody may look at a public project."""
    if action is Action.VIEW_PROJECT and project.is_public:
        return True
    if user.is_authenticated and not user.is_active:
        return False
    role = role_of(user, project)
    return role is not None and role.at_least(LEAST_ROLE[action])
