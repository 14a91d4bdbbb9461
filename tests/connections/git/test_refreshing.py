from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from connections.git.errors import GitError
from connections.git.fetching import MAX_PACKS
from connections.git.leftovers import remove_keys, remove_mirrors
from connections.git.mirror import Mirror
from connections.git.place import directory_size
from tests.connections.git.conftest import MirrorMaker
from tests.connections.git.host import Certificate, GitHost
from tests.connections.git.repository import Repository
from tests.support.waiting import wait_until


def branch_names(mirror: Mirror) -> list[str]:
    return [branch.name for branch in mirror.branches()]


def test_it_brings_new_commits_and_takes_away_removed_branches(repository: Repository, mirror: Mirror) -> None:
    repository.commit(branch="topic")
    mirror.refresh()
    assert branch_names(mirror) == ["topic", "main"]
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "--quiet", "-D", "topic")
    sha = repository.commit("Second")
    mirror.refresh()
    assert branch_names(mirror) == ["main"]
    assert mirror.resolve("main").sha == sha


def test_a_branch_may_become_a_folder_of_branches(repository: Repository, mirror: Mirror) -> None:
    repository.git("branch", "topic")
    mirror.refresh()
    repository.git("branch", "-D", "topic")
    repository.git("branch", "topic/one")
    mirror.refresh()
    assert branch_names(mirror) == ["main", "topic/one"]


def test_it_notes_when_it_fetched_and_how_large_it_is(mirror: Mirror) -> None:
    fetched_at = mirror.fetched_at()
    assert fetched_at
    assert datetime.now(UTC) - fetched_at < timedelta(minutes=1)
    assert mirror.size_bytes() > 500


def test_it_is_kept_below_the_data_directory(repository: Repository, settings: Settings) -> None:
    Mirror(key="b7c3", url=str(repository.path), credential=None).refresh()
    assert (settings.MANTIK_DATA_DIR / "git" / "b7c3.git" / "HEAD").is_file()


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "a b"])
def test_a_key_cannot_lead_out_of_the_directory(key: str) -> None:
    with pytest.raises(ValueError, match="cannot name a mirror"):
        Mirror(key=key, url="/x")


def test_it_fetches_no_tags_and_checks_nothing_out(
    repository: Repository, make_mirror: MirrorMaker, tmp_path: Path
) -> None:
    repository.git("tag", "v1")
    make_mirror().refresh()
    names = {path.name for path in (tmp_path / "mirrors/code.git").iterdir()}
    assert not list((tmp_path / "mirrors/code.git/refs/tags").iterdir())
    assert not names & {"index", "hooks", "FETCH_HEAD"}


def test_it_runs_no_hooks(repository: Repository, make_mirror: MirrorMaker, tmp_path: Path) -> None:
    mirror = make_mirror()
    mirror.refresh()
    trap = tmp_path / "trap"
    hooks = tmp_path / "mirrors/code.git/hooks"
    hooks.mkdir()
    # The one that a fetch into a bare repository would run.
    hook = hooks / "reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    repository.commit()
    mirror.refresh()
    assert not trap.exists()


def test_a_failed_refresh_leaves_the_old_one_readable(repository: Repository, mirror: Mirror, tmp_path: Path) -> None:
    before = mirror.fetched_at()
    repository.path.rename(tmp_path / "away")
    with pytest.raises(GitError, match="There is no git repository at") as caught:
        mirror.refresh()
    assert (caught.value.code, caught.value.permanent) == ("not_found", True)
    assert branch_names(mirror) == ["main"]
    assert mirror.fetched_at() == before


def test_it_says_that_a_repository_has_no_branches(make_mirror: MirrorMaker, tmp_path: Path) -> None:
    Repository(tmp_path / "empty")
    mirror = make_mirror(url=str(tmp_path / "empty"))
    with pytest.raises(GitError, match="has no branches yet") as caught:
        mirror.refresh()
    assert caught.value.code == "repository.empty"
    assert mirror.fetched_at() is None


def test_it_refuses_a_repository_above_the_limit(
    repository: Repository, make_mirror: MirrorMaker, tmp_path: Path
) -> None:
    repository.write("large.bin", os.urandom(300_000))
    repository.commit()
    with pytest.raises(GitError, match="MANTIK_GIT_MAX_BYTES") as caught:
        make_mirror(max_bytes=200_000).refresh()
    assert (caught.value.code, caught.value.permanent) == ("repository.too_big", True)
    assert directory_size(tmp_path / "mirrors") < 1000


