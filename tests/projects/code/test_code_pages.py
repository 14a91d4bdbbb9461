"""The page of a code repository: what it shows to whom, and editing and deleting it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from connections.models import Connection
from connections.services.connections import replace_secret
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects import tasks
from projects.models import CodeRepository, Project
from projects.roles import Role
from projects.services import code_repositories
from projects.services.code_repositories import (
    CodeLink,
    DeletedMeanwhile,
    NotYours,
    add_code_repository,
    delete_code_repository,
    edit_code_repository,
)
from projects.services.projects import NameTaken
from runs.models import Run
from runs.states import RunState
from tests.conftest import ClientOf
from tests.connections.git.repository import Repository
from tests.support.at_once import at_once
from tests.support.factories import join, make_code_repository, make_connection, make_project, make_run
from tests.support.fetching import fetch, fetch_as_asked, forget_requests
from tests.support.messages import Message
from tests.support.moments import just_before
from tests.support.pages import page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HTTPS = "https://git.example.org/group/code.git"
SSH = "git@git.example.org:group/code.git"


@pytest.fixture
def token(researcher: User) -> Connection:
    return make_connection(owner=researcher, kind=Connection.Kind.GIT_TOKEN, name="my token")


@pytest.fixture
def code(project: Project, researcher: User, token: Connection) -> CodeRepository:
    """Bob's, with his token."""
    return make_code_repository(
        project=project, name="training", url=HTTPS, created_by=researcher, connection=token, fetched_at=NOW
    )


@pytest.fixture
def others(project: Project, owner: User) -> CodeRepository:
    """Alice's, open to all."""
    return make_code_repository(project=project, name="shared", url=HTTPS, created_by=owner)


def at(code: CodeRepository, page: str = "") -> str:
    return f"/projects/pv-yield/code/{code.uuid}/{page}"


def form(code: CodeRepository, **changes: str) -> dict[str, str]:
    login = str(code.connection.uuid) if code.connection else ""
    return {"name": code.name, "url": code.url, "platform": code.platform, "connection": login} | changes


def events(verb: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(verb=f"code_repository.{verb}").order_by("pk"))


# What it shows


def test_the_page_shows_branches_with_their_last_commits(
    client_of: ClientOf, guest: User, project: Project, owner: User, tmp_path: Path, settings: Settings
) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    source = Repository(tmp_path / "source")
    source.write("MLproject", "name: test\n")
    sha = source.commit("Warm up longer")
    source.git("branch", "topic")
    code = make_code_repository(project=project, url=str(source.path), created_by=owner)
    fetch(code, now=NOW)
    text = page_text(client_of(guest).get(at(code)))
    for word in ("main", "default branch", "topic", sha[:7], "Warm up longer", "Ada", "Readable"):
        assert word in text
    assert "Read again" not in text
    assert "Delete" not in text


def test_while_it_is_fetched_the_page_asks_again_and_then_stops(
    client_of: ClientOf, researcher: User, code: CodeRepository
) -> None:
    client = client_of(researcher)
    assert "hx-trigger" not in client.get(at(code)).content.decode()
    client.post(at(code, "refresh/"))
    assert f'hx-get="{at(code, "state/")}" hx-trigger="every 2s"' in client.get(at(code)).content.decode()
    assert "Being read" in page_text(client.get(at(code, "state/")))
    forget_requests()
    CodeRepository.objects.update(fetch_error="git.example.org refuses access.")
    answer = client.get(at(code, "state/"))
    assert "git.example.org refuses access." in page_text(answer)
    assert "hx-trigger" not in answer.content.decode()


def test_whose_login_it_is_is_told_to_members_only(
    client_of: ClientOf, client: Client, guest: User, code: CodeRepository
) -> None:
    Project.objects.update(is_public=True)
    assert "access token of Bob" in page_text(client_of(guest).get(at(code)))
    text = page_text(client.get(at(code)))
    assert "a member's" in text
    assert "Bob" not in text
    assert "my token" not in text


def test_the_public_key_is_shown_to_its_owner_with_the_way_to_its_place(
    client_of: ClientOf, confirmed_client_of: ClientOf, researcher: User, maintainer: User, project: Project
) -> None:
    client = confirmed_client_of(researcher)
    new = {"name": "code", "url": "git@github.com:group/code.git", "platform": "other", "connection": "new-key"}
    response = client.post("/projects/pv-yield/code/add/", new)
    code = project.code_repositories.get()
    assert response["Location"] == at(code)
    assert code.connection
    assert (code.connection.owner, code.connection.name, code.platform) == (researcher, "code key", "github")
    page = client.get(at(code))
    assert code.connection.public_key.startswith("ssh-ed25519 ")
    assert code.connection.public_key in page_text(page)
    assert "https://github.com/group/code/settings/keys/new" in page.content.decode()
    assert "ssh-ed25519" not in page_text(client_of(maintainer).get(at(code)))
    assert "PRIVATE" not in page.content.decode()


