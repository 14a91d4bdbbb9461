"""What a fetch stores for pages: the same that a copy says, within limits that are told, and forgotten in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.values import MAX_SUBMODULES, TreeEntry
from connections.git.whole import Submodule
from mantik.accounts.models import User
from projects.code import listing, mirrors, snapshot
from projects.code.listing import Listed
from projects.code.mirrors import mirror_of, request_fetch, request_unread
from projects.code.models import CodeCommit, CodeFile, CodeText, WantedPath
from projects.code.stored import StoredCode
from projects.models import CodeRepository, Project
from projects.services.code_repositories import CodeLink, edit_code_repository
from tests.connections.git.repository import Repository
from tests.support.factories import make_code_commit, make_code_repository
from tests.support.fetching import fetch, forget_requests, hold
from tests.support.messages import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12345\n"


@pytest.fixture
def source(tmp_path: Path, settings: Settings) -> Repository:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"
    made = Repository(tmp_path / "source")
    made.write("MLproject", "name: pv\n")
    made.write("configs/batch.yaml", "Resources: {}\n")
    made.write("configs/run.toml", "x = 1\n")
    made.write("train.py", "print()\n")
    made.commit("First")
    return made


@pytest.fixture
def code(source: Repository, project: Project, researcher: User) -> CodeRepository:
    return make_code_repository(project=project, url=str(source.path), created_by=researcher)


def fetched(code: CodeRepository, *, minutes: float = 0) -> CodeRepository:
    fetch(code, now=NOW + timedelta(minutes=minutes))
    code.refresh_from_db()
    assert code.fetch_error == ""
    return code


def head_of(code: CodeRepository, branch: str = "main") -> str:
    return StoredCode(code).resolve(branch).sha


def read(code: StoredCode | Mirror, sha: str, path: str) -> bytes | str:
    """What is there, or the sentence that says why not."""
    try:
        return code.read(sha, path)
    except GitError as error:
        return error.message


def test_pages_see_the_branches_that_the_copy_has(source: Repository, code: CodeRepository) -> None:
    source.commit("Newer", branch="topic")
    source.commit("Newest", branch="zebra")
    source.git("checkout", "--quiet", "main")
    stored = StoredCode(fetched(code)).branches()
    assert stored == mirror_of(code).branches()
    assert [branch.name for branch in stored] == ["main", "zebra", "topic"]

    source.git("branch", "--quiet", "-D", "topic")
    source.git("branch", "--quiet", "-M", "zebra", "yak")
    source.commit("Moved on")
    assert StoredCode(fetched(code, minutes=1)).branches() == mirror_of(code).branches()


def test_a_branch_with_a_name_that_no_form_takes_is_not_offered(source: Repository, code: CodeRepository) -> None:
    source.git("branch", "/".join(["a" * 150, "b" * 150]))
    source.git("branch", "/".join(["a" * 100, "b" * 149]))
    names = [branch.name for branch in StoredCode(fetched(code)).branches()]
    assert sorted(map(len, names)) == [len("main"), 250]


def test_a_branch_that_is_not_there_is_told_as_by_the_copy(code: CodeRepository) -> None:
    fetched(code)
    said = []
    for reader in (StoredCode(code), mirror_of(code)):
        with pytest.raises(GitError) as caught:
            reader.resolve("mian")
        said.append(caught.value.message)
    assert said[0] == said[1]
    assert "Did you mean main?" in said[0]


def test_a_branch_beyond_those_that_are_listed_is_told_apart_from_none(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MOST_BRANCHES", 2)
    source.git("branch", "old")
    source.git("checkout", "--quiet", "-b", "new")
    source.commit("New")
    source.git("checkout", "--quiet", "main")
    with pytest.raises(
        GitError, match="has 3 branches, and only the 2 with the newest commits can be used: old is not"
    ):
        StoredCode(fetched(code)).resolve("old")


def test_a_branch_with_too_long_a_name_is_counted_and_told_with_what_to_do(
    source: Repository, code: CodeRepository
) -> None:
    # Two parts, as no folder of git's may have so long a name.
    name = f"{'a' * 150}/{'b' * 150}"
    source.git("branch", name)
    fetched(code)

    shown = mirrors.branches_for_page(code)
    assert [branch.name for branch in shown["branches"]] == ["main"]
    assert shown["unusable_branches"] == 1
    with pytest.raises(GitError, match="has 301 characters; a run takes one of 250 at most"):
        StoredCode(code).resolve(name)


def test_a_path_is_answered_as_by_the_copy(source: Repository, code: CodeRepository) -> None:
    source.link("latest.yaml", "configs/batch.yaml")
    source.add_submodule("lib", "../lib", "12" * 20)
    source.write("big.json", " " * 300_000)
    source.write("pointer.yaml", POINTER)
    source.write("ünï.json", b"\xff\x00")
    source.commit("All kinds")
    sha = head_of(fetched(code))
    paths = [
        *("MLproject", "configs/batch.yaml", "./configs//batch.yaml", "ünï.json"),
        *("configs", "configs/", "latest.yaml", "latest.yaml/x", "lib", "lib/MLproject", "big.json", "pointer.yaml"),
        *("mlproject", "batch.yaml", "nothing", "/MLproject", "../x", "", "a\0b", "\udcff"),
    ]
    for path in paths:
        stored = StoredCode(code)
        assert read(stored, sha, path) == read(mirror_of(code), sha, path), path
        assert not stored.unread


def test_a_file_that_nobody_has_named_before_is_read_when_a_page_asks(source: Repository, code: CodeRepository) -> None:
    sha = head_of(fetched(code))
    asked = StoredCode(code)
    assert read(asked, sha, "configs/run.toml") == (
        f"configs/run.toml is being read from {code.url}. This takes a moment."
    )
    request_unread(code, asked.unread, now=NOW + timedelta(seconds=1))
    assert code.awaits_fetch
    assert read(StoredCode(fetched(code, minutes=1)), sha, "configs/run.toml") == b"x = 1\n"

    # From then on it is read with each new commit.
    source.write("configs/run.toml", "x = 2\n")
    source.commit("Two")
    fetched(code, minutes=2)
    assert read(StoredCode(code), head_of(code), "configs/run.toml") == b"x = 2\n"


def test_a_page_that_asks_again_and_again_asks_for_one_fetch(code: CodeRepository, sent: list[Message]) -> None:
    sha = head_of(fetched(code))
    before = code.fetch_requested
    for seconds in range(10):
        asked = StoredCode(code)
        read(asked, sha, "configs/run.toml")
        request_unread(code, asked.unread, now=NOW + timedelta(seconds=seconds))
    assert code.fetch_requested == before + 1


def test_what_is_asked_for_during_a_fetch_is_read_by_the_next_one(code: CodeRepository) -> None:
    sha = head_of(fetched(code))
    forget_requests()
    hold(code)
    code.refresh_from_db()
    asked = StoredCode(code)
    read(asked, sha, "train.py")
    request_unread(code, asked.unread, now=NOW + timedelta(seconds=1))
    code.refresh_from_db()
    assert code.awaits_fetch


def test_of_many_branches_the_newest_are_read_and_the_others_when_a_page_asks(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "NEWEST_READ", 2)
    for number in range(5):
        source.git("checkout", "--quiet", "main")
        source.write("MLproject", f"name: pv-{number}\n")
        source.commit(f"Topic {number}", branch=f"topic-{number}")
    source.git("checkout", "--quiet", "main")
    fetched(code)
    assert len(StoredCode(code).branches()) == 6
    assert CodeCommit.objects.count() == 3

    old = head_of(code, "topic-0")
    asked = StoredCode(code)
    asked.branches()
    assert "is being read" in str(read(asked, old, "MLproject"))
    assert asked.unread.branches == {"topic-0"}
    request_unread(code, asked.unread, now=NOW + timedelta(seconds=1))
    assert code.awaits_fetch
    fetched(code, minutes=1)
    assert read(StoredCode(code), old, "MLproject") == b"name: pv-0\n"
    assert not WantedPath.objects.exists()


def test_a_commit_with_more_paths_than_are_kept_is_asked_about_by_path(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (listing, snapshot):
        monkeypatch.setattr(module, "MOST_PATHS", 3)
    source.write("zoo/MLproject", "name: zoo\n")
    source.commit("Too many")
    sha = head_of(fetched(code))
    whole = StoredCode(code).whole(sha, wanted=lambda _: True)
    assert whole
    assert not whole.is_whole

    asked = StoredCode(code)
    for path in ("zoo/MLproject", "zoo", "nowhere"):
        assert "is being read" in str(read(asked, sha, path))
    request_unread(code, asked.unread, now=NOW + timedelta(seconds=1))
    fetched(code, minutes=1)
    for path in ("zoo/MLproject", "zoo", "nowhere"):
        assert read(StoredCode(code), sha, path) == read(mirror_of(code), sha, path)


def test_a_listing_ends_where_its_limit_is(source: Repository, code: CodeRepository) -> None:
    sha = head_of(fetched(code))
    found = mirror_of(code).listing(sha, most=2)
    assert ([entry.path for entry in found.entries], found.is_whole) == (["MLproject", "configs/batch.yaml"], False)
    assert mirror_of(code).listing(sha, most=4).is_whole


def test_a_text_is_stored_once_and_forgotten_with_the_last_commit_that_has_it(
    source: Repository, code: CodeRepository
) -> None:
    first = head_of(fetched(code))
    source.write("MLproject", "name: pv2\n")
    source.commit("Second")
    fetched(code, minutes=1)
    # The page that has just read the branches still finds the commit.
    assert read(StoredCode(code), first, "MLproject") == b"name: pv\n"
    assert (CodeCommit.objects.count(), CodeFile.objects.count(), CodeText.objects.count()) == (2, 4, 3)
    fetched(code, minutes=20)
    assert (CodeCommit.objects.count(), CodeFile.objects.count(), CodeText.objects.count()) == (1, 2, 2)


def test_a_page_still_finds_the_commit_it_has_just_read_however_long_ago_the_last_fetch_was(
    source: Repository, code: CodeRepository
) -> None:
    first = head_of(fetched(code))
    source.write("MLproject", "name: pv2\n")
    source.commit("Second")
    fetched(code, minutes=600)
    assert read(StoredCode(code), first, "MLproject") == b"name: pv\n"


def test_a_fetch_that_cannot_be_stored_whole_is_not_stored_at_all(
    source: Repository, code: CodeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fetched(code).head_sha
    source.commit("Second")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(snapshot, "_forget", fail)
    with pytest.raises(ZeroDivisionError):
        mirrors.fetch_or_raise(code, now=NOW + timedelta(minutes=1))
    code.refresh_from_db()
    assert (code.head_sha, head_of(code)) == (before, before)


def test_another_address_shows_no_branches_of_the_former_one(
    code: CodeRepository, researcher: User, tmp_path: Path
) -> None:
    fetched(code)
    other = Repository(tmp_path / "other")
    other.commit("Elsewhere")
    link = CodeLink(name=code.name, url=str(other.path), platform=CodeRepository.Platform.OTHER, connection=None)
    edit_code_repository(repository=code, actor=researcher, link=link, now=NOW)
    assert (code.awaits_fetch, code.branches.count()) == (True, 1)
    with pytest.raises(GitError, match="has not been read yet"):
        StoredCode(code).branches()
    assert StoredCode(fetched(code, minutes=1)).branches() == mirror_of(code).branches()


def test_what_a_worker_of_an_older_release_fetched_is_asked_for_again(code: CodeRepository) -> None:
    fetched(code)
    forget_requests()
    code.refresh_from_db()
    request_fetch(code, now=NOW + timedelta(seconds=1))
    assert not code.awaits_fetch
    # It knows nothing of what pages need now.
    CodeRepository.objects.filter(pk=code.pk).update(branches_stored_at=None)
    code.refresh_from_db()
    request_fetch(code, now=NOW + timedelta(seconds=1))
    assert code.awaits_fetch


def test_reading_takes_as_many_queries_however_much_there_is(
    source: Repository, code: CodeRepository, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def look() -> None:
        stored = StoredCode(code)
        sha = stored.resolve("main").sha
        with pytest.raises(GitError):
            stored.read(sha, "MLproject/MLproject")
        stored.read(sha, "MLproject")
        stored.read(sha, "configs/batch.yaml")
        stored.whole(sha, wanted=lambda _: True)

    fetched(code)
    # Branches, commit, its files, its paths, two texts, submodules.
    with django_assert_num_queries(7):
        look()
    for number in range(20):
        source.write(f"configs/{number}.json", f"[{number}]")
        source.git("branch", f"topic-{number}")
    source.commit("Many")
    fetched(code, minutes=1)
    with django_assert_num_queries(7):
        look()


def test_a_packed_listing_says_the_same() -> None:
    entries = [
        listing.Listed("a b\tc", "file", "100755", "", 12),
        listing.Listed("l\udcff", "link", "120000", "", 3),
        listing.Listed("lib", "submodule", "160000", "12" * 20, None),
        listing.Listed("w", "file", "100644", "", 130, lfs_bytes=99),
    ]
    assert listing.unpack(listing.pack(entries, {"w": 99})) == entries
    assert listing.unpack(listing.pack([], {})) == []


def test_submodules_that_stand_for_millions_of_files_are_not_put_together(code: CodeRepository) -> None:
    inner, outer, top = "1" * 40, "2" * 40, "3" * 40
    add_listing(
        code, inner, [Listed(f"file-{number}", "file", "100644", "", 1) for number in range(1000)], is_of_submodule=True
    )
    add_listing(code, outer, [submodule(f"inner-{number}", inner) for number in range(90)], is_of_submodule=True)
    add_listing(code, top, [submodule(f"outer-{number}", outer) for number in range(90)])
    found = StoredCode(code).whole(top, wanted=lambda _: True)
    assert found is not None
    assert not found.is_whole
    assert len(found.entries) <= listing.MOST_PATHS


def test_submodules_below_long_paths_are_not_put_together(code: CodeRepository) -> None:
    inner, top = "1" * 40, "3" * 40
    add_listing(
        code, inner, [Listed(f"file-{number}", "file", "100644", "", 1) for number in range(10)], is_of_submodule=True
    )
    add_listing(code, top, [submodule("long/" * 400_000, inner)])
    found = StoredCode(code).whole(top, wanted=lambda _: True)
    assert found is not None
    assert not found.is_whole


def test_a_page_says_of_submodules_beyond_the_limit_what_the_job_will_say(code: CodeRepository) -> None:
    inner, top = "1" * 40, "3" * 40
    add_listing(code, inner, [Listed("file", "file", "100644", "", 1)], is_of_submodule=True)
    add_listing(code, top, [submodule(f"inner-{number:03}", inner) for number in range(MAX_SUBMODULES + 2)])
    found = StoredCode(code).whole(top, wanted=lambda _: True)
    assert found is not None
    assert list(found.missing) == ["inner-100", "inner-101"]
    assert set(found.missing.values()) == {
        "is one submodule too many: the limits are a depth of 5, and 100 submodules",
    }


def test_of_a_submodule_with_long_paths_less_is_kept(code: CodeRepository) -> None:
    long = TreeEntry("x" * 4_000_000, "file", "100644", "1" * 40, 1)
    snapshot.store_submodules(code, [Submodule("1" * 40, [long, long, long])], now=NOW)
    row = code.commits.get()
    assert not row.is_whole
    assert len(listing.unpack(row.listing)) == 2


def files(count: int) -> list[Listed]:
    return [Listed(f"file-{number}", "file", "100644", "", 1) for number in range(count)]


def submodule(path: str, sha: str) -> Listed:
    return Listed(path, "submodule", "160000", sha, None)


def add_listing(code: CodeRepository, sha: str, entries: list[Listed], *, is_of_submodule: bool = False) -> None:
    packed = listing.pack(entries, {})
    make_code_commit(code, sha=sha, is_of_submodule=is_of_submodule, listing=packed, needed_at=NOW)
