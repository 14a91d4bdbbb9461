"""The worker that packs a run is on a machine that has never seen its code, or not that commit of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.git.errors import GitError
from projects.code import mirrors
from runs.submission.assemble import pack_run
from tests.runs.job.packing import contents
from tests.support.world import World

pytestmark = pytest.mark.django_db


def move(settings: Settings, directory: Path) -> None:
    settings.MANTIK_DATA_DIR = directory


def test_it_fetches_the_code_first(world: World, settings: Settings, tmp_path: Path) -> None:
    run = world.start_run()
    with pack_run(run, now=timezone.now()) as here:
        move(settings, tmp_path / "other")
        with pack_run(run, now=timezone.now()) as there:
            assert there.sha256 == here.sha256


def test_it_gets_a_commit_that_a_forced_push_has_taken_from_its_branch(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    world.repository.write("train.py", "first\n")
    world.repository.commit("First try")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    run = world.start_run()
    world.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    world.repository.write("train.py", "second\n")
    world.repository.commit("Second try")

    move(settings, tmp_path / "other")
    with pack_run(run, now=timezone.now()) as code:
        assert contents(code)["train.py"] == b"first\n"
    # The copy is still one of branches, and is fetched as before.
    copy = mirrors.mirror_of(world.code)
    assert len(copy.branches()) == 1
    world.repository.commit("Third try")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    assert copy.branches()[0].commit.subject == "Third try"


def test_a_commit_that_is_gone_everywhere_is_named(world: World, settings: Settings, tmp_path: Path) -> None:
    run = world.start_run()
    world.repository.git("commit", "--quiet", "--amend", "--message", "Rewritten")
    world.repository.git("reflog", "expire", "--expire=now", "--all")
    world.repository.git("gc", "--quiet", "--prune=now")
    move(settings, tmp_path / "other")
    with pytest.raises(GitError, match=f"{run.commit_sha[:7]}"):
        pack_run(run, now=timezone.now())
