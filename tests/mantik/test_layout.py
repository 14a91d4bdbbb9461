"""The house as docs/architecture.md describes it: one layout of all apps, imports in one direction, no circles."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest
from django.apps import apps

from tests.support.places import TOP

APPS = ("connections", "projects", "runs", "schedules")
# At the top of an app; whatever else it has is in wings, which are packages named after their subject.
AT_TOP = frozenset(
    f"{name}.py"
    for name in (
        "__init__",
        "admin",
        "apps",
        "forms",
        "lifecycle",
        "models",
        "permissions",
        "querysets",
        "roles",
        "services",
        "states",
        "tasks",
        "urls",
    )
)
FLAT = AT_TOP | {"views.py"}
# Packages that every app may have and that need no word about what is in them.
PLAIN = frozenset({"management", "migrations", "services", "views"})
# Names that say nothing.
GENERIC = frozenset({"utils", "helpers", "common", "misc", "base"})


def flat_apps() -> dict[str, set[str]]:
    """The apps that are laid out flat, with the modules of their own, as docs/architecture.md lists them."""
    text = (TOP / "docs" / "architecture.md").read_text()
    table = text.partition("| app | modules of its own |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([\w/]+)` \| (.+) \|$", table, flags=re.MULTILINE)
    return {app: {f"{name}.py" for name in names.strip("`").split()} - {"none.py"} for app, names in rows}


def modules_of(app: str) -> list[Path]:
    return sorted(path for path in (TOP / app).rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize("app", APPS)
def test_at_the_top_of_an_app_is_what_every_app_has_there(app: str) -> None:
    assert {path.name for path in (TOP / app).glob("*.py")} <= AT_TOP


def test_every_app_has_one_of_the_two_layouts() -> None:
    found = {path.parent.relative_to(TOP).as_posix() for path in (*TOP.glob("*/apps.py"), *TOP.glob("*/*/apps.py"))}
    # It has commands and no models.
    found.remove("mantik")
    assert found == {*APPS, *flat_apps()} - {"runs/registered_models"}


@pytest.mark.parametrize("app", flat_apps())
def test_a_flat_app_has_the_usual_modules_and_those_that_are_listed(app: str) -> None:
    names = {path.name for path in (TOP / app).glob("*.py")}
    assert names - FLAT == flat_apps()[app], "Name the module in the table of docs/architecture.md."
    packages = {path.parent.name for path in (TOP / app).glob("*/__init__.py")}
    assert packages <= PLAIN
    assert not {path.removesuffix(".py") for path in names} & packages


@pytest.mark.parametrize("app", APPS)
def test_a_subject_is_one_file_or_one_package(app: str) -> None:
    files = {path.stem for path in (TOP / app).glob("*.py")}
    packages = {path.parent.name for path in (TOP / app).glob("*/__init__.py")}
    assert not files & packages


@pytest.mark.parametrize("app", APPS)
def test_a_wing_says_what_it_is_for(app: str) -> None:
    wings = [path for path in (TOP / app).glob("*/__init__.py") if path.parent.name not in PLAIN]
    assert wings
    silent = [str(path.relative_to(TOP)) for path in wings if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


@pytest.mark.parametrize("app", ["mantik", *APPS])
def test_every_folder_of_code_is_a_package(app: str) -> None:
    folders = {path.parent for path in modules_of(app)} - {TOP / "mantik" / "demo" / "code"}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("app", ["mantik", *APPS])
def test_a_file_is_named_after_what_it_holds(app: str) -> None:
    assert [str(path) for path in modules_of(app) if path.stem in GENERIC] == []


# Named like a module of the standard library, which they do not hide: the words are those of docs/architecture.md.
LIKE_THE_LIBRARY = {"queue", "code"}


def test_no_module_is_taken_for_one_of_the_standard_library() -> None:
    tops = ("mantik", *APPS, "bench", "tests")
    paths = [path for top in tops for path in (TOP / top).rglob("*.py") if "migrations" not in path.parts]
    names = {path: path.parent.name if path.stem == "__init__" else path.stem for path in paths}
    shadows = {str(path): name for path, name in names.items() if name in sys.stdlib_module_names - LIKE_THE_LIBRARY}
    assert shadows == {}


def layers() -> list[list[str]]:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["type"] == "layers")
    assert "ignore_imports" not in found
    return [[name.strip() for name in layer.split(":")] for layer in found["layers"]]


def test_every_module_has_its_layer() -> None:
    placed = {name for layer in layers() for name in layer}
    own = {f"mantik.{path.stem}" for path in (TOP / "mantik").glob("*.py") if path.stem != "__init__"}
    own |= {f"mantik.{path.parent.name}" for path in (TOP / "mantik").glob("*/__init__.py")}
    assert own - placed == set()
    assert placed - own == set(APPS)


@cache
def imports() -> dict[str, set[str]]:
    """Who imports whom in the product, also inside functions; what only types need is left out."""
    graph = grimp.build_graph("mantik", *APPS, exclude_type_checking_imports=True)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(graph: dict[str, set[str]]) -> Iterator[set[str]]:
    """Modules that import each other, over however many others."""
    reached = {module: _reached(graph, module) for module in graph}
    seen: set[str] = set()
    for module in sorted(graph):
        ring = {other for other in reached[module] if module in reached.get(other, ())}
        if ring and module not in seen:
            seen |= ring
            yield ring


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        for other in graph.get(todo.pop(), set()) - found:
            found.add(other)
            todo.append(other)
    return found


def test_no_modules_import_each_other() -> None:
    assert len(imports()) > 300
    assert list(circles(imports())) == []


def test_a_circle_would_be_found() -> None:
    assert list(circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == [{"a", "b", "c"}]


# A model by name is an import that no contract sees.
MODELS_BY_NAME = {"mantik/accounts/sessions.py"}


def models_by_name(tree: ast.Module) -> Iterator[str]:
    """The labels of our apps in calls of `get_model`."""
    labels = {config.label for config in apps.get_app_configs() if config.name.partition(".")[0] in ("mantik", *APPS)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_model") and node.args):
            continue
        # An operation of migrations is told which app it is for.
        if isinstance(node.args[0], ast.Constant):
            yield from labels.intersection([str(node.args[0].value).partition(".")[0]])


def test_a_model_is_imported_where_that_makes_no_circle() -> None:
    found = {path for app in ("mantik", *APPS) for path in modules_of(app)}
    named = {path for path in found if set(models_by_name(ast.parse(path.read_text())))}
    assert {path.relative_to(TOP).as_posix() for path in named} == MODELS_BY_NAME


# Suites of the whole product, and what they share.
OF_ALL = {
    "bench",
    "browser",
    "canary",
    "contract",
    "exactly_once",
    "hostile",
    "isolation",
    "lint",
    "matrix",
    "packaging",
    "several_machines",
    "support",
    "unicorex",
    "upgrade",
}


def test_a_test_stands_where_its_code_stands() -> None:
    """In a folder of the same name, which may be that of a module with many tests."""
    folders = {path.parent.relative_to(TOP / "tests") for path in (TOP / "tests").rglob("*.py")}
    of_code = {folder for folder in folders if folder.parts and folder.parts[0] not in OF_ALL}
    places = [folder for folder in sorted(of_code) if not (TOP / folder).with_suffix(".py").is_file()]
    assert [str(folder) for folder in places if not (TOP / folder).is_dir()] == []


# Packages whose tests stand with those of what they belong to.
WITH_OTHERS = {
    "connections/pages": "connections/views",
    "mantik/management/commands": "mantik",
    "mantik/templatetags": "mantik",
    "projects/addressing": "projects",
    "projects/management/commands": "projects",
    "projects/views": "projects",
    "runs/dependents": "projects/services",
    "runs/registered_models/views": "runs/registered_models",
    "runs/tracking/gateway/calls": "runs/tracking/gateway",
    "runs/views": "runs/pages",
    "schedules/dependents": "projects/services",
    "schedules/views": "schedules/pages",
}


def test_code_has_its_tests_where_one_looks_for_them() -> None:
    modules = [path for app in ("mantik", *APPS) for path in modules_of(app) if path.stem != "__init__"]
    packages = {path.parent.relative_to(TOP).as_posix() for path in modules} - {"mantik/demo/code"}
    tested = {path.parent.relative_to(TOP / "tests").as_posix() for path in (TOP / "tests").rglob("test_*.py")}
    assert packages - tested == WITH_OTHERS.keys()
    assert set(WITH_OTHERS.values()) <= tested
