"""The unit of collaboration, and what it holds besides runs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from connections.models import Connection
from projects.permissions import Role
from projects.querysets import CodeRepositoryQuerySet, ExperimentQuerySet, ProjectQuerySet


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

    class Meta:
        constraints = [
            models.UniqueConstraint("project", "user", name="membership_unique"),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}: {self.get_role_display()}"


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
        """Unique over all projects, and the same for ever: names may change, UUIDs do not."""
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
