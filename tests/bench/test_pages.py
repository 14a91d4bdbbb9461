"""No page reads more of a large table than it shows, whatever it is filtered by; and none asks once for each row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import pages
from mantik.lib.live import STAMP
from projects.models import Project
from projects.roles import Role
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support import factories
from tests.support.many_runs import ManyRuns, analyse, make_many_runs
from tests.support.proofs import Proved, trials

pytestmark = pytest.mark.django_db
LARGE = {"runs_run", "runs_runevent", "audit_auditevent"}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="The plans are PostgreSQL's.")
def test_no_page_reads_many_rows(proved: Proved) -> None:
    count = trials(20_000, 1_000_000)
    runs = make_many_runs(count)
    analyse()
    found = {f"{name}: {table}": rows for name, table, rows in _read(runs) if rows > _most(count)}
    proved(runs=count, pages=len(_addresses(runs)), that_read_many=len(found))
    assert not found


def _most(count: int) -> int:
    """A page of rows, or what ended in a week."""
    return 1_000 + count // 50


def _addresses(runs: ManyRuns) -> dict[str, str]:
    found = pages.lists(runs) | pages.pages_of_runs(runs) | pages.searches(runs) | pages.overviews(runs)
    found["form"] = reverse("runs:new", args=[runs.project.slug])
    return found


def _read(runs: ManyRuns) -> Iterator[tuple[str, str, float]]:
    """(page, table, rows read of it) for each time that a page or its live part reads one of the large tables."""
    client = Client()
    client.force_login(runs.member)
    for name, path in _addresses(runs).items():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
            assert client.get(path, headers={STAMP: ""}).status_code == 200
        for query in seen.captured_queries:
            if query["sql"].startswith("SELECT"):
                yield from ((name, *one) for one in _tables(_plan(query["sql"])))


def _plan(sql: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def _tables(node: dict[str, Any]) -> Iterator[tuple[str, float]]:
    table = node.get("Relation Name")
    if table in LARGE:
        passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield table, (node["Actual Rows"] + passed_over) * node["Actual Loops"]
    for inner in node.get("Plans", ()):
        yield from _tables(inner)


def _runs(project: Project, *, count: int) -> None:
    for _ in range(count):
        factories.make_run(RunState.FINISHED, project=project)
        factories.make_run(RunState.RUNNING, project=project)


def _schedules(project: Project, *, count: int) -> None:
    for _ in range(count):
        factories.make_schedule(project=project)


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("runs:list", _runs),
        ("runs:submissions", _runs),
        ("projects:overview", _runs),
        ("projects:experiments", _runs),
        ("projects:activity", _runs),
        ("schedules:list", _schedules),
    ],
)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(
    client_of: ClientOf, project: Project, name: str, fill: Callable[..., None]
) -> None:
    client = client_of(factories.join(project, Role.OWNER))
    path = reverse(name, args=[project.slug])

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    fill(project, count=2)
    queries()
    few = queries()
    fill(project, count=15)
    assert queries() == few