# Editing


def test_a_researcher_edits_what_they_have_added_and_a_maintainer_everything(
    client_of: ClientOf, researcher: User, maintainer: User, code: CodeRepository, others: CodeRepository
) -> None:
    assert client_of(researcher).post(at(others, "edit/"), form(others, name="mine")).status_code == 403
    assert client_of(researcher).post(at(code, "edit/"), form(code, name="renamed")).status_code == 302
    assert client_of(maintainer).post(at(others, "edit/"), form(others, name="ours")).status_code == 302
    names = CodeRepository.objects.order_by("pk").values_list("name", flat=True)
    assert sorted(names) == ["ours", "renamed"]
    assert [(event.actor, event.before, event.after) for event in events("edited")] == [
        (researcher, {"name": "training"}, {"name": "renamed"}),
        (maintainer, {"name": "shared"}, {"name": "ours"}),
    ]


def test_saving_without_a_change_leaves_no_trace(client_of: ClientOf, researcher: User, code: CodeRepository) -> None:
    assert client_of(researcher).post(at(code, "edit/"), form(code)).status_code == 302
    assert events("edited") == []


def test_another_address_forgets_what_was_read_from_the_old_one(
    client_of: ClientOf, researcher: User, code: CodeRepository
) -> None:
    CodeRepository.objects.update(
        branch_count=3, head_sha="a" * 40, host_key="ssh-ed25519 AAAA", fetch_error="Away.", default_branch="main"
    )
    client_of(researcher).post(at(code, "edit/"), form(code, url="https://elsewhere.example.org/code.git"))
    code.refresh_from_db()
    assert (code.url, code.branch_count, code.head_sha) == ("https://elsewhere.example.org/code.git", None, "")
    assert (code.host_key, code.fetch_error, code.fetched_at) == ("", "", None)
    assert code.awaits_fetch


def test_the_key_of_a_host_is_kept_for_another_repository_on_it(
    client_of: ClientOf, researcher: User, code: CodeRepository
) -> None:
    key = make_connection(owner=researcher, kind=Connection.Kind.SSH_KEY)
    CodeRepository.objects.update(url=SSH, connection=key, host_key=HOST_KEY)
    code.refresh_from_db()
    client_of(researcher).post(at(code, "edit/"), form(code, url="git@git.example.org:group/other.git"))
    code.refresh_from_db()
    assert code.host_key == HOST_KEY
    client_of(researcher).post(at(code, "edit/"), form(code, url="ssh://git@git.example.org:2222/group/other.git"))
    code.refresh_from_db()
    assert code.host_key == ""


HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


@pytest.mark.parametrize(
    ("url", "kind", "sentence"),
    [
        (SSH, "", "An ssh address needs an SSH key."),
        (SSH, Connection.Kind.GIT_TOKEN, "An ssh address needs an SSH key."),
        (HTTPS, Connection.Kind.SSH_KEY, "An SSH key works only with ssh addresses"),
        (HTTPS, "new-key", "An SSH key works only with ssh addresses"),
    ],
)
def test_a_login_has_to_fit_the_address(
    confirmed_client_of: ClientOf, researcher: User, project: Project, url: str, kind: str, sentence: str
) -> None:
    login = make_connection(owner=researcher, kind=kind) if kind in Connection.Kind.values else None
    chosen = str(login.uuid) if login else kind
    data = {"name": "code", "url": url, "platform": "other", "connection": chosen}
    response = confirmed_client_of(researcher).post("/projects/pv-yield/code/add/", data)
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert Connection.objects.filter(name="code key").count() == 0


# Somebody else's login


def test_somebody_elses_login_stays_for_the_address_it_was_chosen_for(
    client_of: ClientOf, maintainer: User, code: CodeRepository, token: Connection
) -> None:
    client = client_of(maintainer)
    page = page_text(client.get(at(code, "edit/")))
    assert "Unchanged: access token of Bob" in page
    assert "my token" not in page
    client.post(at(code, "edit/"), form(code, name="renamed"))
    code.refresh_from_db()
    assert (code.name, code.connection) == ("renamed", token)
    response = client.post(at(code, "edit/"), form(code, url="https://thief.example.org/group/code.git"))
    assert response.status_code == 422
    assert "is only for the old address" in page_text(response)
    code.refresh_from_db()
    assert code.url == HTTPS


