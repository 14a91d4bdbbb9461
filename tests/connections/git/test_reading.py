from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

from connections.git import reading
from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.process import OutputTooLarge, run_git
from connections.git.values import MAX_FILES, Branch, Commit, TreeEntry
from tests.connections.git.conftest import MirrorMaker
from tests.connections.git.processes import command_lines
from tests.connections.git.repository import Repository, nested_folders

LATIN_1 = b"caf\xe9"


def head(mirror: Mirror) -> str:
    return mirror.branches()[0].commit.sha


def test_it_says_that_a_worker_is_fetching_what_was_never_read(make_mirror: MirrorMaker) -> None:
    mirror = make_mirror()
    with pytest.raises(GitError, match="has not been read yet; a worker is fetching it") as caught:
        mirror.branches()
    assert (caught.value.code, caught.value.permanent) == ("mirror.missing", False)
    assert mirror.fetched_at() is None
    assert mirror.size_bytes() == 0


def test_it_lists_the_default_branch_first_and_then_the_newest(
    repository: Repository, make_mirror: MirrorMaker
) -> None:
    repository.commit("Older", branch="older")
    repository.commit("Newer", branch="feature/newer")
    repository.git("checkout", "--quiet", "main")
    mirror = make_mirror()
    mirror.refresh()
    assert [branch.name for branch in mirror.branches()] == ["main", "feature/newer", "older"]


def test_it_shows_what_a_commit_is(repository: Repository, make_mirror: MirrorMaker) -> None:
    sha = repository.commit("Grüße: a | b\n\nMore words.")
    mirror = make_mirror()
    mirror.refresh()
    moment = datetime.fromtimestamp(1_700_000_120, UTC)
    expected = Commit(sha=sha, subject="Grüße: a | b", author="Ada", committed_at=moment)
    assert mirror.branches() == [Branch("main", expected)]
    assert mirror.resolve("main") == expected
    assert mirror.resolve("main").committed_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("name", ["mian", "refs/heads/main", "*", "main\0", "ma?n", "HEAD", "", "\udc80", "-main"])
def test_it_refuses_a_branch_that_does_not_exist_and_names_near_ones(mirror: Mirror, name: str) -> None:
    with pytest.raises(GitError, match="Did you mean main") as caught:
        mirror.resolve(name)
    assert (caught.value.code, caught.value.permanent) == ("branch.missing", True)
    caught.value.message.encode()


def test_it_takes_no_folder_of_branches_for_a_branch(repository: Repository, make_mirror: MirrorMaker) -> None:
    repository.commit(branch="feature/one")
    mirror = make_mirror()
    mirror.refresh()
    with pytest.raises(GitError, match="feature/one"):
        mirror.resolve("feature")


@pytest.mark.parametrize("path", ["conf/site.json", "./conf//site.json", "conf/./site.json"])
def test_it_reads_a_file_by_its_path(mirror: Mirror, path: str) -> None:
    assert mirror.read(head(mirror), path) == b"{}\n"


@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("/etc/passwd", "path.refused", "begins with a slash"),
        ("../x", "path.refused", "contains '..'"),
        ("conf/../../x", "path.refused", "contains '..'"),
        ("", "path.refused", "not the path of a file"),
        (".", "path.refused", "not the path of a file"),
        ("a\0b", "path.refused", "not the path of a file"),
        ("\udc80", "path.refused", "not the path of a file"),
        ("conf", "path.directory", "is a folder"),
        ("link", "path.symlink", "symbolic link"),
        ("folder-link/site.json", "path.symlink", "folder-link is a symbolic link"),
        ("model.bin", "path.lfs_pointer", "Git LFS pointer"),
        ("site.json", "path.missing", r"Did you mean conf/site\.json\?"),
        ("mlproject", "path.missing", r"Did you mean MLproject\?"),
        ("trian.sh", "path.missing", r"Did you mean train\.sh\?"),
        ("nothing-like-it", "path.missing", "Check the path and the branch"),
        ("*", "path.missing", "no file"),
        (":(top)MLproject", "path.missing", "no file"),
    ],
)
def test_it_refuses_what_is_no_plain_file(mirror: Mirror, path: str, code: str, word: str) -> None:
    with pytest.raises(GitError, match=word) as caught:
        mirror.read(head(mirror), path)
    assert (caught.value.code, caught.value.permanent) == (code, True)


