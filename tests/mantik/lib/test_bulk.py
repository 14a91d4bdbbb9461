from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from mantik.audit.models import AuditEvent
from mantik.lib.bulk import Copied, insert_rows, load_shared, update_rows
from projects.models import Project
from runs.models import Run, RunEvent
from runs.planning.repeatable import RECIPE
from tests.support.factories import make_run

NOW = datetime(2027, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
TEXT = 'it\'s "50 %", %s, a \\ and\nan é 🌍'

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    return make_run(runtime_limit=timedelta(days=3, microseconds=1), parameters={"a": TEXT, "b": None})


def copies(run: Run, count: int, **shared: Any) -> list[Run]:
    """Made anew from the recipe of `run`, in the order they were asked for."""
    uuids = [uuid4() for _ in range(count)]
    keys = insert_rows(
        Run,
        [(uuid, f"mantik-{uuid}", TEXT, run.pk) for uuid in uuids],
        columns=("uuid", "submission_tag", "name"),
        shared={"project_id": run.project_id, "created_by_id": run.created_by_id, "created_at": NOW, **shared},
        copied=Copied(Run, RECIPE),
        keyed_by="uuid",
    )
    return [Run.objects.get(pk=keys[uuid]) for uuid in uuids]


def test_rows_have_their_own_values_shared_ones_copied_ones_and_defaults(run: Run) -> None:
    first, second = copies(run, 2, consumed_seconds={"queued": 1.5})
    assert first.uuid != second.uuid
    assert first.submission_tag == f"mantik-{first.uuid}"
    assert (first.name, first.created_at, first.consumed_seconds) == (TEXT, NOW, {"queued": 1.5})
    assert first.recipe == second.recipe == run.recipe
    assert (first.state, first.attempts, first.code_is_inline, first.posted_at) == ("PENDING", 0, True, None)


def test_what_is_stored_is_what_a_model_would_store() -> None:
    columns = ("uuid", "happened_at", "verb", "actor_name", "target_kind", "target_uuid", "target_name", "after")
    values: list[tuple[Any, ...]] = [
        (uuid4(), NOW, "run.added", "ada", "run", None, TEXT, {"n": [1, None, TEXT], "is": True})
    ]
    values += [(uuid4(), NOW, "run.added", "ada", "run", uuid4(), "", {})]
    insert_rows(AuditEvent, values, columns=columns)
    assert list(AuditEvent.objects.order_by("pk").values_list(*columns)) == values
    # Looked for as JSON and as moments, not only read back.
    assert AuditEvent.objects.filter(after__is=True, happened_at=NOW).count() == 1


def test_a_row_to_copy_from_that_is_gone_is_noticed(run: Run) -> None:
    gone = Run(pk=run.pk + 1, project_id=run.project_id, created_by_id=run.created_by_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        copies(gone, 1)
    assert list(Run.objects.all()) == [run]


def test_a_text_that_is_too_long_is_refused_not_cut_off(run: Run) -> None:
    if connection.vendor != "postgresql":
        # SQLite has no lengths.
        run.name = "x" * 500
        update_rows([run], columns=["name"])
        assert Run.objects.get().name == run.name
        return
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(RunEvent, [(run.pk, NOW, "k" * 500, "")], columns=("run_id", "at", "kind", "message"))
    run.name = "x" * 500
    with pytest.raises(DataError), transaction.atomic():
        update_rows([run], columns=["name"])


def test_rows_are_updated_to_values_of_their_own(run: Run) -> None:
    other = make_run(project=run.project)
    untouched = make_run(project=run.project)
    run.name, run.ended_at, run.runtime_limit, run.exit_code = TEXT, NOW, timedelta(hours=30), -1
    other.name, other.ended_at, other.runtime_limit, other.exit_code = "other", None, None, None
    columns = ("name", "ended_at", "runtime_limit", "exit_code", "parameters")
    assert update_rows([run, other], columns=columns) == 2
    for row in (run, other):
        assert Run.objects.values(*columns).get(pk=row.pk) == {name: getattr(row, name) for name in columns}
    assert Run.objects.get(pk=untouched.pk).name == untouched.name


def test_many_take_one_statement(run: Run, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    rows = [(run.pk, f"line {number}") for number in range(3000)]
    with django_assert_num_queries(1):
        insert_rows(RunEvent, rows, columns=("run_id", "message"), shared={"at": NOW, "kind": "note"})
    assert list(RunEvent.objects.filter(kind="note").order_by("pk").values_list("run_id", "message")) == rows


def test_without_rows_the_database_is_not_asked(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert insert_rows(RunEvent, [], columns=("run_id", "message")) == {}
        assert update_rows([], columns=["name"]) == 0


def test_what_rows_share_is_loaded_once(run: Run, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    copies(run, 3)
    Run.objects.filter(pk=run.pk).update(connection=None)
    rows = list(Run.objects.order_by("pk"))
    with django_assert_num_queries(2):
        load_shared(rows, project=Project.objects.all(), connection=Connection.objects.all())
    with django_assert_num_queries(0):
        assert [row.project for row in rows] == [run.project] * 4
        assert [row.connection for row in rows] == [None, *[run.connection] * 3]
