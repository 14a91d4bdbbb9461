"""A project, the unit of collaboration, and what it holds besides runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from connections.git.host_keys import HostKey
from connections.models import Connection
from mantik.lib.leases import Leased
from mantik.lib.name_keys import NamedRow, NameKeyField
from projects.code.models import CodeBranch, CodeCommit, CodeFile, CodeText, WantedPath
from projects.querysets import (
    CodeRepositoryQuerySet,
    ExperimentQuerySet,
    GroupMemberQuerySet,
    GroupMembershipQuerySet,
    InvitationQuerySet,
    LabelQuerySet,
    MembershipQuerySet,
    ProjectQuerySet,
    UserGroupQuerySet,
)
from projects.roles import GROUP_ROLES, Role, cascade_unless_last_owner

# As long as MLflow's names.
LONGEST_METRIC = 250


class Label(NamedRow):
    """A word to find projects by. Maintainers write them; always in lower case, so that each word is one label."""

    name = models.CharField(max_length=30)
    name_key = NameKeyField()

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="label_name_unique"),
            models.UniqueConstraint("name_key", name="label_name_key_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Project(NamedRow):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    slug_key = NameKeyField("slug")
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=200, blank=True)
    # Markdown, as it was written.
    description = models.TextField(blank=True)
    labels = models.ManyToManyField(Label, related_name="projects", blank=True)
    is_public = models.BooleanField("public", default=False, help_text="Anybody may look at it, signed in or not.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="projects.Membership", related_name="projects")
    created_at = models.DateTimeField(auto_now_add=True)
    # What its runs have sent to MLflow as artifacts, those that are deleted as well: `runs.tracking.quota`.
    tracked_bytes = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        # The list of public projects, newest first.
        indexes = [models.Index(F("id").desc(), name="project_public_list", condition=Q(is_public=True))]
        constraints = [models.UniqueConstraint("slug_key", name="project_slug_key_unique")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    # An account cannot be deleted if that would leave a project without an owner.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=cascade_unless_last_owner, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "user", name="membership_unique"),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}: {self.get_role_display()}"


class UserGroup(NamedRow):
    """People who share a role in projects. Admins of the group decide who is in it, owners of a project its role."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    name_key = NameKeyField()
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, through="projects.GroupMember", related_name="groups_of")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserGroupQuerySet.as_manager()

    class Meta:
        verbose_name = "group"
        constraints = [
            models.UniqueConstraint(Lower("name"), name="user_group_name_unique"),
            models.UniqueConstraint("name_key", name="user_group_name_key_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """Somebody in a group."""

    group = models.ForeignKey(UserGroup, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="group_members")
    is_admin = models.BooleanField("admin", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GroupMemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("group", "user", name="group_member_unique")]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"


class GroupMembership(models.Model):
    """The role in a project of everybody in a group. A group cannot be an owner."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="group_memberships")
    group = models.ForeignKey(UserGroup, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, role.label) for role in GROUP_ROLES])
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GroupMembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "group", name="group_membership_unique"),
            models.CheckConstraint(
                name="group_membership_role_known", condition=Q(role__in=[role.value for role in GROUP_ROLES])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} in {self.project}: {self.get_role_display()}"


class FormerAddress(NamedRow):
    """A former address of a project. Links to it keep working, so no other project may take it."""

    slug = models.SlugField(max_length=60, unique=True)
    slug_key = NameKeyField("slug")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="former_addresses")

    class Meta:
        verbose_name_plural = "former addresses"
        constraints = [models.UniqueConstraint("slug_key", name="former_address_slug_key_unique")]

    def __str__(self) -> str:
        return self.slug


