"""What the demo puts into the database, and that a second start goes on with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone

from connections.models import Connection, Site
from mantik.accounts.models import User
from mantik.demo.demo_site import DemoSite
from mantik.demo.seed import Seed, ensure_logins, seed
from projects.models import CodeRepository, Experiment, Project
from projects.permissions import Action, may

pytestmark = pytest.mark.django_db

SANDBOX = DemoSite("Sandbox", "sandbox", "http://127.0.0.1:4711/SANDBOX/rest/core", "demo", "first")
UNICOREX = DemoSite("UNICORE/X", "unicorex", "http://127.0.0.1:4712/rest/core", "demo", "other")


def seeded(data_dir: Path, site: DemoSite = SANDBOX) -> Seed:
    member, _operator = ensure_logins(data_dir)
    return seed(member=member.user, site=site, repository=data_dir / "code", now=timezone.now())


def counts() -> list[int]:
    models = (User, Project, Experiment, CodeRepository, Site, Connection)
    return [model.objects.count() for model in models]


def test_a_second_start_finds_everything_there(tmp_path: Path) -> None:
    first, before = seeded(tmp_path), counts()
    assert seeded(tmp_path) == first
    assert counts() == before == [2, 1, 1, 1, 1, 1]


def test_the_member_may_start_runs_and_is_no_operator(tmp_path: Path) -> None:
    project = seeded(tmp_path).project
    member, operator = ensure_logins(tmp_path)
    assert may(member.user, Action.ADD_RUN, project)
    assert not member.user.is_staff
    assert operator.user.is_superuser


def test_the_password_stays_and_only_the_owner_of_the_files_can_read_it(tmp_path: Path) -> None:
    first, _ = ensure_logins(tmp_path)
    second, _ = ensure_logins(tmp_path)
    assert second.password == first.password
    assert User.objects.get(username="demo").check_password(first.password)
    assert (tmp_path / "demo" / "login.json").stat().st_mode & 0o077 == 0
    assert first.password not in repr(first)


def test_a_password_that_was_changed_is_set_back_to_the_one_that_is_printed(tmp_path: Path) -> None:
    member, _ = ensure_logins(tmp_path)
    member.user.set_password("something else")
    member.user.save()
    again, _ = ensure_logins(tmp_path)
    assert User.objects.get(username="demo").check_password(again.password)


def test_a_site_that_listens_elsewhere_now_is_found_there(tmp_path: Path) -> None:
    seeded(tmp_path)
    moved = replace(SANDBOX, base_url="http://127.0.0.1:5000/SANDBOX/rest/core")
    connection = seeded(tmp_path, moved).connection
    assert Site.objects.get().base_url == moved.base_url
    assert connection.site == Site.objects.get()


def test_a_site_with_new_passwords_gets_the_new_one(tmp_path: Path) -> None:
    seeded(tmp_path)
    connection = seeded(tmp_path, replace(SANDBOX, password="second")).connection
    connection.refresh_from_db()
    assert connection.reveal_secret() == "second"


def test_another_site_is_one_more_connection_of_the_same_project(tmp_path: Path) -> None:
    first, second = seeded(tmp_path), seeded(tmp_path, UNICOREX)
    assert second.project == first.project
    assert second.connection != first.connection
    assert Connection.objects.count() == Site.objects.count() == 2


def test_each_start_asks_for_the_newest_code(tmp_path: Path) -> None:
    repository = seeded(tmp_path).code_repository
    CodeRepository.objects.update(fetched_at=timezone.now(), fetch_served=F("fetch_requested"))
    seeded(tmp_path)
    repository.refresh_from_db()
    assert repository.awaits_fetch


def test_a_data_directory_that_has_moved_takes_its_code_with_it(tmp_path: Path) -> None:
    seeded(tmp_path)
    member, _ = ensure_logins(tmp_path)
    moved = seed(member=member.user, site=SANDBOX, repository=Path("/elsewhere/code"), now=timezone.now())
    assert CodeRepository.objects.get().url == "/elsewhere/code"
    assert moved.code_repository.url == "/elsewhere/code"
