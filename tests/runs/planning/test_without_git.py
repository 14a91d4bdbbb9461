"""No page needs git: there is no copy of the code where the web server runs, nor the program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from projects.code import mirrors, snapshot
from runs.job import VARIABLES, layout
from runs.models import Run
from runs.submission.assemble import job_environment
from tests.runs.planning.test_new_run import filled_in, post, refused
from tests.support.fetching import fetch
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(world: World, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty data directory of another machine, which has no git."""
    data_dir = tmp_path / "elsewhere"
    data_dir.mkdir()
    settings.MANTIK_DATA_DIR = data_dir
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    return data_dir


def test_the_form_its_preview_run_and_the_pages_of_the_code_work(member: Client, world: World, elsewhere: Path) -> None:
    slug = world.project.slug
    form = member.get(reverse("runs:new", args=[slug]))
    assert (form.status_code, list(form.context["plan"].problems)) == (200, ["param-marks"])
    preview = page_text(member.post(reverse("runs:new-preview", args=[slug]), filled_in(world)))
    assert "First light" in preview
    assert "2 files" in preview
    assert "echo started" in preview
    assert post(member, world).status_code == 302
    run = Run.objects.get()
    assert run.commit_sha[:7] in page_text(member.get(reverse("runs:detail", args=[slug, run.uuid])))
    assert "First light" in page_text(member.get(reverse("projects:code-detail", args=[slug, world.code.uuid])))
    again = member.get(reverse("runs:new", args=[slug]), {"from": str(run.uuid)})
    assert (again.status_code, again.context["form"].errors) == (200, {})
    schedule = member.get(reverse("schedules:add", args=[slug]), {"from": str(run.uuid)})
    assert schedule.status_code == 200
    assert list(elsewhere.iterdir()) == []


def test_the_previewed_description_is_that_of_the_job(member: Client, world: World) -> None:
    context = member.post(reverse("runs:new-preview", args=[world.project.slug]), filled_in(world)).context
    shown = json.loads(context["preview"]["description"])
    assert post(member, world).status_code == 302
    run = Run.objects.get()
    variables = job_environment(run, "1", "2", "token")
    assert tuple(variables) == VARIABLES
    assert shown["NotificationSettings"]["URL"] == "(known to the site only)"
    [secrets] = [item["Data"] for item in shown["Imports"] if item["To"] == layout.ENVIRONMENT]
    assert secrets == f"(not shown: {', '.join(variables)})"


def test_a_path_that_is_read_first_comes_by_itself(member: Client, world: World) -> None:
    world.repository.write("training/project.txt", (world.repository.path / "MLproject").read_text())
    world.repository.commit("An MLproject by another name")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    page = refused(member, world, mlproject_path="training/project.txt")
    assert "training/project.txt is being read from" in page
    assert 'hx-trigger="load delay:2s"' in page
    world.code.refresh_from_db()
    assert world.code.awaits_fetch

    fetch(world.code, now=timezone.now())
    assert post(member, world, mlproject_path="training/project.txt").status_code == 302


def test_a_preview_of_more_files_than_are_known_says_so(
    member: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST_PATHS", 2)
    world.repository.write("zoo.py", "")
    world.repository.commit("Too many")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    text = page_text(member.post(reverse("runs:new-preview", args=[world.project.slug]), filled_in(world)))
    assert "more than 20,000 files (they are counted when they are packed)" in text


def test_a_preview_gives_up_patterns_that_take_long(member: Client, world: World) -> None:
    sets = "".join(f"[{chr(1000 + number)}-{chr(50_000 - number)}]" for number in range(60))
    patterns = "\n".join(f"  - '*{sets}{number}'" for number in range(100))
    world.repository.write("unicore.yaml", f"{BACKEND_CONFIG}Exclude:\n{patterns}\n")
    world.repository.commit("Slow patterns")
    fetch(world.code, now=timezone.now())
    text = page_text(member.post(reverse("runs:new-preview", args=[world.project.slug]), filled_in(world)))
    assert "The patterns under Exclude take too long for the files of this commit. Use fewer wildcards" in text
