"""The people every test knows, and their browsers.

Alice owns the project, Maria maintains it, Bob and Ada do research in it, Rita reports and Gus is a guest. Olga is
signed in and has nothing to do with it. Otto runs the machine, which gives him the admin and no project.

No other file has a fixture of one of these names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from connections.mlflow import breaker
from mantik.accounts.models import User
from mantik.lib import database_loss, disk, queue
from projects.models import Project
from projects.roles import Role
from tests.support.audited import changes, check
from tests.support.factories import join, make_project, make_user
from tests.support.pages import confirm_identity

pytest_plugins = [
    "tests.support.proofs",
    "tests.support.quick_flush",
    "tests.support.static_files",
    "tests.support.database",
    "tests.support.days",
    "tests.connections.git.ssh_host",
    "tests.support.live_server",
    "tests.support.messages",
    "tests.support.mlflow_server",
    "tests.support.oidc",
    "tests.support.sites",
    "tests.support.stopped_queries",
]

ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _nobody_has_tried_before() -> None:
    """Attempts to sign in are counted, and what did not answer or had no room is known for a while."""
    cache.clear()
    disk.watch.__init__()  # type: ignore[misc]
    queue._Broker.silent_until = 0.0
    database_loss.outage.end()
    # In place: clients keep theirs.
    for known in breaker._breakers.values():
        known.__init__()  # type: ignore[misc]


@pytest.fixture(autouse=True)
def _changes_are_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every test that sends something."""
    request = Client.request

    def looked_at(client: Client, **environ: Any) -> Any:
        if environ.get("REQUEST_METHOD") == "GET":
            return request(client, **environ)
        with changes() as seen:
            response = request(client, **environ)
        check(response, seen)
        return response

    monkeypatch.setattr(Client, "request", looked_at)


@pytest.fixture
def project(db: None) -> Project:
    """Private."""
    return make_project(name="PV yield", slug="pv-yield")


@pytest.fixture
def public_project(db: None) -> Project:
    """Public, and without members."""
    return make_project(name="Open data", slug="open-data", is_public=True)


@pytest.fixture
def alice(db: None) -> User:
    """As long as she has no project, and has told no other name."""
    return make_user("alice")


@pytest.fixture
def owner(project: Project, alice: User) -> User:
    alice.first_name, alice.last_name = "Alice", "Owner"
    alice.save(update_fields=["first_name", "last_name"])
    return join(project, Role.OWNER, alice)


@pytest.fixture
def maintainer(project: Project) -> User:
    return join(project, Role.MAINTAINER, make_user("maria", first_name="Maria"))


@pytest.fixture
def researcher(project: Project) -> User:
    return join(project, Role.RESEARCHER, make_user("bob", first_name="Bob"))


@pytest.fixture
def ada(project: Project) -> User:
    """The second researcher: runs, models and schedules of most tests are hers."""
    return join(project, Role.RESEARCHER, make_user("ada"))


@pytest.fixture
def reporter(project: Project) -> User:
    return join(project, Role.REPORTER, make_user("rita", first_name="Rita"))


@pytest.fixture
def guest(project: Project) -> User:
    return join(project, Role.GUEST, make_user("gus", first_name="Gus"))


@pytest.fixture
def outsider(db: None) -> User:
    return make_user("olga", first_name="Olga")


@pytest.fixture
def operator(db: None) -> User:
    return make_user("otto", first_name="Otto", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> ClientOf:
    """`client_of(user)` is a browser in which `user` is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def confirmed_client_of(client_of: ClientOf) -> ClientOf:
    """As `client_of`; `user` has just said once more who they are."""

    def confirmed(user: User) -> Client:
        client = client_of(user)
        confirm_identity(client, user)
        return client

    return confirmed
