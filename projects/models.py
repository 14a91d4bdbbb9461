"""The unit of collaboration, and what it holds besides runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from connections.models import Connection
from projects.permissions import Role
from projects.querysets import (
    CodeRepositoryQuerySet,
    ExperimentQuerySet,
    InvitationQuerySet,
    MembershipQuerySet,
    ProjectQuerySet,
)


class Project(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=200, blank=True)
    is_public = models.BooleanField("public", default=False, help_text="Anybody may look at it, signed in or not.")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="projects.Membership", related_name="projects")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
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


class FormerAddress(models.Model):
    """Where a project was before it was renamed. Links to it go on leading there, so nobody else may take it."""

    slug = models.SlugField(max_length=60, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="former_addresses")

    class Meta:
        verbose_name_plural = "former addresses"

    def __str__(self) -> str:
        return self.slug


class Invitation(models.Model):
    """A role in a project that waits for somebody's yes. Once answered, withdrawn or expired it stays as it is."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
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

    def __str__(self) -> str:
        return f"{self.user} to {self.project}: {self.get_role_display()}"

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
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("project", Lower("name"), name="experiment_name_unique_per_project")]

    def __str__(self) -> str:
        return self.name

    @property
    def mlflow_name(self) -> str:
        """Unique over all projects. Once it is made, MLflow's id counts, whatever names become."""
        return f"{self.project.slug}/{self.name} ({self.uuid})"


class CodeRepository(models.Model):
    """A link to a git repository, with a connection that holds a token if it is private."""

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

    objects = CodeRepositoryQuerySet.as_manager()

    # How many branches the mirror has; set by the page that shows it.
    branch_count: int | None = None

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