def test_a_growing_mirror_above_the_limit_stays_readable(repository: Repository, make_mirror: MirrorMaker) -> None:
    mirror = make_mirror(max_bytes=200_000)
    mirror.refresh()
    repository.write("large.bin", os.urandom(300_000))
    repository.commit()
    # The second finds what the first has left, which must not count as fetched.
    for _ in range(2):
        with pytest.raises(GitError, match="is larger than"):
            mirror.refresh()
    assert mirror.read(mirror.resolve("main").sha, "MLproject") == b"name: test\n"


def test_a_refused_address_is_never_fetched(make_mirror: MirrorMaker) -> None:
    for url in ("http://127.0.0.1/x.git", "ext::touch /tmp/x"):
        with pytest.raises(GitError) as caught:
            make_mirror(url=url).refresh()
        assert caught.value.code == "url.refused"


def test_another_address_hides_the_branches_of_the_old_one_and_keeps_its_commits(
    mirror: Mirror, make_mirror: MirrorMaker, tmp_path: Path
) -> None:
    old = mirror.resolve("main").sha
    other = Repository(tmp_path / "other")
    new = other.commit("Elsewhere")
    moved = make_mirror(url=str(other.path))
    with pytest.raises(GitError, match="has not been read yet"):
        moved.branches()
    moved.refresh()
    assert moved.resolve("main").sha == new
    assert moved.read(old, "MLproject") == b"name: test\n"


