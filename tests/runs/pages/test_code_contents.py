"""The page of a code repository lists what it offers to run, each with a form that is filled in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from projects.code import mirrors
from projects.roles import Role
from runs.pages.code_contents import MOST_MLPROJECTS, code_contents
from tests.conftest import ClientOf
from tests.support import factories
from tests.support.forms import as_browser_posts
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, MLPROJECT, World

pytestmark = pytest.mark.django_db


def write(world: World, **files: str) -> None:
    for path, content in files.items():
        world.repository.write(path.replace("__", "/").replace("_json", ".json").replace("_yaml", ".yaml"), content)
    world.repository.commit("More")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    world.code.refresh_from_db()


def page(client: Client, world: World) -> Any:
    return client.get(reverse("projects:code-detail", args=[world.project.slug, world.code.uuid]))


def new_runs(answer: Any) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="([^"]+code_repository=[^"]+)"', answer.content.decode())]


def test_each_entry_point_and_config_leads_to_a_form_filled_in(world: World, client_of: ClientOf) -> None:
    write(world, sub__MLproject=MLPROJECT.replace("main:", "eval:"), big_yaml=BACKEND_CONFIG, notes_json="{}")
    client = client_of(world.user)
    answer = page(client, world)
    text = page_text(answer)
    assert "sub/MLproject" in text
    assert "marks, seconds, code" in text
    assert "queue batch · 1 node" in text
    assert "notes.json" not in text
    forms = [as_browser_posts(client.get(url)) for url in new_runs(answer)]
    chosen = {(form["mlproject_path"], form["entry_point"], form["backend_config_path"]) for form in forms}
    # With two configs, none is chosen for an entry point.
    assert {("MLproject", "main", ""), ("sub/MLproject", "eval", ""), ("MLproject", "", "big.yaml")} <= chosen


def test_the_only_config_is_chosen(world: World, client_of: ClientOf) -> None:
    (first, *_) = new_runs(page(client_of(world.user), world))
    assert "backend_config_path=unicore.yaml" in first


def test_who_may_start_no_run_gets_no_links(world: World, client_of: ClientOf) -> None:
    answer = page(client_of(factories.join(world.project, Role.REPORTER)), world)
    assert "MLprojects" in page_text(answer)
    assert new_runs(answer) == []


def test_what_is_wrong_in_a_file_is_said_there(world: World, client_of: ClientOf) -> None:
    broken = "entry_points:\n  main: {command: 'python {'}\n  fine: {command: 'true'}\n"
    write(world, MLproject=broken, bad_yaml="Resources: 7\n", wrong__MLproject="- a list\n")
    text = page_text(page(client_of(world.user), world))
    assert "fine" in text
    assert "bad.yaml" in text
    assert "wrong/MLproject" in text
    contents = code_contents(world.code, world.user)
    assert contents
    faults = {line.path: line.faults for line in (*contents.mlprojects, *contents.configs) if line.faults}
    assert set(faults) == {"bad.yaml", "wrong/MLproject"}


def test_many_are_counted_and_take_no_more_queries(world: World, alice: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            code_contents(world.code, alice)
        return len(seen)

    queries()
    few = queries()
    write(world, **{f"p{number}__MLproject": MLPROJECT for number in range(MOST_MLPROJECTS + 2)})
    contents = code_contents(world.code, alice)
    assert contents
    assert len(contents.mlprojects) == MOST_MLPROJECTS
    assert contents.more_mlprojects == 3
    assert queries() == few


def test_nothing_is_said_of_code_that_was_not_read(world: World, alice: User) -> None:
    world.code.branches.all().delete()
    assert code_contents(world.code, alice) is None