class Invitation(models.Model):
    """A role in a project that is offered to somebody. Once answered, withdrawn or expired it never changes.

    It is for an account, `user`, or for whoever has confirmed the address `email`. In that case `user` is None until an
    account accepts.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    # In lower case.
    email = models.EmailField("e-mail address", max_length=254, blank=True)
    role = models.CharField(max_length=16, choices=Role)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # An open invitation past `expires_at` counts as expired, whether or not its state says so.
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "project", "user", name="invitation_one_open_per_person", condition=Q(state="open")
            ),
            models.UniqueConstraint(
                "project",
                "email",
                name="invitation_one_open_per_address",
                condition=Q(state="open") & ~Q(email=""),
            ),
            models.CheckConstraint(name="invitation_for_somebody", condition=Q(user__isnull=False) | ~Q(email="")),
            models.CheckConstraint(name="invitation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="invitation_state_known",
                condition=Q(state__in=["open", "accepted", "declined", "withdrawn", "expired"]),
            ),
            models.CheckConstraint(
                name="invitation_closed_when_not_open",
                condition=Q(state="open", closed_at__isnull=True) | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["email"], name="invitation_of_address", condition=~Q(email=""))]

    def __str__(self) -> str:
        return f"{self.invitee} to {self.project}: {self.get_role_display()}"

    @property
    def invitee(self) -> str:
        """Who is invited: the account's name, or the e-mail address."""
        return self.email or (self.user.display_name if self.user else "")

    @property
    def is_expired(self) -> bool:
        return self.state == self.State.EXPIRED or (self.state == self.State.OPEN and self.expires_at <= timezone.now())

    @property
    def inviter(self) -> str:
        """The name of the owner who invited, for sentences."""
        return self.invited_by.display_name if self.invited_by else "An owner"


