"""What a release has left behind can be loaded as it was, and has something of everything."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from connections.models import Connection, Site
from mantik.lib.sealed_fields import sealed_fields
from mantik.lib.sealing import unseal
from mantik.notices.models import Notice
from runs.models import RunEvent, RunLogChunk
from tests.upgrade import known
from tests.upgrade.dumps import plain
from tests.upgrade.make import MOST_BYTES
from tests.upgrade.releases import DATABASES, Release, releases
from tests.upgrade.shelves import Stock
from tests.upgrade.tables import apps_as_migrated, apps_now, empty_tables, our_apps, what_is_missing


@pytest.mark.usefixtures("left_behind")
def test_a_dump_has_had_the_migrations_that_are_listed_beside_it(stock: Stock) -> None:
    had = MigrationExecutor(connection).loader.applied_migrations
    assert {f"{label}/{name}.py" for label, name in had if label in our_apps()} == set(stock.release.migrations())


@pytest.mark.usefixtures("left_behind", "only_newest")
def test_the_newest_release_has_left_something_of_everything_that_it_had() -> None:
    """A table without a row, or a state that nothing is in, is one whose upgrade nobody tries."""
    assert what_is_missing(apps_as_migrated()) == []


@pytest.mark.usefixtures("left_behind")
def test_every_release_has_left_a_row_in_each_table_that_it_had() -> None:
    assert list(empty_tables(apps_as_migrated())) == []


@pytest.mark.usefixtures("upgraded", "only_newest")
def test_what_the_data_have_nothing_of_is_found() -> None:
    before = what_is_missing(apps_now())
    RunEvent.objects.all().delete()
    Site.objects.update(sealed_oidc_secret="")
    Connection.objects.filter(test_outcome="refused").update(test_outcome="works")
    assert [sentence for sentence in what_is_missing(apps_now()) if sentence not in before] == [
        "The table runs_runevent has no row.",
        "No row of connections_connection has 'refused' for its test_outcome.",
        "No row of connections_site has anything in sealed_oidc_secret.",
    ]


@pytest.mark.usefixtures("upgraded")
def test_texts_and_bytes_are_what_they_were() -> None:
    assert Notice.objects.get(key="odd").text == known.ODD_TEXT
    assert bytes(RunLogChunk.objects.latest("pk").content) == known.ODD_BYTES


@pytest.mark.usefixtures("upgraded")
def test_every_sealed_secret_opens() -> None:
    opened = [
        unseal(getattr(row, field.column), owner=field.owner_of(row))
        for field in sealed_fields()
        for row in field.model._default_manager.exclude(**{field.column: ""})
    ]
    assert opened
    assert all(opened)


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
@pytest.mark.parametrize("database", DATABASES)
def test_a_dump_is_small_and_plain_sql(release: Release, database: str) -> None:
    text = release.dump(database).read_bytes().decode()
    assert len(text.encode()) < MOST_BYTES
    assert "OWNER TO" not in text
    assert "CREATE EXTENSION" not in text
    if database == "postgresql":
        assert plain(text) == text


def test_what_looks_like_a_comment_within_a_text_stays() -> None:
    text = "--\n-- Name: it\n--\n\nSET x = 1;\n\\restrict abc\nINSERT INTO t VALUES (1, 'It''s\n-- \nSET it\n');\n"
    assert plain(text) == "INSERT INTO t VALUES (1, 'It''s\n-- \nSET it\n');\n"
