"""What is sent by its name has a task of that name: a wrong one would be found out by the first member who presses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from mantik.lib.queue import task_named
from tests.support.places import TOP

APPS = ("connections", "mantik", "projects", "runs", "schedules")


def sent_names() -> Iterator[tuple[str, str]]:
    """(place, name) of each `send` and `send_on_commit` in the product."""
    for app in APPS:
        for path in sorted((TOP / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _called(node.func) in ("send", "send_on_commit") and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        yield f"{path.relative_to(TOP)}:{node.lineno}", first.value


def _called(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


SENT = sorted(sent_names())


def test_there_are_some() -> None:
    assert len({name for _, name in SENT}) > 6


@pytest.mark.parametrize(("place", "name"), SENT, ids=[place for place, _ in SENT])
def test_it_has_a_task(place: str, name: str) -> None:
    assert task_named(name).name == name


def test_a_name_that_nothing_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        task_named("runs.tasks.submit")