def test_it_refuses_a_submodule(repository: Repository, make_mirror: MirrorMaker) -> None:
    sha = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},vendor/lib")
    repository.git("commit", "--quiet", "--message", "Submodule")
    mirror = make_mirror()
    mirror.refresh()
    for path in ("vendor/lib", "vendor/lib/file"):
        with pytest.raises(GitError, match="vendor/lib is a submodule"):
            mirror.read(head(mirror), path)
    entry = next(entry for entry in mirror.entries(head(mirror)) if entry.path == "vendor/lib")
    assert (entry.kind, entry.mode, entry.size) == ("submodule", "160000", None)
    assert list(mirror.blobs([entry])) == []


def test_it_refuses_a_file_above_the_limit_and_reads_one_at_it(mirror: Mirror) -> None:
    assert mirror.read(head(mirror), "conf/site.json", limit=3) == b"{}\n"
    with pytest.raises(GitError, match=r"conf/site\.json is 3.B; at most 2.B is allowed") as caught:
        mirror.read(head(mirror), "conf/site.json", limit=2)
    assert caught.value.code == "path.too_big"


def test_git_may_write_as_much_as_is_allowed_and_no_more(tmp_path: Path) -> None:
    said = run_git(["--version"], git_dir=tmp_path, timeout=60)
    assert run_git(["--version"], git_dir=tmp_path, timeout=60, most_output=len(said)) == said
    with pytest.raises(OutputTooLarge):
        run_git(["--version"], git_dir=tmp_path, timeout=60, most_output=len(said) - 1)


@pytest.mark.parametrize("sha", ["0" * 40, "main", "HEAD", "--all", "", "f" * 39, "0" * 64])
def test_it_refuses_a_commit_that_is_not_there(mirror: Mirror, sha: str) -> None:
    for read in (lambda: mirror.read(sha, "MLproject"), lambda: mirror.entries(sha)):
        with pytest.raises(GitError, match="no longer has the commit") as caught:
            read()
        assert (caught.value.code, caught.value.permanent) == ("commit.missing", True)


def test_it_lists_every_file_with_mode_and_size(mirror: Mirror) -> None:
    entries = {entry.path: entry for entry in mirror.entries(head(mirror))}
    assert set(entries) == {"MLproject", "conf/site.json", "train.sh", "link", "folder-link", "model.bin"}
    assert entries["train.sh"].mode == "100755"
    assert (entries["link"].kind, entries["link"].mode) == ("link", "120000")
    assert entries["MLproject"].size == len("name: test\n")
    assert stat.S_ISLNK(int(entries["link"].mode, 8))


def test_it_streams_the_contents_in_order(repository: Repository, make_mirror: MirrorMaker) -> None:
    large = os.urandom(3 * 1024**2)
    repository.write("large.bin", large)
    repository.write("empty", b"")
    repository.write("name with\ttab and ü", b"odd")
    repository.commit()
    mirror = make_mirror()
    mirror.refresh()
    entries = mirror.entries(head(mirror))
    found = {
        entry.path: content if isinstance(content, bytes) else content.read()
        for entry, content in mirror.blobs(entries)
    }
    assert list(found) == [entry.path for entry in entries]
    assert found["large.bin"] == large
    assert found["empty"] == b""
    assert found["name with\ttab and ü"] == b"odd"
    assert found["link"] == b"conf/site.json"


