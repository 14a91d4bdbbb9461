"""What a release has is frozen: its migrations, and its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.test import override_settings

from tests.support.places import TOP
from tests.upgrade import make
from tests.upgrade.make import NotMade, make_sqlite, release_to_make, write
from tests.upgrade.releases import (
    HERE,
    NEXT,
    Release,
    list_of,
    migrations_kept,
    migrations_now,
    read_list,
    releases,
    version_here,
    versions_in_changelog,
    what_changed,
    what_is_new,
)

# `Release.digest()` of each release that is out. A line is added with a release, and never changed.
OUT = {"0.1.0": "091f265acfa7b02158878715e95e703510d8be8498b0dd00eabdb3ae8b8250af"}


def test_all_that_is_kept_of_a_release_is_as_it_was() -> None:
    """Data like these are in use. A changed dump would be another one, of a release that there never was."""
    assert {release.version: release.digest() for release in releases() if release.version in OUT} == OUT


def test_each_release_that_is_out_is_kept() -> None:
    directories = sorted(path.name for path in HERE.iterdir() if (path / "migrations.sha256").exists())
    assert sorted(OUT) == sorted(versions_in_changelog()), "Add the release's digest() to OUT."
    assert directories == sorted(OUT)


def test_migrations_that_people_have_applied_are_as_they_were() -> None:
    """Those of a release, and those of `main`, which people pull."""
    assert what_changed(migrations_kept(), migrations_now()) == []


def test_every_migration_is_kept() -> None:
    new = what_is_new(migrations_kept(), migrations_now())
    assert new == "", f"Add these lines to tests/upgrade/next.sha256, in the order of their names:\n{new}"


def test_what_comes_next_is_in_no_release_and_in_the_order_of_names() -> None:
    of_releases = {name for release in releases() for name in release.migrations()}
    upcoming = read_list(NEXT)
    assert list(upcoming) == sorted(upcoming)
    assert not upcoming.keys() & of_releases


def test_the_migrations_make_what_the_models_say() -> None:
    """As `makemigrations --check`, without a database: one that lacks something cannot even be made for a test."""
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
    missing = [
        f"{label}: {operation.describe()}"
        for label, migrations in detector.changes(graph=loader.graph).items()
        for migration in migrations
        for operation in migration.operations
    ]
    assert missing == [], "Run manage.py makemigrations, and read what it wrote."
    assert loader.detect_conflicts() == {}, (
        "Two migrations come after the same one: rename one, and correct what it names."
    )


@pytest.mark.parametrize("release", releases()[-1:], ids=lambda release: release.version)
def test_the_release_before_can_still_write_after_the_migrations(release: Release) -> None:
    """While machines are upgraded one after the other. What it does not know has to be filled by the database."""
    loader = MigrationLoader(None)
    had = [(label, Path(name).stem) for label, name in (found.split("/") for found in release.migrations())]
    before, now = loader.project_state(had).models, loader.project_state().models
    in_its_way = [
        f"{label}.{model}.{name}"
        for (label, model), state in now.items()
        if (label, model) in before
        for name, field in state.fields.items()
        if name not in before[label, model].fields and not (field.null or field.many_to_many or field.has_db_default())
    ]
    assert in_its_way == [], "Let these be empty, or give them a db_default."


def test_a_migration_that_changed_or_went_is_named_with_what_to_do() -> None:
    frozen = {"runs/0001_initial.py": "a", "runs/0002_more.py": "b", "tokens/0001_initial.py": "c"}
    now = {"runs/0001_initial.py": "a", "runs/0002_more.py": "changed", "runs/0003_new.py": "d"}
    changed, gone = what_changed(frozen, now)
    assert changed.startswith("runs/0002_more.py is changed, and people have applied it")
    assert gone.startswith("tokens/0001_initial.py is gone, and people have applied it")
    assert changed.endswith("say what is to be different in a new migration.")
    assert what_is_new(frozen, now) == "d  runs/0003_new.py\n"


def test_all_migrations_of_the_product_are_listed_and_none_of_others(tmp_path: Path) -> None:
    directories = [*TOP.glob("*/migrations"), *TOP.glob("mantik/*/migrations")]
    assert {name.partition("/")[0] for name in migrations_now()} == {path.parent.name for path in directories}
    release = Release(tmp_path)
    release.list_of_migrations.write_text(list_of(migrations_now()))
    assert release.migrations() == migrations_now()


def test_a_migration_is_found_whatever_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Django applies every module of the package, also one without a number."""
    source = "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    pass\n"
    package = tmp_path / "notices_of_tomorrow"
    package.mkdir()
    for name in ("__init__", "_not_this_one"):
        (package / f"{name}.py").touch()
    (package / "more_words.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(MIGRATION_MODULES={"notices": package.name}):
        assert [name for name in migrations_now() if name.startswith("notices/")] == ["notices/more_words.py"]


def test_what_is_out_has_left_its_data() -> None:
    """`python -m tests.upgrade.make` makes them, before the version loses its ".dev0"."""
    here = version_here()
    assert ".dev" in here or here in [release.version for release in releases()]


@pytest.mark.parametrize(("said", "is_refused"), [("0.1.0.dev0", False), ("0.1.0", True), ("0.2.0.dev0", True)])
def test_data_are_made_anew_until_their_release_is_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, is_refused: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "{said}"\n')
    monkeypatch.setattr("tests.upgrade.releases.PYPROJECT", tmp_path / "pyproject.toml")
    if is_refused:
        with pytest.raises(NotMade, match=r"0\.1\.0 is out"):
            release_to_make("0.1.0")
    else:
        assert release_to_make("0.1.0").version == "0.1.0"


def test_the_first_data_of_a_release_are_made_also_when_it_is_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(make, "HERE", tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    monkeypatch.setattr("tests.upgrade.releases.PYPROJECT", tmp_path / "pyproject.toml")
    assert release_to_make("0.2.0").directory == tmp_path / "0.2.0"


@pytest.mark.parametrize("version", ["", "0.1", "v0.1.0", "0.1.0rc1", "../0.1.0"])
def test_what_is_no_version_gets_no_directory(version: str) -> None:
    with pytest.raises(NotMade, match="is no version"):
        release_to_make(version)


@pytest.mark.parametrize("text", ["x" * 1_000_001, f"INSERT INTO t VALUES ('{Path.home()}/code')"])
def test_what_is_too_large_or_tells_of_this_machine_is_not_written(tmp_path: Path, text: str) -> None:
    release = Release(tmp_path / "0.1.0")
    with pytest.raises(NotMade, match=r"more than|tells of this machine"):
        write(release, {"sqlite": text})
    assert not release.directory.exists()


@pytest.mark.timeout(900)
def test_the_present_code_makes_data_with_something_of_everything_and_twice_the_same() -> None:
    """It ends with what is missing, if anything is: before a release is made, and not when."""
    assert make_sqlite() == make_sqlite()
