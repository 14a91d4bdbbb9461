"""Runs that are to take the newest commit of their branch."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.models import Run
from runs.preparation import NotPossible, newest_of_branch
from tests.support.factories import make_run
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
    columns = newest_of_branch(run, now=timezone.now())
    assert (columns["commit_sha"], columns["nodes"], columns["commit_pending"]) == (sha, 3, False)
    assert columns["event"] == ("commit.read", f"The newest commit of main is {sha[:8]}.")
    assert columns["parameters"] == run.parameters


def test_a_commit_that_cannot_be_run_so_is_refused_with_the_reason(run: Run, world: World) -> None:
    world.repository.write("MLproject", "name: marks\nentry_points:\n  other:\n    command: 'true'\n")
    world.repository.commit("Rename")
    with pytest.raises(NotPossible, match=r"^The newest commit of main cannot be run\. .*main"):
        newest_of_branch(run, now=timezone.now())


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
    assert "newest of trunk" in page_text(answer)
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
