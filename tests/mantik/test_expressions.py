"""Every regular expression of the product takes time in proportion to its text, whatever is in that.

Python's take as long as they like, hold all other threads meanwhile, and no time limit ends them. So each is tried on
texts that are made to be slow, of a hundred thousand letters each, megabytes in all (`tests/support/expressions.py`).
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from runs.tracking.gateway.routes import ROUTES
from tests.support.places import TOP

PACKAGES = ("mantik", "connections", "projects", "runs", "schedules")
METHODS = frozenset({"search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"})
LETTERS = 100_000
# Expressions whose text is cut before, to so many letters, and where. They may take longer for each.
SHORT = {
    # `_LONGEST_LINE` of runs/following/log_lines.py
    "runs.following.tracebacks:_BARS": 2_000,
    # `LONGEST` of runs/table/tokens.py: the length of a filter.
    "runs.table.completion:_BEING_TYPED": 2_000,
    "runs.table.tokens:_SEGMENT": 2_000,
    "runs.table.tokens:_TOKEN": 2_000,
    "runs.table.values:_NUMBER": 2_000,
    # `_LONGEST_ORDER`
    "runs.job.relay:_ORDER": 1_000,
    # Its texts are our own: `environment_file` closes every quote that it opens.
    "runs.job.description:_ASSIGNMENT": 2_000,
}
# Where expressions are made while the program runs, and why that is no harm.
MADE = {
    "connections.git.explain:_case": "tried as a part of _CASES",
    "mantik.docs.searching:_hit": "words of at most LONGEST_QUERY letters, in our own docs",
    "mantik.docs.searching:_pattern": "words of at most LONGEST_QUERY letters, in our own docs",
    "mantik.docs.searching:find": "words of at most LONGEST_QUERY letters, in our own docs",
    "runs.backend_config.globs:_compiled": "what they cost is counted beforehand",
    "runs.backend_config.globs:prepare": "what they cost is counted beforehand",
    "runs.job.relay:__init__": "the routes, which are tried as those of the gateway",
    "runs.job.relay:_compares": "on the node, a training's own search for what it has logged itself",
    "runs.tracking.gateway.routes:pattern": "the routes, which are tried",
    "runs.tracking.journals.files:_where": "of a journal's name, and no other signs",
}


@dataclass(frozen=True)
class Expression:
    name: str
    pattern: re.Pattern[Any]
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A call of `re`, in `function` or, if that is empty, when its module is imported."""

    module: str
    function: str
    method: str
    text: str | None


@cache
def sources() -> dict[str, ast.Module]:
    paths = (path for package in PACKAGES for path in (TOP / package).rglob("*.py") if "migrations" not in path.parts)
    return {name_of(path): ast.parse(path.read_text()) for path in sorted(paths) if not is_of_the_demo(path)}


def is_of_the_demo(path: Path) -> bool:
    # What the demo commits to its own repository.
    return path.is_relative_to(TOP / "mantik" / "demo" / "code")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(TOP).with_suffix("").parts).removesuffix(".__init__")


@cache
def calls() -> tuple[Call, ...]:
    return tuple(call for module, tree in sources().items() for call in calls_in(tree, module, ""))


def calls_in(node: ast.AST, module: str, function: str) -> Iterator[Call]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            owner = child.func.value
            if isinstance(owner, ast.Name) and owner.id == "re" and child.func.attr in METHODS | {"compile"}:
                first = child.args[0]
                text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
                yield Call(module, function, child.func.attr, text)
        yield from calls_in(child, module, inside)


@cache
def uses() -> dict[str, set[str]]:
    """By the name of an expression, with which methods it is used anywhere."""
    found: dict[str, set[str]] = {}
    for tree in sources().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
                found.setdefault(node.value.id, set()).add(node.attr)
    return found


def expressions() -> Iterator[Expression]:
    for module in dict.fromkeys(call.module for call in calls()):
        for name, value in vars(import_module(module)).items():
            methods = tuple(uses().get(name) or {"search"})
            for number, pattern in enumerate(dict.fromkeys(patterns_in(value))):
                yield Expression(f"{module}:{name}" + f"[{number}]" * bool(number), pattern, methods)
    for route in ROUTES:
        yield Expression(f"runs.tracking.gateway.routes:{route.template}", route.pattern, ("fullmatch",))
    for call in calls():
        if call.function and call.text is not None:
            method = "search" if call.method == "compile" else call.method
            yield Expression(f"{call.module}:{call.function}", re.compile(call.text), (method,))


def patterns_in(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from (pattern for item in value.values() for pattern in patterns_in(item))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (pattern for item in value for pattern in patterns_in(item))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (pattern for field in fields(value) for pattern in patterns_in(getattr(value, field.name)))


def described(expression: Expression) -> dict[str, Any]:
    pattern = expression.pattern.pattern
    is_bytes = isinstance(pattern, bytes)
    return {
        "pattern": pattern.decode("latin-1") if is_bytes else pattern,
        "flags": expression.pattern.flags & ~re.UNICODE if is_bytes else expression.pattern.flags,
        "is_bytes": is_bytes,
        "methods": expression.methods,
        "letters": SHORT.get(expression.name, LETTERS),
    }


def slow_ones(given: list[Expression]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.expressions"],
        input=json.dumps([described(expression) for expression in given]),
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    return [given[place].name for place in json.loads(done.stdout)]


def test_expressions_are_quick_whatever_the_text() -> None:
    assert slow_ones(list(expressions())) == []


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"(a+)+b", "match"),
        (r"(?:\w+\.)*\w+:", "search"),
        (r"\s+$", "search"),
        # A limit does not help if it is tried at each letter of another one.
        (r"(?i)\b[\w.-]{0,60}(?:passw|secret|token|credential|api_?key)[\w.-]{0,60}[\"']?\s*[=:]\s*\S+", "search"),
        (r'"(?:[^"\\]|\\.)*"', "search"),
    ],
)
def test_what_is_slow_is_found(pattern: str, method: str) -> None:
    given = Expression("slow", re.compile(pattern), (method,))
    assert slow_ones([given]) == ["slow"]


def test_every_expression_is_tried() -> None:
    tried = {expression.name.partition(":")[0] for expression in expressions()}
    assert {call.module for call in calls() if not call.function and call.method == "compile"} <= tried


def test_where_expressions_are_made_is_listed_with_what_they_are_made_of() -> None:
    made = {f"{call.module}:{call.function}" for call in calls() if call.function and call.text is None}
    assert made == set(MADE)