def test_branches_of_another_address_are_never_read_as_those_of_the_old_one(
    mirror: Mirror, make_mirror: MirrorMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by who reads just after they were put there, and before the fetch has ended."""
    old = mirror.resolve("main").sha
    other = Repository(tmp_path / "other")
    other.commit("Elsewhere")
    moved = make_mirror(url=str(other.path))
    told: list[str] = []

    def read_now(_refresh: object, _git_dir: Path) -> None:
        for read in (lambda: mirror.resolve("main"), mirror.branches):
            with pytest.raises(GitError) as caught:
                read()
            told.append(caught.value.code)
        assert mirror.read(old, "MLproject") == b"name: test\n"

    # It is called when the new branches are there and the note is not written yet.
    monkeypatch.setattr("connections.git.fetching._Refresh._check_size", read_now)
    moved.refresh()
    assert set(told) == {"mirror.missing"}


def damage(git_dir: Path, victim: str) -> None:
    if victim == "pack":
        for path in (git_dir / "objects/pack").iterdir():
            path.unlink()
    elif victim == "HEAD":
        (git_dir / "HEAD").unlink()
    else:
        (git_dir / "mantik.json").write_text("{")


@pytest.mark.parametrize("victim", ["pack", "HEAD", "note"])
def test_a_damaged_mirror_is_made_anew(mirror: Mirror, tmp_path: Path, victim: str) -> None:
    damage(tmp_path / "mirrors/code.git", victim)
    mirror.refresh()
    assert mirror.read(mirror.resolve("main").sha, "MLproject") == b"name: test\n"
    assert sorted(path.name for path in (tmp_path / "mirrors").iterdir()) == ["code.git", "code.lock"]


@pytest.mark.parametrize("victim", ["pack", "HEAD", "note"])
def test_so_is_one_of_single_commits(
    repository: Repository, make_mirror: MirrorMaker, tmp_path: Path, victim: str
) -> None:
    mirror = make_mirror()
    old, new = repository.git("rev-parse", "HEAD"), repository.commit("Newer")
    mirror.ensure(old)
    damage(tmp_path / "mirrors/code.git", victim)
    for sha in (old, new):
        mirror.ensure(sha)
        assert mirror.read(sha, "MLproject") == b"name: test\n"
    assert sorted(path.name for path in (tmp_path / "mirrors").iterdir()) == ["code.git", "code.lock"]


def test_locks_and_half_packs_of_a_killed_refresh_do_no_harm(
    repository: Repository, mirror: Mirror, tmp_path: Path
) -> None:
    git_dir = tmp_path / "mirrors/code.git"
    leftovers = [
        git_dir / "HEAD.lock",
        git_dir / "config.lock",
        git_dir / "packed-refs.lock",
        git_dir / "refs/heads/main.lock",
        git_dir / "objects/pack/tmp_pack_x",
        tmp_path / "mirrors/code.partial/HEAD",
        tmp_path / "mirrors/code.old/HEAD",
        tmp_path / "mirrors/code.partial.old/HEAD",
    ]
    for path in leftovers:
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    sha = repository.commit()
    mirror.refresh()
    assert mirror.resolve("main").sha == sha
    assert not any(path.exists() for path in leftovers)


def test_a_worker_killed_while_it_put_a_mirror_in_place_stops_no_sweep(
    mirror: Mirror, make_mirror: MirrorMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mirrors"
    (root / "code.git/mantik.json").unlink()
    with monkeypatch.context() as patched:
        patched.setattr("connections.git.fetching.Place.clear_leftovers", lambda _: None)
        patched.setattr("connections.git.place.shutil.rmtree", lambda *_, **__: None)
        mirror.refresh()
    assert {path.name for path in root.glob("code.*old")} == {"code.old"}
    make_mirror(key="other").refresh()

    remove_mirrors(root, in_use=nothing_in_use)

    assert list(root.iterdir()) == []


def nothing_in_use() -> Callable[[str], bool]:
    return lambda _key: False


@pytest.mark.parametrize("name", ["code.partial.old", "code.old", "code.partial"])
def test_whatever_is_left_of_a_mirror_is_removed_with_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    remove_mirrors(tmp_path, in_use=nothing_in_use)
    assert list(tmp_path.iterdir()) == []


def test_what_belongs_to_no_mirror_is_left_alone(tmp_path: Path) -> None:
    strange = [tmp_path / name for name in (".nfs0001", ".nfs.ssh", "lost + found.d")]
    for path in strange:
        path.mkdir()
    remove_keys(tmp_path)
    remove_mirrors(tmp_path, in_use=nothing_in_use)
    assert all(path.exists() for path in strange)


def test_many_packs_are_merged(repository: Repository, mirror: Mirror, tmp_path: Path) -> None:
    shas = []
    for number in range(MAX_PACKS + 5):
        repository.write("counter", str(number))
        shas.append(repository.commit())
        mirror.refresh()
    packs = list((tmp_path / "mirrors/code.git/objects/pack").glob("*.pack"))
    # Whoever brings one more merges them.
    assert len(packs) <= MAX_PACKS
    for number, sha in enumerate(shas):
        assert mirror.read(sha, "counter") == str(number).encode()


def test_eight_refreshes_at_once_share_the_work(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, repository: Repository
) -> None:
    host.delay = 0.1
    barrier = threading.Barrier(8)

    def refresh(_: int) -> str:
        mirror = make_mirror(url=host.url, ca_bundle=certificate.certificate)
        barrier.wait()
        mirror.refresh()
        return mirror.resolve("main").sha

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(refresh, range(8)))
    assert found == {repository.git("rev-parse", "HEAD")}
    looks = [path for path in host.requests if "info/refs" in path]
    # Two of the first, which looks and then fetches; one of another, for all who asked after the first had begun; and
    # one more, in case somebody comes late to that.
    assert len(looks) <= 4


def test_reading_goes_on_while_others_refresh(repository: Repository, mirror: Mirror) -> None:
    stop = threading.Event()

    def refresh() -> None:
        while not stop.is_set():
            repository.commit()
            mirror.refresh()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(refresh)
        for _ in range(60):
            sha = mirror.resolve("main").sha
            assert mirror.read(sha, "MLproject") == b"name: test\n"
        stop.set()
        writing.result()


def test_it_waits_no_longer_for_another_worker_than_it_may(
    mirror: Mirror, make_mirror: MirrorMaker, host: GitHost, certificate: Certificate
) -> None:
    host.delay = 30
    slow = make_mirror(url=host.url, ca_bundle=certificate.certificate, timeout=3)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(slow.refresh)
        wait_until(lambda: bool(host.requests))
        with pytest.raises(GitError) as caught:
            make_mirror(timeout=0.3).refresh()
        assert not other.done(), "it has waited for the other"
        assert (caught.value.code, caught.value.permanent) == ("mirror.busy", False)
        assert isinstance(other.exception(), GitError)


def test_a_worker_killed_in_mid_refresh_leaves_a_usable_mirror(
    repository: Repository,
    mirror: Mirror,
    make_mirror: MirrorMaker,
    host: GitHost,
    certificate: Certificate,
    tmp_path: Path,
) -> None:
    sha = repository.commit("New")
    host.delay = 1.5
    worker = start_worker(host, certificate, tmp_path / "mirrors")
    wait_until(lambda: bool(host.requests))
    worker.kill()
    worker.wait()
    assert branch_names(mirror) == ["main"]
    host.delay = 0
    fresh = make_mirror(url=host.url, ca_bundle=certificate.certificate, timeout=20)
    fresh.refresh()
    assert fresh.resolve("main").sha == sha
    assert sorted(path.name for path in (tmp_path / "mirrors").iterdir()) == ["code.git", "code.lock"]


def test_a_worker_killed_at_any_moment_of_the_first_refresh_does_no_harm(
    repository: Repository, make_mirror: MirrorMaker, host: GitHost, certificate: Certificate, tmp_path: Path
) -> None:
    host.delay = 0.05
    for number in range(6):
        worker = start_worker(host, certificate, tmp_path / "mirrors")
        before = len(host.requests)
        while len(host.requests) == before and worker.poll() is None:
            time.sleep(0.01)
        time.sleep(number * 0.04)
        worker.kill()
        worker.wait()
    mirror = make_mirror(url=host.url, ca_bundle=certificate.certificate, timeout=20)
    mirror.refresh()
    assert mirror.read(mirror.resolve("main").sha, "MLproject") == b"name: test\n"


def start_worker(host: GitHost, certificate: Certificate, root: Path) -> subprocess.Popen[bytes]:
    """A process of its own that refreshes the mirror `code` once."""
    program = """
import json, sys
from pathlib import Path
from connections.git.mirror import Mirror
given = json.loads(sys.argv[1])
Mirror(key="code", url=given["url"], root=Path(given["root"]), ca_bundle=Path(given["ca"])).refresh()
"""
    given = {"url": host.url, "root": str(root), "ca": str(certificate.certificate)}
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATA_DIR": str(root.parent / "worker"),
    }
    return subprocess.Popen([sys.executable, "-c", program, json.dumps(given)], env=environment)


def test_who_does_not_wait_is_told_that_another_worker_is_at_it(mirror: Mirror, tmp_path: Path) -> None:
    with (tmp_path / "mirrors/code.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GitError) as caught:
            mirror.refresh(waits=False)
    assert (caught.value.code, caught.value.permanent) == ("mirror.busy", False)
    mirror.refresh(waits=False)


@pytest.mark.parametrize(
    "use",
    [
        Mirror.refresh,
        lambda mirror: mirror.ensure("1" * 40),
        lambda mirror: mirror.locked(0).__enter__(),
    ],
    ids=["refresh", "ensure", "locked"],
)
def test_a_data_directory_that_cannot_be_used_is_explained(
    make_mirror: MirrorMaker, tmp_path: Path, use: Callable[[Mirror], object]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GitError) as caught:
        use(make_mirror(root=tmp_path / "file"))
    assert (caught.value.code, caught.value.permanent) == ("mirror.disk", False)
    assert "Ask an operator" in caught.value.message


@pytest.mark.parametrize(
    ("author", "year"),
    [
        # Git itself shows what is before 1970 as its beginning.
        ("Ada <ada@example.org> -86400 +0000", 1970),
        ("Ada<ada@example.org> 1700000000 +0000", 2023),
        ("Ada <ada@example.org> 01700000000 +0000", 2023),
        ("Ada <ada@example.org> 99999999999999999999 +0000", None),
    ],
)
def test_commits_with_harmless_flaws_are_fetched_and_shown(
    repository: Repository, mirror: Mirror, author: str, year: int | None
) -> None:
    tree = repository.git("rev-parse", "HEAD^{tree}")
    commit = f"tree {tree}\nauthor {author}\ncommitter {author}\n\nOld\n"
    (repository.path / "flawed").write_text(commit)
    sha = repository.git("hash-object", "-t", "commit", "--literally", "-w", "flawed")
    repository.git("update-ref", "refs/heads/old", sha)
    mirror.refresh()
    found = mirror.resolve("old")
    assert (found.sha, found.subject) == (sha, "Old")
    assert year is None or found.committed_at.year == year
