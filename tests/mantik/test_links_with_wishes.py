"""Links with a query: those that only look at something, and those that fill in a form.

The latter state a wish, which is fulfilled or refused by name; each has a test that takes away what it names. So that
none is forgotten, this finds every such link and every query that a view reads, and asks of a new one which it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from mantik.lib.filters import Filters
from tests.support.places import TOP

APPS = ("mantik", "connections", "projects", "runs", "schedules")
# Python that speaks to other servers, not to our pages.
NOT_PAGES = (
    "mantik/lib/service_urls.py",
    "connections/mlflow",
    "mantik/demo/sandbox",
    "connections/unicore",
    "connections/renewal/oidc.py",
    "runs/tracking/gateway",
)

# It reads what lists declare, each of which is named here.
FILTERS = "mantik/lib/filters.py"

# (view, key) by the test that takes away what it names.
WISHES = {
    (
        "runs:new",
        "from",
    ): "tests/runs/planning/test_run_again.py::test_what_is_gone_is_said_in_place_and_run_does_not_go_through",
    (
        "runs:new",
        "code_repository",
    ): "tests/runs/planning/test_wishes.py::test_what_is_gone_is_said_in_place",
    (
        "schedules:add",
        "run",
    ): "tests/schedules/test_schedule_this_run.py::test_what_is_gone_is_said_in_place_and_nothing_is_added",
    (
        "connections:add",
        "kind",
    ): "tests/connections/views/test_pages.py::test_a_link_to_a_kind_that_there_is_not_says_so",
    (
        "connections:add",
        "site",
    ): "tests/connections/views/test_adding.py::test_a_link_to_a_site_that_is_not_offered_says_so",
    (
        "runs:register",
        "name",
    ): "tests/runs/registered_models/test_register_page.py::test_a_name_that_a_link_asks_for_is_judged_at_once",
}
# Where they are read: (function, key).
WISHES_READ = {
    ("new_run", "*"): ("runs:new", "from"),
    ("_wish", "*"): ("runs:new", "code_repository"),
    ("_wish", "code_repository"): ("runs:new", "code_repository"),
    ("wish_in", "*"): ("runs:new", "code_repository"),
    ("_new_form", "run"): ("schedules:add", "run"),
    ("_asked_kind", "kind"): ("connections:add", "kind"),
    ("wanted_by", "site"): ("connections:add", "site"),
    ("register", "name"): ("runs:register", "name"),
    ("register_name", "name"): ("runs:register", "name"),
}
# They choose what of a page is shown, and fill in nothing that is sent.
LOOKED_AT = {
    *("page", "tab", "path", "offset", "week", "only", "changed", "key", "project"),
    *(
        "q",
        "state",
        "period",
        "experiment",
        "label",
        "show",
        "about",
        "member",
        "metric",
        "outcome",
        "person",
        "started",
    ),
    # Of an experiment's table. The page of its columns judges what a link names at once, as if it had been sent.
    *("filter", "sort", "columns", "group", "against", "text", "at"),
    # Of the sign-in: what for, and where to afterwards.
    *("process", "next"),
}
# Pages of runs that are named, which fill in nothing either.
COMPARED = {("compare", "run"), ("_answer", "run")}
# Functions that are handed a whole query: filters of lists, and what follows a form as it is typed.
READ_WHOLE = {
    *("project_list", "activity", "activity_csv", "_list", "model_list", "schedule_list", "detail"),
    *("register_name", "register_models", "_view", "_number", "answer", "listed"),
}


def test_every_link_with_a_query_is_known() -> None:
    unknown = {(view, key) for view, key in set(_links()) if key not in LOOKED_AT and (view, key) not in WISHES}
    # A link that is built without its view on the same line is known by its key.
    unknown = {(view, key) for view, key in unknown if view or key not in {key for _, key in WISHES}}
    assert not unknown, f"Do these fill in a form? Then they are WISHES and need a test: {sorted(unknown)}"


def test_every_query_that_is_read_is_known() -> None:
    found = set(queries_read())
    unknown = {
        (function, key)
        for function, key in found
        if (function, key) not in {*WISHES_READ, *COMPARED}
        and key not in LOOKED_AT
        and not (key == "*" and function in READ_WHOLE)
    }
    assert not unknown, f"Do these fill in a form? Then they are WISHES and need a test: {sorted(unknown)}"


def test_what_is_listed_is_there() -> None:
    links, reads = set(_links()), set(queries_read())
    assert {(function, "*") for function in READ_WHOLE} <= reads
    assert {key for _, key in WISHES} <= {key for _, key in links}
    assert set(WISHES_READ) <= reads
    assert set(WISHES_READ.values()) == set(WISHES)
    assert {key for _, key in links | reads} >= LOOKED_AT


@pytest.mark.parametrize("test", WISHES.values())
def test_each_wish_has_its_test(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (TOP / path).read_text()


_VIEW = re.compile(r"""(?:url\s+|reverse\()['"]([\w:-]+)['"]""")
_QUERY = re.compile(r"\?([a-z_]+)=")


def _links() -> Iterator[tuple[str, str]]:
    """(view, key): the view that is named last before the query on its line, "" if none is."""
    for path in (*(TOP / "templates").rglob("*.html"), *_modules(), *(TOP / "static/js").rglob("*.js")):
        for line in path.read_text().splitlines():
            for query in _QUERY.finditer(line):
                named = _VIEW.findall(line[: query.start()])
                yield (named[-1] if named else ""), query[1]
    for path in _modules():
        for call in _calls(ast.parse(path.read_text())):
            if ast.unparse(call.func).endswith("urlencode") and call.args and isinstance(call.args[0], ast.Dict):
                yield from (("", str(key.value)) for key in call.args[0].keys if isinstance(key, ast.Constant))


def queries_read() -> Iterator[tuple[str, str]]:
    """(function, key) of each query parameter; "*" where the whole query is handed on."""
    yield from _declared()
    for path in _modules():
        if path == TOP / FILTERS:
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in _calls(function):
                yield from ((function.name, key) for key in _read_by(call))


def _declared() -> Iterator[tuple[str, str]]:
    """(class, key) of the filters of lists."""
    # All pages are imported with their addresses.
    import_module("mantik.urls")
    for filters in Filters.__subclasses__():
        if filters.__module__.startswith(APPS):
            yield from ((filters.__name__, key) for key in filters.declared)


def _read_by(call: ast.Call) -> Iterator[str]:
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = ast.unparse(of) if of is not None else ""
    if call.args and name in ("request.GET", "query") and isinstance(call.func, ast.Attribute):
        first = call.args[0]
        if call.func.attr in ("get", "getlist"):
            yield str(first.value) if isinstance(first, ast.Constant) else "*"
    handed = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(ast.unparse(argument) == "request.GET" for argument in handed):
        yield "*"


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _modules() -> Iterator[Path]:
    for app in APPS:
        for path in (TOP / app).rglob("*.py"):
            if not path.relative_to(TOP).as_posix().startswith(NOT_PAGES):
                yield path
