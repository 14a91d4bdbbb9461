"""From the form to a mirror with branches, with a real git repository and the task a worker runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from connections.models import Connection
from mantik.accounts.models import User
from projects import tasks
from projects.code import mirrors
from projects.models import CodeRepository, Project
from projects.services import code_repositories
from tests.conftest import ClientOf
from tests.connections.git.repository import Repository
from tests.support.factories import make_code_repository, make_connection
from tests.support.fetching import fetch, fetch_as_asked
from tests.support.messages import Message
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db

ADD = "/projects/pv-yield/code/add/"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Repository:
    """A repository with the branches `main` and `topic`, on this disk, from which it may be fetched."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    made = Repository(tmp_path / "source")
    made.write("MLproject", "name: test\n")
    made.commit("First")
    made.git("branch", "topic")
    return made


@pytest.fixture
def linked(source: Repository, project: Project, researcher: User) -> CodeRepository:
    """Added, and not fetched yet."""
    return make_code_repository(project=project, name="training", url=str(source.path), created_by=researcher)


def fetch_of(repository: CodeRepository) -> Message:
    return ("projects.tasks.fetch_code_repository", {"repository_id": repository.pk})


def form(source: Repository | str, **changes: str) -> dict[str, str]:
    url = source if isinstance(source, str) else str(source.path)
    return {"name": "training", "url": url, "platform": "other", "connection": ""} | changes


def branches(repository: CodeRepository) -> list[str]:
    return sorted(branch.name for branch in mirrors.mirror_of(repository).branches())


