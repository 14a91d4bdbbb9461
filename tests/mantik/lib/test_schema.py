"""Data of another version: what is found, and what is said. Changes of tables are undone with each test."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import DjangoAssertNumQueries

from mantik.lib import schema
from mantik.lib.service_urls import database_config
from mantik.tokens.models import PersonalAccessToken

pytestmark = pytest.mark.django_db

FROM_BEFORE = (
    "These data were made by a development version from before 0.1.0, or changed by hand. Export what you need"
)
FROM_LATER = "These data were made by another version, most likely a newer one: start that one, or restore a backup"


def change(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def record(app: str, name: str) -> None:
    MigrationRecorder(connection).record_applied(app, name)


def forget(app: str, name: str) -> None:
    MigrationRecorder(connection).record_unapplied(app, name)


def forget_all(app: str) -> list[str]:
    """The names of its migrations, first to last."""
    names = sorted(name for label, name in MigrationLoader(connection).disk_migrations if label == app)
    for name in names:
        forget(app, name)
    return names


def letters(columns: str) -> list[str]:
    """Statements that make a table anew that no other one refers to. Types are not compared."""
    return [
        "DROP TABLE notices_letter",
        f"""CREATE TABLE notices_letter (
            id integer PRIMARY KEY, uuid varchar(36) NOT NULL, address text NOT NULL, subject text NOT NULL,
            text text NOT NULL, created_at timestamp NOT NULL, next_attempt_at timestamp NOT NULL,
            attempts integer NOT NULL, lease_token varchar(36), lease_until timestamp, {columns})""",
    ]


def test_what_the_migrations_make_is_what_the_models_need() -> None:
    assert schema.objection(connection) == ""
    schema.check_before_migrating(connection)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["ALTER TABLE runs_run DROP COLUMN tree_sha"], "The table runs_run has no column tree_sha. "),
        (
            ["ALTER TABLE runs_run RENAME COLUMN outcome TO ending"],
            "The table runs_run has no column outcome (and 1 more",
        ),
        (["DROP TABLE notices_letter"], "There is no table notices_letter. "),
        (
            letters("error text NOT NULL, weight integer NOT NULL"),
            "The table notices_letter has a column weight that has",
        ),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value).partition(".")[0],
)
def test_what_the_models_need_and_is_not_there_is_named(statements: list[str], said: str) -> None:
    change(*statements)
    objection = schema.objection(connection)
    assert objection.startswith(said)
    assert FROM_BEFORE in objection


def test_the_table_of_a_cache_is_missed_until_migrate_has_made_it() -> None:
    """It has no model, and whoever signs in needs it."""
    change("DROP TABLE cache")
    assert schema.objection(connection) == "There is no table cache, which `manage.py migrate` makes: run it."
    schema.check_before_migrating(connection)
    call_command("migrate", verbosity=0)
    assert schema.objection(connection) == ""


def test_a_column_that_must_not_be_left_empty_is_named() -> None:
    change("ALTER TABLE tokens_personalaccesstoken RENAME TO old")
    columns = {field.attname for field in PersonalAccessToken._meta.concrete_fields} - {"id", "last_used_at"}
    declared = ", ".join(f"{name} text" for name in sorted(columns))
    change(
        f"CREATE TABLE tokens_personalaccesstoken (id integer PRIMARY KEY, {declared}, last_used_at timestamp NOT NULL)"
    )
    assert schema.objection(connection).startswith(
        "The column last_used_at of the table tokens_personalaccesstoken must not be empty, and "
        "this version leaves it empty at times. "
    )


@pytest.mark.parametrize(
    "columns",
    [
        "error text",
        "error text NOT NULL, weight integer",
        "error text NOT NULL, weight integer NOT NULL DEFAULT 0",
        "error varchar(9000) NOT NULL, weight integer GENERATED ALWAYS AS (id * 2) STORED NOT NULL",
    ],
)
def test_what_does_no_harm_is_let_be(columns: str) -> None:
    change(*letters(columns), "CREATE TABLE somebody_elses (id integer NOT NULL)")
    assert schema.objection(connection) == ""


def test_migrations_that_are_not_applied_are_counted() -> None:
    *_, latest = names = forget_all("schedules")
    for name in names[:-1]:
        record("schedules", name)
    assert schema.objection(connection) == f"The migration schedules.{latest} is not applied: run `manage.py migrate`."
    count = len(forget_all("schedules")) + len(forget_all("runs"))
    assert schema.objection(connection) == (
        f"The migration runs.0001_initial and {count - 1} more are not applied: run `manage.py migrate`."
    )


@pytest.mark.parametrize("name", [("runs", "0999_of_tomorrow"), ("workflows", "0001_initial"), ("runs", "1000_last")])
def test_data_of_a_newer_version_are_told_from_old_ones(name: tuple[str, str]) -> None:
    record(*name)
    for look in (schema.check, schema.check_before_migrating):
        with pytest.raises(schema.Unusable) as refused:
            look(connection)
        assert str(refused.value).startswith(
            f"The migration {'.'.join(name)} is applied, but not part of this version of Mantik. {FROM_LATER}"
        )


@pytest.mark.parametrize("name", [("auth", "0002_squashed_since"), ("sessions", "0001_initial")])
def test_what_old_data_had_to_go_through_is_no_newer_version(name: tuple[str, str]) -> None:
    record(*name)
    assert schema.objection(connection) == ""


def test_a_history_with_a_hole_is_no_history_of_a_release() -> None:
    forget("runs", "0001_initial")
    assert schema.objection(connection).startswith(
        "The migration runs.0002_log_ends is applied, and runs.0001_initial, which comes before it, is not. "
        f"{FROM_BEFORE}"
    )


def test_before_migrating_the_tables_have_to_be_those_of_the_migrations_so_far() -> None:
    forget_all("schedules")
    schema.check_before_migrating(connection)
    change("ALTER TABLE runs_run DROP COLUMN tree_sha")
    with pytest.raises(schema.Unusable, match="The table runs_run has no column tree_sha"):
        schema.check_before_migrating(connection)


def test_migrate_changes_nothing_in_data_that_it_cannot_use() -> None:
    change("ALTER TABLE runs_run DROP COLUMN tree_sha")
    forget_all("schedules")
    before = MigrationRecorder(connection).applied_migrations().keys()
    with pytest.raises(CommandError) as refused:
        call_command("migrate", verbosity=0)
    where = schema.whereabouts(connection)
    assert str(refused.value).startswith(f"Mantik cannot use the database {where}. The table runs_run has no column")
    assert str(refused.value).endswith("Nothing was changed.")
    assert refused.value.returncode == schema.EXIT_CODE
    assert MigrationRecorder(connection).applied_migrations().keys() == before


def test_who_mends_by_hand_is_not_stopped() -> None:
    record("runs", "0999_of_tomorrow")
    forget_all("schedules")
    call_command("migrate", "schedules", "0001", fake=True, verbosity=0)
    assert ("schedules", "0001_initial") in MigrationRecorder(connection).applied_migrations()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_kept_for_a_while(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    clock = Clock()
    watch = schema.Watch(clock=clock)
    assert watch.objection(connection) == ""
    # Those tell which migrations are applied.
    with django_assert_num_queries(2):
        assert watch.objection(connection) == ""
    change("ALTER TABLE runs_run RENAME COLUMN tree_sha TO tree")
    clock.now += schema.GOOD_ANSWER_SECONDS - 1
    assert watch.objection(connection) == ""
    clock.now += 1
    assert "no column tree_sha" in watch.objection(connection)
    change("ALTER TABLE runs_run RENAME COLUMN tree TO tree_sha")
    clock.now += schema.BAD_ANSWER_SECONDS - 1
    with django_assert_num_queries(2):
        assert "no column tree_sha" in watch.objection(connection)
    clock.now += 1
    assert watch.objection(connection) == ""


def test_another_set_of_migrations_is_looked_at_at_once() -> None:
    watch = schema.Watch(clock=Clock())
    assert watch.objection(connection) == ""
    record("runs", "0999_of_tomorrow")
    assert "runs.0999_of_tomorrow" in watch.objection(connection)
    forget("runs", "0999_of_tomorrow")
    assert watch.objection(connection) == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////srv/mantik/mantik.sqlite3", "/srv/mantik/mantik.sqlite3"),
        ("postgresql://ada:geheim@db.example.org:5432/mantik", "mantik on db.example.org"),
        ("postgresql://ada:geheim@/mantik?host=/run/postgresql", "mantik"),
    ],
)
def test_a_database_is_named_without_its_login(url: str, said: str) -> None:
    nowhere: dict[str, Any] = {"HOST": ""}
    elsewhere: BaseDatabaseWrapper = DatabaseWrapper(nowhere | database_config(url))
    assert schema.whereabouts(elsewhere) == said


def test_it_loads_no_migration_where_exactly_those_of_this_version_are_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise AssertionError("The migrations were loaded.")

    monkeypatch.setattr(schema, "MigrationExecutor", load)
    assert schema.objection(connection) == ""


def test_it_knows_by_name_what_django_would_load() -> None:
    assert schema._named_here() == MigrationLoader(connection).disk_migrations.keys()
