"""Runs that are to take the newest commit of their branch."""

from __future__ import annotations

import pytest
from django.utils import timezone

from runs.models import Run
from runs.preparation import NotPossible, newest_of_branch
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
