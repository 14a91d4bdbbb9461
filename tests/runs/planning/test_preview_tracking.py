"""What a preview says about where a run logs to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from projects.code import mirrors, server_search
from projects.code.models import CodeCommit
from tests.runs.planning.test_new_run import filled_in, post
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, World

pytestmark = pytest.mark.django_db

ADDRESS = "https://mantik.example.org/tracking"
CALL = 'import mlflow\n\nmlflow.set_tracking_uri("https://mlflow.example.org")\n'
SAID = (
    "train.py, line 3, has MLflow log to https://mlflow.example.org: nothing of that reaches Mantik. Remove it: in the "
    "job, MLflow finds Mantik by itself."
)
IMAGE = "Environment:\n  Apptainer: {Path: /images/train.sif, Type: remote}\n"
OWN_TASKS = f"{IMAGE}  Variables: {{SLURM_NTASKS_PER_NODE: 4}}\n"


def commit(world: World, **files: str) -> None:
    for path, content in files.items():
        world.repository.write(path, content)
    world.repository.commit("Changed")
    mirrors.fetch_or_raise(world.code, now=timezone.now())


def preview(member: Client, world: World, **changes: Any) -> str:
    url = reverse("runs:new-preview", args=[world.project.slug])
    return " ".join(page_text(member.post(url, filled_in(world, **changes))).split())


def warnings(member: Client, world: World) -> list[str]:
    url = reverse("runs:new-preview", args=[world.project.slug])
    found: list[str] = member.post(url, filled_in(world)).context["preview"]["warnings"]
    return found


@pytest.mark.parametrize(
    ("nodes", "more", "said"),
    [
        (1, "", "To the relay on its node (with system metrics)"),
        (1, IMAGE, "To the relay on its node (with system metrics)"),
        (3, "", "To the relay on the first of its 3 nodes (with system metrics)"),
        (3, IMAGE, "To a relay on each of its 3 nodes (with system metrics)"),
        (3, OWN_TASKS, "To the relay on the first of its 3 nodes (with system metrics)"),
        (1, "Tracking: {SystemMetrics: false}\n", "To the relay on its node (without system metrics)"),
        (
            1,
            "Tracking: {Relay: false}\n",
            f"Straight to {ADDRESS} (the config has Relay: false)",
        ),
    ],
)
def test_it_says_which_way_the_run_tracks(
    member: Client, world: World, settings: Settings, nodes: int, more: str, said: str
) -> None:
    settings.MANTIK_TRACKING_URI = ADDRESS
    config = BACKEND_CONFIG.replace("Nodes: 1", f"Nodes: {nodes}")
    commit(world, **{"unicore.yaml": config + more})
    assert f"Tracking {said}" in preview(member, world)


def test_it_says_that_operators_have_switched_the_relay_off(member: Client, world: World, settings: Settings) -> None:
    settings.MANTIK_RELAY = False
    assert "(operators have switched the relay off)" in preview(member, world)


def test_code_that_logs_elsewhere_is_named_with_file_and_line(member: Client, world: World) -> None:
    commit(world, **{"train.py": CALL})
    assert SAID in preview(member, world)
    # The member knows better.
    assert post(member, world).status_code == 302


def test_nothing_is_said_of_code_that_does_not(member: Client, world: World) -> None:
    commit(world, **{"train.py": CALL.replace("mlflow.set", "# mlflow.set")})
    assert "has MLflow log to" not in preview(member, world)


def test_some_places_are_named_and_the_rest_counted(member: Client, world: World) -> None:
    commit(world, **{f"train{number}.py": CALL for number in range(5)})
    found = [one for one in warnings(member, world) if "MLflow" in one]
    assert [re.split(r"[, ]", one)[0] for one in found] == ["train0.py", "train1.py", "train2.py", "2"]
    assert found[-1] == "2 more places in the code have MLflow log elsewhere."


def test_code_that_is_not_sent_logs_nowhere(member: Client, world: World) -> None:
    commit(world, **{"old/train.py": CALL, "unicore.yaml": f"{BACKEND_CONFIG}Exclude: [old/]\n"})
    assert warnings(member, world) == []


def test_code_that_could_not_all_be_searched_is_said(
    member: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_search, "MOST_FILES", 1)
    commit(world, **{"train.py": CALL, "deep/train.py": f"{CALL}#"})
    assert warnings(member, world) == [
        SAID,
        "There is too much code to search all of it for places that have MLflow log elsewhere.",
    ]


def test_code_of_which_a_release_before_has_read_the_rest_is_searched_by_the_next_fetch(
    member: Client, world: World
) -> None:
    commit(world, **{"train.py": CALL})
    CodeCommit.objects.update(named_servers=None)
    assert warnings(member, world) == []
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    assert warnings(member, world) == [SAID]
