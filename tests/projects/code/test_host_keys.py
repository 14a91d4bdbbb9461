"""A code repository over ssh, from the form to its branches, and when its host shows another key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.code import mirrors
from projects.code.git_access import access_to
from projects.models import CodeRepository, Project
from tests.conftest import ClientOf
from tests.connections.git.repository import Repository
from tests.connections.git.ssh_host import SshHost
from tests.support.fetching import fetch_as_asked
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

Fetch = Callable[[], CodeRepository]


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Repository:
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    made = Repository(tmp_path / "source")
    made.write("MLproject", "name: test\n")
    made.commit("First")
    return made


@pytest.fixture
def code(
    confirmed_client_of: ClientOf, researcher: User, project: Project, source: Repository, ssh_host: SshHost
) -> CodeRepository:
    """Added by Bob in the form, with a key that Mantik has made and the host lets in."""
    form = {
        "name": "training",
        "url": f"{ssh_host.address}{source.path}",
        "platform": "other",
        "connection": "new-key",
    }
    assert confirmed_client_of(researcher).post("/projects/pv-yield/code/add/", form).status_code == 302
    connection = Connection.objects.get(kind=Connection.Kind.SSH_KEY)
    ssh_host.let_in(connection.public_key)
    return project.code_repositories.get()


@pytest.fixture
def fetched(code: CodeRepository) -> Fetch:
    def fetch() -> CodeRepository:
        fetch_as_asked(code)
        code.refresh_from_db()
        return code

    return fetch


def at(code: CodeRepository, page: str = "") -> str:
    return f"/projects/pv-yield/code/{code.uuid}/{page}"


def test_code_is_read_with_the_key_that_mantik_made(
    confirmed_client_of: ClientOf, guest: User, code: CodeRepository, fetched: Fetch, ssh_host: SshHost
) -> None:
    assert fetched().fetch_error == ""
    assert [branch.name for branch in mirrors.mirror_of(code).branches()] == ["main"]
    assert code.fingerprint == ssh_host.fingerprint
    assert ssh_host.fingerprint in page_text(confirmed_client_of(guest).get(at(code)))
    event = AuditEvent.objects.get(verb="code_repository.host_key_kept")
    assert (event.actor, event.after["fingerprint"]) == (None, ssh_host.fingerprint)


def test_the_key_of_a_host_is_kept_although_it_lets_nobody_in_yet(
    code: CodeRepository, fetched: Fetch, ssh_host: SshHost
) -> None:
    (ssh_host.directory / "authorized_keys").write_text("")
    assert "Add the public key of the connection there" in fetched().fetch_error
    assert code.fingerprint == ssh_host.fingerprint


def test_a_changed_key_is_refused_with_both_until_somebody_accepts_it(
    confirmed_client_of: ClientOf,
    researcher: User,
    reporter: User,
    code: CodeRepository,
    fetched: Fetch,
    ssh_host: SshHost,
) -> None:
    fetched()
    old = ssh_host.fingerprint
    ssh_host.change_host_key()
    ssh_host.restart()
    asked = len(ssh_host.asked)
    error = fetched().fetch_error
    assert f"127.0.0.1 presents a different host key than before: {ssh_host.fingerprint} instead of {old}." in error
    assert len(ssh_host.asked) == asked
    assert "accept the new one" in page_text(confirmed_client_of(researcher).get(at(code)))
    assert "accept the new one" not in page_text(confirmed_client_of(reporter).get(at(code)))
    assert confirmed_client_of(reporter).post(at(code, "host-key/"), {"fingerprint": old}).status_code == 403

    client = confirmed_client_of(researcher)
    question = page_text(client.get(at(code, "host-key/")))
    assert f"Known key: {old}" in question
    assert f"New key: {ssh_host.fingerprint}" in question
    client.post(at(code, "host-key/"), {"fingerprint": ssh_host.fingerprint})
    assert fetched().fetch_error == ""
    assert (code.fingerprint, code.offered_fingerprint) == (ssh_host.fingerprint, "")
    event = AuditEvent.objects.get(verb="code_repository.host_key_accepted")
    told = (event.actor, event.before, event.after)
    assert told == (researcher, {"fingerprint": old}, {"fingerprint": ssh_host.fingerprint})


def test_a_key_that_has_changed_since_the_question_was_asked_is_not_accepted(
    confirmed_client_of: ClientOf, researcher: User, code: CodeRepository, fetched: Fetch, ssh_host: SshHost
) -> None:
    fetched()
    for _ in range(2):
        ssh_host.change_host_key()
        ssh_host.restart()
        seen = fetched().offered_fingerprint
        assert seen == ssh_host.fingerprint
        stale = seen
    ssh_host.change_host_key()
    ssh_host.restart()
    fetched()
    response = confirmed_client_of(researcher).post(at(code, "host-key/"), {"fingerprint": stale}, follow=True)
    assert "After you opened that page, the host presented yet another key." in page_text(response)
    code.refresh_from_db()
    assert code.fingerprint not in (stale, ssh_host.fingerprint)


def test_a_host_that_shows_its_own_key_again_needs_nobody(
    code: CodeRepository, fetched: Fetch, ssh_host: SshHost
) -> None:
    fetched()
    kept = code.host_key
    own = {path.name: path.read_bytes() for path in ssh_host.directory.glob("host*")}
    ssh_host.change_host_key()
    ssh_host.restart()
    assert fetched().fetch_error
    for name, content in own.items():
        (ssh_host.directory / name).write_bytes(content)
    ssh_host.restart()
    assert fetched().fetch_error == ""
    assert (code.host_key, code.offered_host_key) == (kept, "")


def test_two_workers_keep_one_key(code: CodeRepository, fetched: Fetch, ssh_host: SshHost) -> None:
    """The second has read the row before the first has written the key."""
    early = CodeRepository.objects.select_related("connection__owner", "project").get(pk=code.pk)
    fetched()
    ssh_host.change_host_key()
    ssh_host.restart()
    assert str(access_to(early).host_key) == code.host_key == early.host_key
    kept = code.host_key
    assert "presents a different host key than before" in fetched().fetch_error
    assert code.host_key == kept
