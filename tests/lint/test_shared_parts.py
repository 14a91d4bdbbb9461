"""What tests share stands once: each person of the cast, and each model's factory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.apps import apps

from tests.lint.dead_code import PRODUCT
from tests.support.places import TOP

# Where rows are made for tests.
FACTORIES = {TOP / "tests" / "support" / f"{name}.py" for name in ("factories", "registered_models", "schedules")}
# Rows that the database must not take.
WRONG_ON_PURPOSE = {"tests/connections/test_rows.py", "tests/projects/test_rows.py"}
CONFTEST = TOP / "tests" / "conftest.py"


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in sorted((TOP / "tests").rglob("*.py"))}


def fixtures_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(mark) for mark in node.decorator_list):
            yield node.name


def test_no_other_file_has_a_fixture_with_the_name_of_the_cast() -> None:
    cast = {name for name in fixtures_of(trees()[CONFTEST]) if not name.startswith("_")}
    assert {"alice", "owner", "project"} <= cast
    others = {path: set(fixtures_of(tree)) & cast for path, tree in trees().items() if path != CONFTEST}
    assert {str(path): names for path, names in others.items() if names} == {}


def rows_made(tree: ast.Module) -> Iterator[str]:
    """The names of models of ours in calls of `Model.objects.create`."""
    ours = {model.__name__ for model in apps.get_models() if model.__module__.split(".")[0] in PRODUCT}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)).endswith(".objects.create"):
            yield from ours.intersection([called.split(".")[-3]])


def test_rows_are_made_by_factories() -> None:
    """A new column without a default is added in one place."""
    made = {str(path.relative_to(TOP)): set(rows_made(tree)) for path, tree in trees().items() if path not in FACTORIES}
    made = {path: names for path, names in made.items() if names}
    assert {path: names for path, names in made.items() if path not in WRONG_ON_PURPOSE} == {}
    assert made.keys() == WRONG_ON_PURPOSE
