"""What members change in a project. Views check the permission; services keep the rules."""

from datetime import datetime

from django.db import IntegrityError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from projects import mirrors
from projects.models import CodeRepository, Experiment, Membership, Project
from projects.permissions import Role


class NameTaken(Exception):
    """The project already has one of that name."""


class SlugTaken(Exception):
    """Another project already has that address."""


def create_project(*, owner: User, name: str, slug: str, summary: str, is_public: bool) -> Project:
    """A project always has an owner, from its first moment. Raises SlugTaken."""
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug, summary=summary, is_public=is_public)
            Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    except IntegrityError:
        raise SlugTaken from None
    return project


def add_experiment(*, project: Project, user: User, name: str, description: str) -> Experiment:
    """Raises NameTaken. The MLflow experiment is made by a worker, when the first run needs it."""
    try:
        with transaction.atomic():
            return Experiment.objects.create(project=project, created_by=user, name=name, description=description)
    except IntegrityError:
        raise NameTaken from None


def add_code_repository(
    *,
    project: Project,
    user: User,
    name: str,
    url: str,
    platform: CodeRepository.Platform,
    connection: Connection | None,
    now: datetime,
) -> CodeRepository:
    """Raises NameTaken. The first fetch starts by itself."""
    try:
        with transaction.atomic():
            repository = CodeRepository.objects.create(
                project=project, created_by=user, name=name, url=url, platform=platform, connection=connection
            )
            mirrors.request_fetch(repository, now=now)
    except IntegrityError:
        raise NameTaken from None
    return repository
