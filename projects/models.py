"""The unit of collaboration, and what it holds besides runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from connections.git.host_keys import HostKey
from connections.models import Connection
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


class Label(models.Model):
    """A word that projects can be found by. Maintainers write them; all in lower case, so one word is one label."""

    name = models.CharField(max_length=30)

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="label_name_unique")]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=200, blank=True)
    # Markdown, as it was written.
    description = models.TextField(blank=True)
    labels = models.ManyToManyField(Label, related_name="projects", blank=True)
    is_public = models.BooleanField("public", default=False, help_text="Anybody may look at it, signed in or not.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="projects.Membership", related_name="projects")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        # The list of public projects, newest first.
        indexes = [models.Index(F("id").desc(), name="project_public_list", condition=Q(is_public=True))]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    # Nobody's account is deleted while a project would be without an owner for it.
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


class UserGroup(models.Model):
    """People who share a role in projects. Its admins say who is in it; owners of projects say what it may there."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, through="projects.GroupMember", related_name="groups_of")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserGroupQuerySet.as_manager()

    class Meta:
        verbose_name = "group"
        constraints = [models.UniqueConstraint(Lower("name"), name="user_group_name_unique")]

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
    """The role of everybody of a group in a project. Owners are persons, never a group."""

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


class FormerAddress(models.Model):
    """Where a project was before it was renamed. Links to it go on leading there, so nobody else may take it."""

    slug = models.SlugField(max_length=60, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="former_addresses")

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.slug


class Invitation(models.Model):
    """A role in a project that waits for somebody's yes. Once answered, withdrawn or expired it stays as it is.

    It is for an account, or for whoever has shown that an e-mail address is theirs; who accepted is `user` then, too.
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
    # An open one past `expires_at` counts as expired, whether or not anybody has written that down.
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
        """Who is invited, as the owner named them."""
        return self.email or (self.user.display_name if self.user else "")

    @property
    def is_expired(self) -> bool:
        return self.state == self.State.EXPIRED or (self.state == self.State.OPEN and self.expires_at <= timezone.now())

    @property
    def inviter(self) -> str:
        """Who invited, for sentences."""
        return self.invited_by.display_name if self.invited_by else "An owner"


class Experiment(models.Model):
    """A named group of runs, backed by one MLflow experiment, which a worker makes when it is first needed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    mlflow_experiment_id = models.CharField(max_length=64, blank=True, editable=False)
    # Since when MLflow does not know of a new name; None when it does.
    rename_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("project", Lower("name"), name="experiment_name_unique_per_project")]
        indexes = [
            models.Index("rename_due_at", name="experiment_rename_due", condition=Q(rename_due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def mlflow_name(self) -> str:
        """Unique over all projects. Once it is made, MLflow's id counts, whatever names become."""
        return f"{self.project.slug}/{self.name} ({self.uuid})"


class RetiredExperiment(models.Model):
    """An MLflow experiment whose own is deleted here, until a worker has put it into MLflow's bin."""

    mlflow_experiment_id = models.CharField(max_length=64)
    retired_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.mlflow_experiment_id


class CodeRepository(models.Model):
    """A link to a git repository, with a connection that holds a token or an SSH key if it is private."""

    class Platform(models.TextChoices):
        GITHUB = "github", "GitHub"
        GITLAB = "gitlab", "GitLab"
        BITBUCKET = "bitbucket", "Bitbucket"
        OTHER = "other", "Other git host"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="code_repositories")
    name = models.CharField(max_length=80)
    url = models.CharField("URL", max_length=400)
    platform = models.CharField(max_length=16, choices=Platform, default=Platform.OTHER)
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="code_repositories"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # What the workers' mirror knows. A request older than the last fetch has been served.
    fetch_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    fetched_at = models.DateTimeField(null=True, blank=True, editable=False)
    fetch_failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    fetch_error = models.TextField(blank=True, editable=False)
    # What the last good fetch brought, so that a list of many needs no disk.
    branch_count = models.PositiveIntegerField(null=True, blank=True, editable=False)
    default_branch = models.CharField(max_length=250, blank=True, editable=False)
    head_sha = models.CharField(max_length=64, blank=True, editable=False)
    head_subject = models.CharField(max_length=200, blank=True, editable=False)
    head_author = models.CharField(max_length=120, blank=True, editable=False)
    head_committed_at = models.DateTimeField(null=True, blank=True, editable=False)
    mirror_bytes = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    # The only key that its ssh host may show, kept when the host was first asked; and the one it has shown instead.
    host_key = models.CharField(max_length=1500, blank=True, editable=False)
    offered_host_key = models.CharField(max_length=1500, blank=True, editable=False)

    objects = CodeRepositoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "code repositories"
        constraints = [
            models.UniqueConstraint("project", Lower("name"), name="code_repository_name_unique_per_project")
        ]
        indexes = [
            models.Index(
                "fetch_requested_at",
                name="code_repository_fetch_due",
                condition=Q(fetch_requested_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_being_fetched(self) -> bool:
        return self.fetch_requested_at is not None

    @property
    def badge(self) -> dict[str, str | bool]:
        """How its state is drawn."""
        if self.is_being_fetched:
            return {"label": "Being read", "hue": "run", "icon": "arrow-repeat", "pulses": True}
        if self.fetch_error:
            return {"label": "Not readable", "hue": "bad", "icon": "x-circle-fill"}
        if self.fetched_at:
            return {"label": "Readable", "hue": "ok", "icon": "check-circle-fill"}
        return {"label": "Not read yet", "hue": "wait", "icon": "hourglass-split"}

    @property
    def fingerprint(self) -> str:
        """Of the host's key; "" where none is kept."""
        return _fingerprint(self.host_key)

    @property
    def offered_fingerprint(self) -> str:
        """Of the key that the host has shown instead of the one that is kept, until somebody decides."""
        return _fingerprint(self.offered_host_key)


def _fingerprint(line: str) -> str:
    key = HostKey.parse(line)
    return key.fingerprint if key else ""