def test_what_is_added_is_fetched_by_a_worker_and_shown_with_its_branches(
    client_of: ClientOf,
    researcher: User,
    project: Project,
    source: Repository,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = client_of(researcher)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(ADD, form(source))
    repository = project.code_repositories.get()
    assert response["Location"] == f"/projects/pv-yield/code/{repository.uuid}/"
    assert sent == [fetch_of(repository)]
    text = page_text(client.get(response["Location"]))
    assert "training was added. You can use it as soon as it has been read." in text
    assert "Being read" in text

    tasks.fetch_code_repository(repository_id=repository.pk)
    repository.refresh_from_db()
    assert (repository.fetch_error, repository.awaits_fetch, repository.fetch_requested_at) == ("", False, None)
    assert branches(repository) == ["main", "topic"]
    assert (repository.branch_count, repository.default_branch, repository.head_subject) == (2, "main", "First")
    assert repository.mirror_bytes
    text = page_text(client.get("/projects/pv-yield/code/"))
    assert "Readable" in text
    assert "First" in text


def test_a_repository_that_is_not_there_is_explained_on_the_page(
    client_of: ClientOf, researcher: User, linked: CodeRepository, source: Repository
) -> None:
    CodeRepository.objects.filter(pk=linked.pk).update(url=f"{source.path}-not-there")
    fetch_as_asked(linked)
    linked.refresh_from_db()
    assert not linked.awaits_fetch
    assert linked.fetch_failed_at is not None
    text = page_text(client_of(researcher).get("/projects/pv-yield/code/"))
    assert f"There is no git repository at {source.path}-not-there" in text
    assert "Not readable" in text
    assert "fatal:" not in text


def test_a_failed_fetch_leaves_what_was_there(linked: CodeRepository, source: Repository) -> None:
    fetch(linked, now=NOW)
    source.path.rename(source.path.with_name("moved"))
    fetch(linked, now=NOW + timedelta(hours=1))
    linked.refresh_from_db()
    assert linked.fetch_error
    assert (linked.fetched_at, linked.fetch_failed_at) == (NOW, NOW + timedelta(hours=1))
    assert branches(linked) == ["main", "topic"]
    source.path.with_name("moved").rename(source.path)
    fetch(linked, now=NOW + timedelta(hours=2))
    linked.refresh_from_db()
    assert linked.fetch_error == ""


def test_a_token_that_does_not_open_any_more_is_explained(
    linked: CodeRepository, researcher: User, settings: Settings
) -> None:
    from cryptography.fernet import Fernet

    linked.connection = make_connection(owner=researcher, kind=Connection.Kind.GIT_TOKEN, name="my token")
    linked.save()
    settings.MANTIK_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    fetch(linked, now=NOW)
    linked.refresh_from_db()
    assert linked.fetch_error.endswith("Replace the secret of the connection my token.")


def test_a_fetch_of_what_was_deleted_meanwhile_is_nothing() -> None:
    tasks.fetch_code_repository(repository_id=4711)
    assert not CodeRepository.objects.exists()


def test_a_member_can_have_it_read_again(
    client_of: ClientOf,
    researcher: User,
    guest: User,
    outsider: User,
    linked: CodeRepository,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    path = f"/projects/pv-yield/code/{linked.uuid}/refresh/"
    with django_capture_on_commit_callbacks(execute=True):
        assert client_of(outsider).post(path).status_code == 404
        assert client_of(guest).post(path).status_code == 403
        assert client_of(researcher).get(path).status_code == 405
    assert sent == []
    with django_capture_on_commit_callbacks(execute=True):
        response = client_of(researcher).post(path, follow=True)
    assert "training will be read again in a moment." in page_text(response)
    assert sent == [fetch_of(linked)]


def test_a_repository_of_another_project_is_not_there(
    client_of: ClientOf, researcher: User, project: Project, db: None
) -> None:
    other = make_code_repository()
    assert client_of(researcher).post(f"/projects/pv-yield/code/{other.uuid}/refresh/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "TRAINING"}, '"TRAINING" is taken by "training" in this project'),
        ({"url": "http://git.example.org/x.git"}, "http:// sends code and tokens unencrypted."),
        ({"url": "https://ada:hunter2@git.example.org/x.git"}, "The address contains a user name or a token."),
        ({"url": "ext::sh -c id"}, "The address of a git repository has no spaces"),
        ({"url": "/etc"}, "Repositories on the server's own disk are not allowed here."),
        ({"platform": "sourceforge"}, "Select a valid choice."),
        ({"connection": "4711"}, "valid"),
        ({"connection": "0b4e3a52-6f0a-4ad0-8d33-0c7f7f1f8a11"}, "Select a valid choice."),
    ],
)
def test_a_wrong_form_comes_back_with_a_sentence(
    client_of: ClientOf,
    researcher: User,
    linked: CodeRepository,
    settings: Settings,
    changes: dict[str, str],
    sentence: str,
) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = False
    wrong = form("https://git.example.org/group/kept.git", name="kept as it was") | changes
    response = client_of(researcher).post(ADD, wrong)
    assert response.status_code == 422
    assert sentence in page_text(response)
    kept = "url" if "name" in changes else "name"
    assert f'value="{wrong[kept]}"' in response.content.decode()
    assert CodeRepository.objects.count() == 1


def test_only_ones_own_git_connections_can_be_chosen(
    client_of: ClientOf, researcher: User, owner: User, project: Project
) -> None:
    mine = make_connection(owner=researcher, kind=Connection.Kind.GIT_TOKEN, name="my token")
    other = make_connection(owner=owner, kind=Connection.Kind.GIT_TOKEN, name="alices token")
    site = make_connection(owner=researcher, name="juwels")
    client = client_of(researcher)
    page = page_text(client.get(ADD))
    assert "my token" in page
    assert "alices token" not in page
    assert "juwels" not in page
    for wrong in (other, site):
        assert client.post(ADD, form("https://git.example.org/x.git", connection=str(wrong.uuid))).status_code == 422
    client.post(ADD, form("https://git.example.org/x.git", connection=str(mine.uuid)))
    assert project.code_repositories.get().connection == mine


def test_who_is_not_signed_in_is_asked_to(client: Client, project: Project) -> None:
    response = client.post(ADD, form("https://git.example.org/x.git"))
    assert response["Location"] == f"/accounts/sign-in/?next={ADD}"
    assert not project.code_repositories.exists()


def test_the_list_costs_the_same_number_of_queries_however_long_it_is(
    client_of: ClientOf, researcher: User, project: Project
) -> None:
    client = client_of(researcher)
    counts = []
    for number in (5, 45):
        for _ in range(number):
            connection = make_connection(owner=researcher, kind=Connection.Kind.GIT_TOKEN)
            make_code_repository(project=project, created_by=researcher, connection=connection, fetched_at=NOW)
        counts.append(count_queries(client, "/projects/pv-yield/code/"))
    assert counts[0] == counts[1] <= 12


# What tells when it is fetched, and the keys of its host.
KEPT_FOR_ANOTHER_ADDRESS = {"fetch_requested", "fetch_served", "fetch_requested_at", "fetch_turn_at", "host_key"}


def test_of_another_address_nothing_that_was_read_is_kept(linked: CodeRepository) -> None:
    """Whatever a fetch stores: a new column is forgotten, too, or stands above."""
    before: Mapping[str, Any] = CodeRepository.objects.filter(pk=linked.pk).values().get()
    fetch(linked, now=NOW)
    found: Mapping[str, Any] = CodeRepository.objects.filter(pk=linked.pk).values().get()
    read = {name for name in found if found[name] != before[name]} - KEPT_FOR_ANOTHER_ADDRESS
    assert {"branch_count", "default_branch", "fetched_at", "head_sha", "mirror_bytes"} <= read
    linked.refresh_from_db()
    changed = code_repositories._changes(linked, url="https://git.example.org/elsewhere.git")
    assert {name: changed.get(name) for name in read} == {name: before[name] for name in read}
