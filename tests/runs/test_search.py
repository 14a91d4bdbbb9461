"""The search for runs finds the same on both databases, with an index or without."""

from __future__ import annotations

import pytest
from django.db import connection

from projects.models import Project
from runs.models import NAMES, TEXT_INDEXES, Run
from tests.support.factories import make_run, make_user

pytestmark = pytest.mark.django_db
NAMES_OF_RUNS = ("pv-yield nightly", "Größe 100%_sure", "groesse 100 sure", "q_x", "qax", "a-b", "a\\b", "Straße")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yield", {"pv-yield nightly"}),
        ("YIELD night", {"pv-yield nightly"}),
        ("d n", {"pv-yield nightly"}),
        ("röße", {"Größe 100%_sure"}),
        ("Straß", {"Straße"}),
        ("100%", {"Größe 100%_sure"}),
        ("%_s", {"Größe 100%_sure"}),
        ("q_x", {"q_x"}),
        ("_", {"Größe 100%_sure", "q_x"}),
        ("%", {"Größe 100%_sure"}),
        ("QA", {"qax"}),
        ("q", {"q_x", "qax"}),
        # One or two letters begin a word; three may be anywhere.
        ("x", {"q_x"}),
        ("ax", set()),
        ("ni", {"pv-yield nightly"}),
        ("YI", {"pv-yield nightly"}),
        ("b", {"a-b"}),
        ("q_", {"q_x"}),
        ("-", {"pv-yield nightly", "a-b"}),
        ("\\", {"a\\b"}),
        ("a\\b", {"a\\b"}),
        ("---", set()),
        ("sure", {"Größe 100%_sure", "groesse 100 sure"}),
    ],
)
@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_part_of_the_name_is_found_literally(project: Project, text: str, found: set[str], is_indexed: bool) -> None:
    for name in NAMES_OF_RUNS:
        make_run(project=project, name=name)
    _use_only_indexes_or_none(is_indexed)
    assert set(Run.objects.filter(project=project).search(text).values_list("name", flat=True)) == found


def _use_only_indexes_or_none(is_indexed: bool) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL enable_seqscan = {'off' if is_indexed else 'on'}")
        if not is_indexed:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for index in TEXT_INDEXES:
                cursor.execute(f"DROP INDEX {index.name}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DROPOUT", {"one"}),
        ("out **bet", {"one"}),
        ("team = wi", {"one", "two"}),
        ("wind", {"one", "two"}),
        ("team = rain", set()),
        # One or two letters are in most notes: they begin a word of a name.
        ("te", {"ten"}),
        ("b", set()),
    ],
)
@pytest.mark.parametrize("is_indexed", [True, False])
def test_notes_and_tags_are_found_where_they_are_asked_for(
    project: Project, text: str, found: set[str], is_indexed: bool
) -> None:
    make_run(project=project, name="one", notes="Without dropout **better**.", tags="team = wind")
    make_run(project=project, name="two", tags="keep\nteam = wind")
    make_run(project=project, name="ten")
    _use_only_indexes_or_none(is_indexed)
    runs = Run.objects.filter(project=project)
    assert set(runs.search(text, in_notes=True).values_list("name", flat=True)) == found
    assert set(runs.search(text).values_list("name", flat=True)) <= {"ten"}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite knows no other case than that of ASCII.")
def test_umlauts_are_found_in_either_case(project: Project) -> None:
    run = make_run(project=project, name="Größe")
    assert list(Run.objects.search("GRÖß")) == [run]


def test_a_commit_is_found_by_its_start_and_a_member_by_the_whole_user_name(project: Project) -> None:
    bob = make_user("bob")
    by_commit = make_run(project=project, commit_sha="beefbeef" * 5)
    by_bob = make_run(project=project, commit_sha="0" * 40, created_by=bob)
    assert list(Run.objects.search("BEEFb")) == [by_commit]
    assert list(Run.objects.search("bob")) == [by_bob]
    assert not Run.objects.search("bo").exists()
    assert not Run.objects.search("eefb").exists()


def test_the_index_of_names_is_made_again_if_it_is_gone(project: Project) -> None:
    make_run(project=project)
    if connection.vendor != "postgresql":
        NAMES.make(using="default")
        return
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"DROP INDEX {NAMES.name}")
        NAMES.make(using="default")
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = %s", [NAMES.name])
        assert cursor.fetchone() == (1,)
        # The planner knows at once how rare texts are. Otherwise it reads all runs for a text that none has.
        cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = %s", [NAMES.name])
        assert cursor.fetchone() == (1,)
