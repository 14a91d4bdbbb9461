"""Runs that are to take the newest commit of their branch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.git.errors import GitError
from connections.models import Connection, Site
from projects.code import mirrors
from projects.models import CodeRepository
from runs.models import Run
from runs.states import RunState
from runs.submission.assemble import newest_of_branch, pack_run, prepare
from runs.submission.run_files import NotPossible
from runs.submission.submit import submit_run
from tests.connections.git.repository import Repository
from tests.support.factories import make_run, make_user
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, World


@pytest.fixture
def run(world: World) -> Run:
    run = world.start_run()
    Run.objects.filter(pk=run.pk).update(commit_pending=True)
    return Run.objects.get(pk=run.pk)


def test_the_worker_reads_the_branch_anew(run: Run, world: World) -> None:
    world.repository.write("unicore.yaml", BACKEND_CONFIG.replace("Nodes: 1", "Nodes: 3"))
    sha = world.repository.commit("More nodes")
    columns, event = newest_of_branch(run, now=timezone.now())
    assert (columns["commit_sha"], columns["nodes"], columns["commit_pending"]) == (sha, 3, False)
    assert event == ("commit.read", f"The newest commit of main is {sha[:8]}.")
    assert columns["parameters"] == run.parameters


def test_a_commit_that_cannot_be_run_so_is_refused_with_the_reason(run: Run, world: World) -> None:
    world.repository.write("MLproject", "name: marks\nentry_points:\n  other:\n    command: 'true'\n")
    world.repository.commit("Rename")
    with pytest.raises(NotPossible, match=r"^The newest commit of main cannot be run\. .*main"):
        newest_of_branch(run, now=timezone.now())


def lead_elsewhere(world: World) -> Repository:
    """Somebody who may edit the code repository changes its address, and a worker reads the branches there."""
    other = Repository(world.repository.path.with_name("other"))
    for path in ("MLproject", "unicore.yaml"):
        other.write(path, (world.repository.path / path).read_text())
    other.commit("Other code")
    CodeRepository.objects.filter(pk=world.code.pk).update(url=str(other.path))
    mirrors.fetch_or_raise(CodeRepository.objects.get(pk=world.code.pk), now=timezone.now())
    return other


def test_the_newest_commit_is_never_taken_from_another_address(run: Run, world: World) -> None:
    lead_elsewhere(world)
    with pytest.raises(NotPossible, match=r"has changed from .*/code to .*/other since this run was stored"):
        newest_of_branch(Run.objects.get(pk=run.pk), now=timezone.now())


def test_nor_while_the_link_is_being_led_elsewhere(run: Run, world: World) -> None:
    """The worker has read the row before. It fetches from neither address, and when it tries again it sees both."""
    before = Run.objects.select_related("code_repository").get(pk=run.pk)
    assert before.code_repository
    lead_elsewhere(world)
    assert before.code_repository.url == before.code_url
    with pytest.raises(GitError) as caught:
        newest_of_branch(before, now=timezone.now())
    assert not caught.value.permanent
    with pytest.raises(NotPossible, match="has changed from"):
        newest_of_branch(Run.objects.get(pk=run.pk), now=timezone.now())


def test_the_commit_that_was_stored_is_taken_from_the_copy(world: World) -> None:
    run = world.start_run()
    sha = run.commit_sha
    packed = pack_run(run, now=timezone.now()).sha256
    lead_elsewhere(world)
    assert pack_run(Run.objects.get(pk=run.pk), now=timezone.now()).sha256 == packed
    assert Run.objects.get(pk=run.pk).commit_sha == sha


def test_what_the_copy_lacks_is_not_fetched_from_another_address(world: World) -> None:
    run = world.start_run()
    lead_elsewhere(world)
    shutil.rmtree(mirror_directory(world))
    with pytest.raises(NotPossible, match="its code was not fetched"):
        pack_run(Run.objects.get(pk=run.pk), now=timezone.now())


def test_nor_is_a_submodule(world: World) -> None:
    library = Repository(world.repository.path.with_name("library"))
    world.repository.add_submodule("library", "../library", library.commit("First"))
    world.repository.commit("Use a library")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    run = world.start_run()
    lead_elsewhere(world)
    with pytest.raises(NotPossible, match="its code was not fetched"):
        pack_run(Run.objects.get(pk=run.pk), now=timezone.now())


def test_a_run_is_not_sent_to_another_site_than_its_config_names(world: World) -> None:
    world.repository.write("unicore.yaml", f"UnicoreApiUrl: {world.site.base_url}\n{BACKEND_CONFIG}")
    world.repository.commit("Name the site")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    run = world.start_run()
    Site.objects.filter(pk=world.site.pk).update(base_url="https://elsewhere.example.org/SITE/rest/core")
    with pytest.raises(NotPossible, match=r"unicore\.yaml is for .*, but this connection is for https://elsewhere"):
        prepare(Run.objects.get(pk=run.pk), now=timezone.now())


def test_a_run_that_takes_the_newest_commit_of_a_link_led_elsewhere_fails_with_that_sentence(
    run: Run, world: World
) -> None:
    lead_elsewhere(world)
    submit_run(run_id=run.pk, clock=timezone.now)
    run.refresh_from_db()
    assert (run.state, run.posted_at) == (RunState.FAILED, None)
    assert "has changed from" in run.outcome
    assert "its code was not fetched." in run.outcome


def test_a_run_is_not_sent_with_a_connection_that_is_not_its_starters(world: World) -> None:
    run = world.start_run()
    Connection.objects.filter(pk=world.connection.pk).update(owner=make_user())
    submit_run(run_id=run.pk, clock=timezone.now)
    run.refresh_from_db()
    assert (run.state, run.posted_at) == (RunState.FAILED, None)
    assert "belongs to somebody else" in run.outcome


def mirror_directory(world: World) -> Path:
    return Path(settings.MANTIK_DATA_DIR) / "git" / f"{world.code.uuid}.git"


@pytest.fixture
def waiting(client: Client) -> Run:
    """It has the commit of the run that it repeats, which it will not run."""
    run = make_run(commit_pending=True, commit_sha="facade5" + 33 * "0", commit_subject="Old words", branch="trunk")
    client.force_login(run.created_by)
    return run


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "query"),
    [("list", ""), ("detail", ""), ("detail", "?tab=configuration"), ("live", "")],
)
def test_until_the_commit_is_known_no_page_shows_another(client: Client, waiting: Run, page: str, query: str) -> None:
    project = waiting.project
    address = [project.slug, waiting.uuid] if page in ("detail", "live") else [project.slug]
    answer = client.get(reverse(f"runs:{page}", args=address) + query)
    assert "newest commit of trunk" in page_text(answer)
    for old in (waiting.commit_sha[:7], "Old words"):
        assert old not in answer.content.decode()


@pytest.mark.django_db
def test_the_overview_of_the_project_does_not_either(client: Client, waiting: Run) -> None:
    answer = client.get(reverse("projects:overview", args=[waiting.project.slug]))
    assert waiting.name in page_text(answer)
    assert waiting.commit_sha[:7] not in answer.content.decode()


@pytest.mark.django_db
def test_a_commit_that_is_not_known_is_not_found_by_the_old_one(waiting: Run) -> None:
    assert list(Run.objects.search(waiting.commit_sha[:7])) == []
    Run.objects.update(commit_pending=False)
    assert list(Run.objects.search(waiting.commit_sha[:7])) == [waiting]
