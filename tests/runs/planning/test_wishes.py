"""A link to a new run may name code, an entry point and a config: each is filled in, or refused by name."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.factories import make_code_repository
from tests.support.forms import as_browser_posts, said_at
from tests.support.pages import page_text
from tests.support.world import World

pytestmark = pytest.mark.django_db


def opened(world: World, **wish: str) -> Any:
    client = Client()
    client.force_login(world.user)
    usual = {
        "code_repository": str(world.code.uuid),
        "branch": "main",
        "mlproject_path": "MLproject",
        "entry_point": "main",
        "backend_config_path": "unicore.yaml",
    }
    answer = client.get(f"{reverse('runs:new', args=[world.project.slug])}?{urlencode(usual | wish)}")
    assert answer.status_code == 200
    return answer


def test_what_the_link_names_is_filled_in_and_the_rest_proposed(world: World) -> None:
    make_code_repository(project=world.project, name="aardvark")
    posted = as_browser_posts(opened(world))
    assert posted["code_repository"] == str(world.code.uuid)
    assert (posted["branch"], posted["mlproject_path"], posted["entry_point"]) == ("main", "MLproject", "main")
    assert posted["backend_config_path"] == "unicore.yaml"
    assert posted["connection"] == str(world.connection.uuid)
    assert posted["experiment"] == str(world.experiment.uuid)
    assert posted["param-seconds"] == "0"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("branch", "gone", "gone"),
        ("entry_point", "gone", "gone"),
        ("mlproject_path", "gone/MLproject", "gone/MLproject"),
        ("mlproject_path", "../MLproject", "leads out of the code repository"),
        ("backend_config_path", "gone.yaml", "gone.yaml"),
    ],
)
def test_what_is_gone_is_said_in_place(world: World, field: str, value: str, words: str) -> None:
    page = opened(world, **{field: value})
    assert words in said_at(page, field)
    assert as_browser_posts(page)[field] == value


@pytest.mark.parametrize("value", [str(uuid.UUID(int=1)), "x", "0" * 5000])
def test_code_that_is_not_there_is_not_replaced_by_other_code(world: World, value: str) -> None:
    page = opened(world, code_repository=value)
    assert "The code repository that the link names is not in this project: it was deleted" in page_text(page)
    assert as_browser_posts(page)["code_repository"] == ""


def test_code_of_another_project_is_not_there(world: World) -> None:
    other = make_code_repository(name="elsewhere")
    page = opened(world, code_repository=str(other.uuid))
    assert "is not in this project" in page_text(page)
    assert "elsewhere" not in page_text(page)


def test_a_character_that_no_name_has_does_no_harm(world: World) -> None:
    assert as_browser_posts(opened(world, branch="ma\0in"))["branch"] == "main"
