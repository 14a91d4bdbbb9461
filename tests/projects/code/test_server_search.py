"""What a fetch notes about MLflow servers that code names, and how much it looks at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections.git.mirror import READ_LIMIT, Mirror
from mantik.accounts.models import User
from projects.code import mirrors, server_search
from projects.code.mirrors import mirror_of
from projects.code.models import CodeCommit
from projects.code.server_calls import NamedServer, Searched
from projects.code.server_search import ServerSearch
from projects.code.stored import StoredCode
from projects.models import CodeRepository, Project
from tests.connections.git.repository import Repository
from tests.support.factories import make_code_repository

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]

NOW = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
CALL = 'mlflow.set_tracking_uri("https://mlflow.example.org")\n'


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Repository:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    return Repository(tmp_path / "source")


@pytest.fixture
def code(source: Repository, project: Project, researcher: User) -> CodeRepository:
    return make_code_repository(project=project, url=str(source.path), created_by=researcher)


def searched(code: CodeRepository, branch: str = "main") -> Searched | None:
    """What a fetch has stored."""
    mirrors.fetch_or_raise(code, now=NOW)
    stored = StoredCode(code)
    return stored.named_servers(stored.resolve(branch).sha)


def named(*paths: str, place: str = "line 1") -> list[NamedServer]:
    return [NamedServer(path, place, "https://mlflow.example.org") for path in paths]


def test_scripts_and_notebooks_are_looked_at_nearest_to_the_top_first(source: Repository, code: CodeRepository) -> None:
    source.write("z.py", CALL)
    source.write("a/deep/down.py", f"x = 1\n{CALL}")
    source.write("README.md", CALL)
    source.write("none.py", "print()")
    source.write("n.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": CALL}]}))
    source.link("link.py", "z.py")
    source.commit()
    assert searched(code) == Searched(
        [
            *named("n.ipynb", place="cell 1, line 1"),
            *named("z.py"),
            *named("a/deep/down.py", place="line 2"),
        ],
        is_whole=True,
    )


def test_a_file_that_is_too_large_for_code_is_not_looked_at(source: Repository, code: CodeRepository) -> None:
    source.write("data.py", CALL + "#" * READ_LIMIT)
    source.commit()
    assert searched(code) == Searched([], is_whole=True)


@pytest.mark.parametrize(
    ("limit", "most", "found"),
    [
        ("MOST_FILES", 2, ["a.py", "b.py"]),
        ("MOST_BYTES", 2 * len(CALL) + 2, ["a.py", "b.py"]),
        ("MOST_BYTES_OF_SIGNS", 2 * len(CALL) + 2, ["a.py", "b.py"]),
        ("MOST_NAMED", 2, ["a.py", "b.py"]),
    ],
)
def test_what_was_left_out_is_noted(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, found: list[str]
) -> None:
    monkeypatch.setattr(server_search, limit, most)
    for number, name in enumerate(("a.py", "b.py", "c.py")):
        # As long as each other, but not the same.
        source.write(name, CALL.replace("mlflow", f"mlflow{number}", 1))
    source.commit()
    assert searched(code) == Searched(named(*found), is_whole=False)


def test_what_branches_share_is_looked_at_once(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_search, "MOST_FILES", 2)
    source.write("a.py", CALL)
    source.commit()
    source.write("b.py", f"{CALL}#")
    source.commit(branch="topic")
    source.git("checkout", "--quiet", "main")
    assert searched(code) == Searched(named("a.py"), is_whole=True)
    assert searched(code, "topic") == Searched(named("a.py", "b.py"), is_whole=True)


def test_a_commit_that_is_known_is_not_looked_at_again(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.write("a.py", CALL)
    source.commit()
    assert searched(code)

    def never(self: Mirror, entries: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Mirror, "blobs", never)
    assert searched(code)


def test_a_commit_that_a_release_before_has_read_is_looked_at(source: Repository, code: CodeRepository) -> None:
    source.write("a.py", CALL)
    source.commit()
    searched(code)
    CodeCommit.objects.update(named_servers=None)
    assert StoredCode(code).named_servers(CodeCommit.objects.get().sha) is None
    assert searched(code) == Searched(named("a.py"), is_whole=True)


def test_a_listing_that_is_not_whole_leaves_something_out(source: Repository, code: CodeRepository) -> None:
    source.write("a.py", CALL)
    source.write("b.py", CALL)
    sha = source.commit()
    searched(code)
    mirror = mirror_of(code)
    assert not ServerSearch(mirror).commit(mirror.listing(sha, most=1)).is_whole
