"""What tests share stands once: each person of the cast, and each model's factory."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.places import TOP

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
