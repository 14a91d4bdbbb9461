"""What is sent by its name has a task of that name, which takes what is sent with it.

Neither who sends nor the clock knows the tasks. A wrong name, or argument, would be found out by the first member who
presses, or by nobody.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest
from django.conf import settings

from mantik.beat import beat_schedule
from mantik.celery import app
from tests.support.places import TOP

APPS = ("connections", "mantik", "projects", "runs", "schedules")


def messages() -> Iterator[tuple[str, str, list[str]]]:
    """(place, name of the task, names of its arguments) of each `send` and `send_on_commit` in the product."""
    for folder in APPS:
        for path in sorted((TOP / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _called(node.func) in ("send", "send_on_commit") and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        arguments = [keyword.arg for keyword in node.keywords if keyword.arg]
                        yield f"{path.relative_to(TOP)}:{node.lineno}", first.value, arguments


def _called(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


MESSAGES = sorted([*messages(), *((name, entry["task"], []) for name, entry in beat_schedule().items())])


def test_there_are_some() -> None:
    assert len({name for _, name, _ in MESSAGES}) > 6


@pytest.mark.parametrize(("place", "name", "arguments"), MESSAGES, ids=[place for place, _, _ in MESSAGES])
def test_it_has_a_task_that_takes_it(place: str, name: str, arguments: list[str]) -> None:
    app.loader.import_default_modules()
    assert name in app.tasks
    inspect.signature(app.tasks[name].run).bind(**dict.fromkeys(arguments))


@pytest.mark.parametrize("pattern", settings.CELERY_TASK_ROUTES)
def test_a_route_leads_some_task_to_its_queue(pattern: str) -> None:
    app.loader.import_default_modules()
    assert [name for name in app.tasks if fnmatch(name, pattern)]
