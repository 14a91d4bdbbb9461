"""MLprojects and configs that say odd things, as the form shows them and RUN! takes them."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.code import mirrors
from runs.models import Run
from runs.submission.run_files import read_files
from tests.runs.planning.test_new_run import filled_in, post, refused
from tests.support.world import World

pytestmark = pytest.mark.django_db

MLPROJECT = """\
entry_points:
  train:
    parameters:
      level: {type: int, default: None, description: How deep to look.}
      base: {type: float, default: /p/project/demo/base}
      years: {type: "list[int]", default: [2020, 2021]}
      site: {type: uri, default: nowhere}
    command: python train.py {level} {base} {years} {site}
  evaluate:
    command: python evaluate.py {figures}
  plot:
    command: python plot.py
"""
CONFIG = """\
Environment:
  Apptainer: {Path: /p/project/$USER/train.sif, Type: remote}
Resources: {Queue: batch, Nodes: 1}
"""
TRAIN = {
    "entry_point": "train",
    "param-level": "None",
    "param-base": "/p/project/demo/base",
    "param-years": "[2020, 2021]",
    "param-site": "https://example.org",
}


def write(world: World, mlproject: str = MLPROJECT) -> None:
    world.repository.write("MLproject", mlproject)
    world.repository.write("apptainer.yaml", CONFIG)
    world.repository.commit("Files of users")
    mirrors.fetch_or_raise(world.code, now=timezone.now())


def fields(world: World, **changes: Any) -> dict[str, Any]:
    """Without the parameters of the world's own entry point."""
    usual = {name: value for name, value in filled_in(world).items() if not name.startswith("param-")}
    return usual | {"backend_config_path": "apptainer.yaml"} | changes


def page_of(member: Client, world: World, **changes: Any) -> str:
    url = reverse("runs:new-preview", args=[world.project.slug])
    answer = member.post(url, fields(world, **changes), headers={"HX-Request": "true"})
    return unescape(answer.content.decode())


def run(member: Client, world: World, **changes: Any) -> Any:
    return member.post(reverse("runs:new", args=[world.project.slug]), fields(world, **changes))


def test_defaults_that_do_not_fit_are_run_as_they_are_written(member: Client, world: World) -> None:
    write(world)

    assert run(member, world, **TRAIN).status_code == 302

    stored = Run.objects.get()
    assert stored.parameters == {name.removeprefix("param-"): TRAIN[name] for name in TRAIN if name != "entry_point"}
    files = read_files(stored)
    assert files.command_line == "python train.py None /p/project/demo/base '[2020, 2021]' https://example.org"


def test_each_is_told_at_its_input_and_all_in_one_warning(member: Client, world: World) -> None:
    write(world)

    page = page_of(member, world, **TRAIN)

    assert page.count('<div class="callout') == 2
    assert "MLproject: level is declared int and its default is None; it is passed as written. base is" in page
    assert "How deep to look. · default None (not an int; passed as written)</p>" in page
    assert '<span class="unit">list[int]</span>' in page


def test_what_is_typed_is_still_checked_where_the_type_says_something(member: Client, world: World) -> None:
    write(world)

    answer = run(member, world, **TRAIN | {"param-level": "abc", "param-site": "nowhere"})

    page = unescape(answer.content.decode())
    assert (answer.status_code, Run.objects.exists()) == (422, False)
    assert "level is 'abc', which is not a whole number." in page
    assert "site is 'nowhere', which is not a URI." in page


def test_a_broken_entry_point_is_named_and_the_rest_is_offered(member: Client, world: World) -> None:
    write(world)

    page = page_of(member, world, entry_point="plot")

    assert '<option value="train"' in page
    assert '<option value="evaluate"' not in page
    assert (
        "MLproject: the entry point evaluate is not offered, because its command has the placeholder {figures}" in page
    )
    assert "is declared int" not in page
    assert run(member, world, entry_point="plot").status_code == 302


def test_who_chooses_it_all_the_same_is_told_why_not_at_the_entry_point(member: Client, world: World) -> None:
    write(world)

    answer = run(member, world, entry_point="evaluate")

    assert (answer.status_code, Run.objects.exists()) == (422, False)
    assert list(answer.context["form"].errors) == ["entry_point"]
    assert "{figures}, which is not a parameter" in answer.context["form"].errors["entry_point"][0]


@pytest.mark.parametrize("chosen", ["main", ""])
def test_so_is_who_has_no_other(member: Client, world: World, chosen: str) -> None:
    write(world, "entry_points:\n  main:\n    command: python train.py {lr}\n")

    answer = post(member, world, entry_point=chosen)

    assert (answer.status_code, Run.objects.exists()) == (422, False)
    assert "{lr}, which is not a parameter" in answer.context["form"].errors["entry_point"][0]
    assert "mlproject_path" not in answer.context["form"].errors


def test_a_file_that_is_none_is_said_at_its_path(member: Client, world: World) -> None:
    write(world, "name: x\n")

    assert "MLproject declares no entry_points." in refused(member, world)


def test_a_key_that_stands_twice_is_named_with_its_line(member: Client, world: World) -> None:
    write(world, "entry_points:\n  main:\n    command: python old.py\n    command: python new.py\n")

    page = page_of(member, world, entry_point="main")

    assert "MLproject has the same key twice in one mapping, and only the last one counts: command (line 4)." in page
    assert "python new.py" in page


def test_many_warnings_are_folded(member: Client, world: World) -> None:
    keys = "".join(f"key{number}: x\n" for number in range(8))
    write(world, keys + "entry_points:\n  main:\n    command: python train.py\n")

    page = page_of(member, world, entry_point="main")

    assert "<summary>3 more warnings</summary>" in page
    assert all(f"key{number} is not a known key" in page for number in range(8))


def test_the_preview_shows_what_the_node_will_replace(member: Client, world: World) -> None:
    write(world)

    page = page_of(member, world, entry_point="plot")

    assert "mantik_needs Environment.Apptainer.Path USER" in page
    assert '"/p/project/$USER/train.sif"' in page