class Experiment(NamedRow):
    """A named group of runs, backed by one MLflow experiment, which a worker makes when it is first needed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=80)
    name_key = NameKeyField(within=["project_id"])
    description = models.CharField(max_length=200, blank=True)
    mlflow_experiment_id = models.CharField(max_length=64, blank=True, editable=False)
    # Since when MLflow lacks a new name; None if it has the name.
    rename_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The name of the metric that its runs are compared by; "" for none.
    pinned_metric = models.CharField(max_length=LONGEST_METRIC, blank=True, default="", db_default="", editable=False)
    more_is_better = models.BooleanField(default=True, db_default=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="experiment_name_unique_per_project"),
            models.UniqueConstraint("project", "name_key", name="experiment_name_key_unique"),
        ]
        indexes = [
            models.Index("rename_due_at", name="experiment_rename_due", condition=Q(rename_due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def mlflow_name(self) -> str:
        """The name in MLflow, unique over all projects. Once made, the MLflow experiment is known by its id."""
        return f"{self.project.slug}/{self.name} ({self.uuid})"


class RetiredExperiment(models.Model):
    """A deleted experiment, until a worker has deleted its MLflow experiment, too."""

    mlflow_experiment_id = models.CharField(max_length=64)
    retired_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.mlflow_experiment_id


class CodeRepository(NamedRow, Leased):
    """A link to a git repository, with a connection that holds a token or an SSH key if it is private.

    Its lease is for the one worker that fetches it: `projects.code.mirrors`.
    """

    class Platform(models.TextChoices):
        GITHUB = "github", "GitHub"
        GITLAB = "gitlab", "GitLab"
        BITBUCKET = "bitbucket", "Bitbucket"
        OTHER = "other", "Other git host"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="code_repositories")
    name = models.CharField(max_length=80)
    name_key = NameKeyField(within=["project_id"])
    url = models.CharField("URL", max_length=400)
    platform = models.CharField(max_length=16, choices=Platform, default=Platform.OTHER)
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="code_repositories"
    )
    # A run does not go without a file of the code: it ends before the job is sent.
    needs_all_files = models.BooleanField(default=False, db_default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Each request to fetch adds 1 to the first number. When a fetch is done, the second becomes what the first was when
    # the fetch read the row, so a request that is made while a fetch is under way is served by another one.
    fetch_requested = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    fetch_served = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    # Since when a request waits; None if none does. Only the order in which requests are served depends on it.
    fetch_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When a worker last began a fetch, whatever became of it or of the worker. Whose turn is next depends on it.
    fetch_turn_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The state of the mirror.
    fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    # `fetched_at` of the last fetch that stored what pages need (projects/code/models.py); None before the first one.
    branches_stored_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The address that it fetched from. After a change of the address these branches are no longer given out.
    branches_url = models.CharField(max_length=400, blank=True, default="", db_default="", editable=False)
    fetch_failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    fetch_error = models.TextField(blank=True, editable=False)
    # Copied from the last good fetch, so that a list does not read the disk.
    branch_count = models.PositiveIntegerField(null=True, blank=True, editable=False)
    default_branch = models.CharField(max_length=250, blank=True, editable=False)
    head_sha = models.CharField(max_length=64, blank=True, editable=False)
    head_subject = models.CharField(max_length=200, blank=True, editable=False)
    head_author = models.CharField(max_length=120, blank=True, editable=False)
    head_committed_at = models.DateTimeField(null=True, blank=True, editable=False)
    mirror_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    # The key that the ssh host presented first and has to present again; and another one that it presented later.
    host_key = models.CharField(max_length=1500, blank=True, editable=False)
    offered_host_key = models.CharField(max_length=1500, blank=True, editable=False)

    objects = CodeRepositoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "code repositories"
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="code_repository_name_unique_per_project"),
            models.UniqueConstraint("project", "name_key", name="code_repository_name_key_unique"),
            models.CheckConstraint(
                name="code_repository_served_what_was_requested",
                condition=Q(fetch_served__lte=F("fetch_requested")),
            ),
        ]
        indexes = [
            models.Index(
                "fetch_requested_at",
                name="code_repository_fetch_waits",
                condition=Q(fetch_requested__gt=F("fetch_served")),
            ),
            models.Index(
                "lease_until",
                name="code_repository_being_fetched",
                condition=Q(lease_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def awaits_fetch(self) -> bool:
        """Whether a fetch was asked for and is not done: it waits, or is under way."""
        return self.fetch_requested > self.fetch_served

    @property
    def badge(self) -> dict[str, str | bool]:
        """The badge of its state."""
        if self.awaits_fetch:
            return {"label": "Being read", "hue": "run", "icon": "arrow-repeat", "pulses": True}
        if self.fetch_error:
            return {"label": "Not readable", "hue": "bad", "icon": "x-circle-fill"}
        if self.fetched_at:
            return {"label": "Readable", "hue": "ok", "icon": "check-circle-fill"}
        return {"label": "Not read yet", "hue": "wait", "icon": "hourglass-split"}

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the host's key; "" if none is kept."""
        return _fingerprint(self.host_key)

    @property
    def offered_fingerprint(self) -> str:
        """The fingerprint of another key that the host presented, until somebody decides about it; else ""."""
        return _fingerprint(self.offered_host_key)


def _fingerprint(line: str) -> str:
    key = HostKey.parse(line)
    return key.fingerprint if key else ""


class GitHostOutage(models.Model):
    """A git host that does not answer. The row is deleted when it answers. See `projects.code.hosts`."""

    # With its port, if that is unusual.
    host = models.CharField(max_length=300, unique=True)
    began_at = models.DateTimeField()
    # Why the latest fetch had no answer, in a sentence.
    reason = models.TextField()
    # How many fetches in a row had no answer.
    tries = models.PositiveIntegerField(default=1)
    next_try_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host} since {self.began_at:%Y-%m-%d %H:%M}"


# Django looks for all of an app's models here.
__all__ = [
    "CodeBranch",
    "CodeCommit",
    "CodeFile",
    "CodeRepository",
    "CodeText",
    "Experiment",
    "FormerAddress",
    "GitHostOutage",
    "GroupMember",
    "GroupMembership",
    "Invitation",
    "Label",
    "Membership",
    "Project",
    "RetiredExperiment",
    "UserGroup",
    "WantedPath",
]