def test_a_stream_may_be_left_half_read(repository: Repository, make_mirror: MirrorMaker) -> None:
    repository.write("a-large.bin", os.urandom(2 * 1024**2))
    repository.write("b", "after")
    repository.commit()
    mirror = make_mirror()
    mirror.refresh()
    wanted = [entry for entry in mirror.entries(head(mirror)) if entry.path in ("a-large.bin", "b")]
    pairs = mirror.blobs(wanted)
    _, stream = next(pairs)
    assert isinstance(stream, BufferedReader)
    assert len(stream.read(10)) == 10
    assert next(pairs)[1] == b"after"


def test_reading_contents_ends_its_git_when_given_up(mirror: Mirror, tmp_path: Path) -> None:
    pairs = mirror.blobs(mirror.entries(head(mirror)))
    next(pairs)
    running = f"--git-dir={tmp_path}/mirrors/code.git cat-file"
    assert any(running in line for line in command_lines())
    pairs.close()  # type: ignore[attr-defined]
    assert not any(running in line for line in command_lines())


def test_a_commit_of_millions_of_paths_is_refused_as_soon_as_that_is_seen(
    repository: Repository, make_mirror: MirrorMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = nested_folders(repository, depth=6, width=12)
    mirror = make_mirror()
    mirror.refresh()
    parsed = count_parsed(monkeypatch)
    with pytest.raises(GitError, match=r"a commit may have 200,000 files. Keep data at the site, or split") as caught:
        mirror.entries(sha)
    assert (caught.value.code, caught.value.permanent) == ("repository.too_many_files", True)
    assert len(parsed) <= MAX_FILES + 1


def test_a_path_that_millions_of_others_do_not_resemble_is_answered_from_some_of_them(
    repository: Repository, make_mirror: MirrorMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = nested_folders(repository, depth=6, width=12)
    mirror = make_mirror()
    mirror.refresh()
    parsed = count_parsed(monkeypatch)
    with pytest.raises(GitError, match="There is no file MLprojekt in commit"):
        mirror.read(sha, "MLprojekt")
    assert len(parsed) <= reading._PATHS_FOR_HINTS + 1


def count_parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of which entries are made from now on."""
    made: list[str] = []

    def entry(path: str, *others: Any) -> TreeEntry:
        made.append(path)
        return TreeEntry(path, *others)

    monkeypatch.setattr(reading, "TreeEntry", entry)
    return made


def test_names_that_are_no_text_do_no_harm(repository: Repository, make_mirror: MirrorMaker, tmp_path: Path) -> None:
    blob = repository.git("hash-object", "-w", "MLproject")
    repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{os.fsdecode(LATIN_1)}")
    repository.git("commit", "--quiet", "--message", "Old names")
    mirror = make_mirror()
    mirror.refresh()
    sha = head(mirror)
    packed_refs = tmp_path / "mirrors/code.git/packed-refs"
    packed_refs.write_bytes(sha.encode() + b" refs/heads/" + LATIN_1 + b"\n")
    assert [branch.name for branch in mirror.branches()] == ["main"]
    entry = next(entry for entry in mirror.entries(sha) if entry.path.startswith("caf"))
    assert os.fsencode(entry.path) == LATIN_1
    with pytest.raises(GitError, match="There is no file"):
        mirror.read(sha, "cafe")


def test_a_commit_stays_readable_after_a_forced_push(repository: Repository, make_mirror: MirrorMaker) -> None:
    sha = repository.commit("Gone soon")
    mirror = make_mirror()
    mirror.refresh()
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"
    assert mirror.read(sha, "MLproject") == b"name: test\n"


def test_reads_need_no_network_and_ignore_the_configuration_of_the_user(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Repository
) -> None:
    (tmp_path / ".gitconfig").write_text("[broken\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    repository.path.rename(tmp_path / "away")
    assert mirror.read(head(mirror), "MLproject") == b"name: test\n"
