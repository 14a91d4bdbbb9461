"""What members change in a project. Views check the permission; services keep the rules."""

from datetime import datetime

from django.db import IntegrityError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from projects import addresses, mirrors
from projects.addresses import SlugTaken as SlugTaken
from projects.models import CodeRepository, Experiment, Membership, Project
from projects.permissions import Role


class NameTaken(Exception):
    """The project already has one of that name."""


def create_project(*, owner: User, name: str, slug: str, summary: str, is_public: bool) -> Project:
    """A project always has an owner, from its first moment. Raises SlugTaken."""
    try:
        with transaction.atomic():
            project = Project.objects.create(name=name, slug=slug, summary=summary, is_public=is_public)
            addresses.check_never_had_by_another(project)
            Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    except IntegrityError:
        raise SlugTaken from None
    return project


def edit_project(
    *, project: Project, name: str, summary: str, is_public: bool | None = None, slug: str | None = None
) -> None:
    """All of it or nothing; None leaves visibility and address as they are. Raises SlugTaken."""
    with transaction.atomic():
        if slug is not None:
            addresses.move(project, slug)
        project.name, project.summary = name, summary
        project.is_public = project.is_public if is_public is None else is_public
        project.save(update_fields=["name", "summary"] if is_public is None else ["name", "summary", "is_public"])


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
