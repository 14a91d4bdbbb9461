"""What the demo puts into the database: a member, a project, its experiment and code, a site and a connection.

Everything is looked up first, so a second start uses what is there and only brings it up to date.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connections.models import Connection, Site
from connections.services.connections import add_connection, replace_secret
from mantik.accounts.models import User
from mantik.demo.demo_site import DemoSite
from mantik.lib.sealing import SealBroken
from projects.code import mirrors
from projects.models import CodeRepository, Experiment, Project
from projects.services.code_repositories import CodeLink, add_code_repository
from projects.services.experiments import add_experiment
from projects.services.projects import create_project

SLUG = "demo"
MEMBER = "demo"
OPERATOR = "operator"
EXPERIMENT = "Small networks"
CODE = "handwritten-digits"


@dataclass(frozen=True)
class Login:
    user: User
    password: str = field(repr=False)


@dataclass(frozen=True)
class Seed:
    """What the new-run form is filled in with."""

    project: Project
    experiment: Experiment
    code_repository: CodeRepository
    connection: Connection


def ensure_logins(data_dir: Path) -> tuple[Login, Login]:
    """The demo's member and operator. They share a password, which is made once and kept in the data directory."""
    password = _password(data_dir / "demo" / "login.json")
    return (
        _login(MEMBER, password, first_name="Demo", last_name="Member"),
        _login(OPERATOR, password, is_staff=True, is_superuser=True),
    )


def seed(*, member: User, site: DemoSite, repository: Path, now: datetime) -> Seed:
    """Store what is missing, and ask a worker to fetch the code (`mirrors`)."""
    project = Project.objects.filter(slug=SLUG).first() or create_project(
        owner=member,
        name="Handwritten digits",
        slug=SLUG,
        summary="A small network learns to read the digits that come with scikit-learn.",
        is_public=False,
    )
    experiment = project.experiments.filter(name=EXPERIMENT).first() or add_experiment(
        project=project, user=member, name=EXPERIMENT, description="One hidden layer, trained epoch by epoch."
    )
    return Seed(
        project,
        experiment,
        _code_repository(project, member, str(repository), now),
        _connection(member, site, now),
    )


def _code_repository(project: Project, member: User, url: str, now: datetime) -> CodeRepository:
    found = project.code_repositories.filter(name=CODE).first()
    if found is None:
        return add_code_repository(
            project=project,
            user=member,
            link=CodeLink(CODE, url, CodeRepository.Platform.OTHER, connection=None),
            now=now,
        )
    if found.url != url:
        # The data directory has moved.
        found.url = url
        found.save(update_fields=["url"])
    # A new request: one that was under way when the last demo stopped may never be served.
    mirrors.request_another_fetch(found, now=now)
    return found


def _connection(member: User, site: DemoSite, now: datetime) -> Connection:
    entry, _ = Site.objects.update_or_create(
        name=site.name,
        added_by=None,
        defaults={"base_url": site.base_url, "notes": "It runs on this machine, for trying out."},
    )
    found = Connection.objects.filter(owner=member, name=site.connection).first()
    if found is None:
        return add_connection(
            owner=member,
            kind=Connection.Kind.UNICORE_PASSWORD,
            name=site.connection,
            site=entry,
            login_name=site.login,
            secret=site.password,
            now=now,
        )
    if not _has_secret(found, site.password):
        replace_secret(connection=found, secret=site.password, now=now)
    return found


def _has_secret(connection: Connection, secret: str) -> bool:
    try:
        return connection.reveal_secret() == secret
    except SealBroken:
        return False


def _login(name: str, password: str, **columns: str | bool) -> Login:
    user, _ = User.objects.get_or_create(username=name, defaults=columns)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return Login(user, password)


def _password(path: Path) -> str:
    if path.exists():
        return str(json.loads(path.read_text())["password"])
    path.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(9)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"password": password}, file)
    return password