def test_the_service_itself_refuses_somebody_elses_login(
    maintainer: User, code: CodeRepository, others: CodeRepository, token: Connection
) -> None:
    for repository, url in ((code, "https://thief.example.org/group/code.git"), (others, HTTPS)):
        link = CodeLink(repository.name, url, CodeRepository.Platform(code.platform), connection=token)
        with pytest.raises(NotYours):
            edit_code_repository(repository=repository, actor=maintainer, link=link, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_login_that_is_deleted_meanwhile_is_not_told_as_a_taken_name(
    researcher: User, code: CodeRepository, others: CodeRepository, token: Connection
) -> None:
    gone = CodeLink("other", HTTPS, CodeRepository.Platform.OTHER, connection=token)
    taken = replace(gone, name="Shared", connection=None)
    Connection.objects.filter(pk=token.pk).delete()
    with pytest.raises(DeletedMeanwhile):
        add_code_repository(project=code.project, user=researcher, link=gone, now=NOW)
    with pytest.raises(DeletedMeanwhile):
        edit_code_repository(repository=code, actor=researcher, link=gone, now=NOW)
    with pytest.raises(NameTaken):
        add_code_repository(project=code.project, user=researcher, link=taken, now=NOW)
    with pytest.raises(NameTaken):
        edit_code_repository(repository=code, actor=researcher, link=taken, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_keys_that_are_made_at_once_for_repositories_of_one_name_are_all_made(researcher: User) -> None:
    link = CodeLink("code", SSH, CodeRepository.Platform.OTHER, connection=None, makes_key=True)
    projects = [join_project(researcher) for _ in range(4)]
    found = at_once(
        [partial(add_code_repository, project=one, user=researcher, link=link, now=NOW) for one in projects]
    )
    assert [one for one in found if isinstance(one, Exception)] == []
    names = sorted(Connection.objects.owned_by(researcher).values_list("name", flat=True))
    assert names == ["code key", "code key 2", "code key 3", "code key 4"]


def join_project(user: User) -> Project:
    project = make_project()
    join(project, Role.RESEARCHER, user)
    return project


def test_a_login_of_who_has_left_is_used_no_more(
    project: Project, researcher: User, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connections.git.mirror import Mirror

    monkeypatch.setattr(Mirror, "refresh", lambda *_, **__: pytest.fail("the host was asked"))
    project.memberships.filter(user=researcher).update(role="reporter")
    fetch_as_asked(code)
    code.refresh_from_db()
    assert code.fetch_error == (
        "training was read with a connection of Bob, who may no longer add code to this project. Another member "
        "has to edit the code repository and choose a connection of their own."
    )
    researcher.is_active = False
    researcher.save()
    project.memberships.filter(user=researcher).update(role="owner")
    fetch_as_asked(code)
    code.refresh_from_db()
    assert "may no longer add code" in code.fetch_error


def test_it_can_be_set_to_need_all_files_and_that_is_on_record(
    client_of: ClientOf, researcher: User, code: CodeRepository
) -> None:
    client = client_of(researcher)
    assert "what cannot be fetched is left out" in page_text(client.get(at(code)))
    assert client.post(at(code, "edit/"), form(code, needs_all_files="on")).status_code == 302
    code.refresh_from_db()
    assert code.needs_all_files
    assert "no job starts without all of them" in page_text(client.get(at(code)))
    [event] = events("edited")
    assert (event.before["needs all files"], event.after["needs all files"]) == ("no", "yes")
    assert client.post(at(code, "edit/"), form(code)).status_code == 302
    code.refresh_from_db()
    assert not code.needs_all_files


# Deleting


def test_it_is_not_deleted_under_an_active_run(
    client_of: ClientOf, researcher: User, project: Project, code: CodeRepository
) -> None:
    run = make_run(RunState.QUEUED, project=project, created_by=researcher, code_repository=code)
    client = client_of(researcher)
    response = client.post(at(code, "delete/"), follow=True)
    assert "training is used by 1 active run. Wait until each active run ends, or cancel it." in page_text(response)
    assert "schedule" not in page_text(response).partition("or cancel it.")[2].partition(".")[0]
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, ended_at=NOW)
    assert client.post(at(code, "delete/"))["Location"] == "/projects/pv-yield/code/"
    assert not CodeRepository.objects.exists()
    [event] = events("deleted")
    assert event.before == {
        "name": "training",
        "address": HTTPS,
        "platform": "Other git host",
        "login": "my token of bob",
        "needs all files": "no",
    }


def test_of_two_who_delete_it_at_once_the_second_is_told_the_same(
    client_of: ClientOf,
    researcher: User,
    maintainer: User,
    code: CodeRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = partial(delete_code_repository, repository=code, actor=maintainer)
    just_before(monkeypatch, code_repositories, "delete_code_repository", delete)
    response = client_of(researcher).post(at(code, "delete/"), follow=True)
    assert "training was deleted." in page_text(response)
    assert [event.actor for event in events("deleted")] == [maintainer]


@pytest.mark.parametrize(("page", "service"), [("edit/", "edit_code_repository"), ("host-key/", "accept_host_key")])
def test_who_changes_what_was_deleted_just_before_is_told_so(
    confirmed_client_of: ClientOf,
    researcher: User,
    maintainer: User,
    code: CodeRepository,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    service: str,
) -> None:
    CodeRepository.objects.update(offered_host_key=HOST_KEY)
    delete = partial(delete_code_repository, repository=code, actor=maintainer)
    just_before(monkeypatch, code_repositories, service, delete)
    response = confirmed_client_of(researcher).post(at(code, page), form(code, name="renamed"), follow=True)
    assert response.redirect_chain == [("/projects/pv-yield/code/", 302)]
    assert "The code repository training was just deleted." in page_text(response)


def test_a_run_keeps_what_it_knows_of_code_that_was_edited_and_deleted(
    client_of: ClientOf, researcher: User, project: Project, code: CodeRepository
) -> None:
    CodeRepository.objects.update(url="https://github.com/group/code.git", platform="github")
    code.refresh_from_db()
    run = make_run(RunState.FINISHED, project=project, created_by=researcher, code_repository=code)
    client = client_of(researcher)
    client.post(at(code, "edit/"), form(code, url=HTTPS, platform="other"))
    client.post(at(code, "delete/"))
    page = client.get(f"/projects/pv-yield/runs/{run.uuid}/?tab=configuration")
    assert "training https://github.com/group/code.git, since deleted in Mantik" in page_text(page)
    assert f"https://github.com/group/code/commit/{run.commit_sha}" in page.content.decode()
    assert client.get(f"/projects/pv-yield/runs/submissions/add/?from={run.uuid}").status_code == 200


def test_the_copy_of_deleted_code_is_cleared_away(
    client_of: ClientOf,
    researcher: User,
    project: Project,
    code: CodeRepository,
    others: CodeRepository,
    settings: Settings,
    tmp_path: Path,
    sent: list[Message],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.MANTIK_DATA_DIR = tmp_path
    root = tmp_path / "git"
    for repository in (code, others):
        for name in (".git/HEAD", "-0123456789abcdef.git/HEAD", ".lfs/ab/cd", ".lock"):
            path = root / f"{repository.uuid}{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    with django_capture_on_commit_callbacks(execute=True):
        client_of(researcher).post(at(code, "delete/"))
    assert sent == [("projects.tasks.clear_up_mirrors", {})]
    tasks.clear_up_mirrors()
    left = {path.name[:36] for path in root.iterdir()}
    assert left == {str(others.uuid)}
    assert len(list(root.iterdir())) == 4


def test_who_deletes_a_connection_keeps_the_code(code: CodeRepository, token: Connection) -> None:
    token.delete()
    code.refresh_from_db()
    assert code.connection is None


def test_who_deletes_a_connection_is_told_which_code_is_read_with_it(
    client_of: ClientOf, researcher: User, code: CodeRepository, token: Connection
) -> None:
    client = client_of(researcher)
    url = f"/settings/connections/{token.uuid}/delete/"

    assert "The code repository training in PV yield will be read without a login." in page_text(client.get(url))
    assert client.post(url).status_code == 302
    assert not Connection.objects.exists()


def test_an_operator_deletes_code_that_no_active_run_uses(
    client_of: ClientOf,
    operator: User,
    project: Project,
    researcher: User,
    code: CodeRepository,
    others: CodeRepository,
) -> None:
    make_run(RunState.QUEUED, project=project, created_by=researcher, code_repository=others)
    client = client_of(operator)
    url = "/admin/projects/coderepository/"
    assert client.post(f"{url}{others.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{url}{code.pk}/delete/", {"post": "yes"}).status_code == 302
    data = {"action": "delete_selected", "_selected_action": [others.pk], "post": "yes"}
    assert client.post(url, data).status_code == 403
    assert list(CodeRepository.objects.all()) == [others]
    assert [event.actor for event in events("deleted")] == [operator]


def test_code_is_read_again_with_a_secret_that_was_replaced(code: CodeRepository, others: CodeRepository) -> None:
    assert code.connection
    replace_secret(connection=code.connection, secret="another-t0ken", now=NOW)
    requested = CodeRepository.objects.fetch_due(NOW)
    assert list(requested) == [code]
