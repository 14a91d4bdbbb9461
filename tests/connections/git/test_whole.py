"""Commits with submodules and Git LFS files, from real git hosts."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connections.git import lfs_server, whole
from connections.git.errors import GitError
from connections.git.host_keys import ask_host_key
from connections.git.lfs_store import Pointer
from connections.git.mirror import Mirror
from connections.git.submodules import Route
from connections.git.values import GitCredential, SshKey
from connections.git.whole import Whole, gather
from connections.logins.ssh_keys import make_key_pair
from tests.connections.git.conftest import MirrorMaker
from tests.connections.git.host import Certificate, GitHost
from tests.connections.git.repository import Repository
from tests.connections.git.ssh_host import SshHost

TOKEN = "glpat-S3cretT0ken%/+x"
LOGIN = GitCredential("gitlab", "", TOKEN)
WEIGHTS = bytes(range(256)) * 10


@pytest.fixture
def lib(tmp_path: Path, host: GitHost) -> Repository:
    """At the same host, with a commit that no branch leads to any more in front of one that does."""
    made = Repository(tmp_path / "lib")
    made.write("lib.py", "x = 1\n")
    made.commit("Used")
    host.others["lib.git"] = made.path
    return made


@pytest.fixture
def outer(repository: Repository, lib: Repository, host: GitHost) -> Repository:
    """With `lib` as a submodule by a relative address, and a file of Git LFS."""
    (repository.path / "model.bin").unlink()
    repository.write(".gitattributes", "*.weights filter=lfs diff=lfs merge=lfs -text\n")
    repository.write("model.weights", pointer_to(WEIGHTS))
    host.objects[oid_of(WEIGHTS)] = WEIGHTS
    repository.add_submodule("vendor/lib", "../lib.git", lib.git("rev-parse", "HEAD"))
    return repository


def oid_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pointer_to(content: bytes) -> str:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid_of(content)}\nsize {len(content)}\n"


Gatherer = Callable[..., Whole]


@pytest.fixture
def gathered(make_mirror: MirrorMaker, host: GitHost, certificate: Certificate, repository: Repository) -> Gatherer:
    """The newest commit of `repository`, through `host` or `url`, with a login."""

    def call(*, url: str = "", login: Any = LOGIN, **options: Any) -> Whole:
        way = Route(url or host.url, login, ask_host_key(url) if url.startswith("ssh") else None)
        mirror: Mirror = make_mirror(
            url=way.url, credential=way.login, host_key=way.host_key, ca_bundle=certificate.certificate
        )
        mirror.refresh()
        usual = {"wanted": lambda _: True, "route": lambda: way}
        return gather(mirror, repository.git("rev-parse", "HEAD"), **usual | options)

    return call


def contents(code: Whole) -> dict[str, bytes]:
    files = [entry for entry in code.entries if entry.kind == "file"]
    return {
        entry.path: content if isinstance(content, bytes) else content.read() for entry, content in code.blobs(files)
    }


def test_a_commit_comes_with_its_submodules_and_its_lfs_files(
    host: GitHost, outer: Repository, gathered: Gatherer
) -> None:
    host.login = ("oauth2", TOKEN)
    code = gathered()
    found = contents(code)
    assert found["vendor/lib/lib.py"] == b"x = 1\n"
    assert found["model.weights"] == WEIGHTS
    assert found["MLproject"] == b"name: test\n"
    assert (code.missing, code.lfs_bytes) == ({}, len(WEIGHTS))
    assert not [entry for entry in code.entries if entry.kind == "submodule"]
    assert next(entry.size for entry in code.entries if entry.path == "model.weights") == len(WEIGHTS)


def test_what_is_here_already_is_not_fetched_again(host: GitHost, outer: Repository, gathered: Gatherer) -> None:
    before = contents(gathered())
    asked = len(host.requests)
    assert contents(gathered()) == before
    # The list of the outer repository's branches.
    assert len(host.requests) - asked == 2


def test_a_submodule_is_taken_at_exactly_its_commit(
    host: GitHost, outer: Repository, lib: Repository, gathered: Gatherer
) -> None:
    lib.write("lib.py", "x = 2\n")
    lib.commit("Newer")
    assert contents(gathered())["vendor/lib/lib.py"] == b"x = 1\n"


def test_a_commit_that_no_branch_leads_to_is_fetched_all_the_same(
    host: GitHost, repository: Repository, lib: Repository, gathered: Gatherer
) -> None:
    lib.write("lib.py", "x = 3\n")
    lost = lib.commit("Amended later")
    lib.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.add_submodule("lib", "../lib.git", lost)
    assert contents(gathered())["lib/lib.py"] == b"x = 3\n"


def test_submodules_of_submodules_come_too(
    host: GitHost, repository: Repository, lib: Repository, gathered: Gatherer, tmp_path: Path
) -> None:
    inner = Repository(tmp_path / "inner")
    inner.write("deep.txt", "deep\n")
    inner.write("deep/.gitattributes", "*.weights filter=lfs\n")
    inner.write("deep/model.weights", pointer_to(WEIGHTS))
    sha = inner.commit()
    host.others["inner.git"] = inner.path
    host.objects[oid_of(WEIGHTS)] = WEIGHTS
    lib.add_submodule("inner", "../inner.git", sha)
    repository.add_submodule("lib", "../lib.git", lib.git("rev-parse", "HEAD"))
    found = contents(gathered())
    assert (found["lib/inner/deep.txt"], found["lib/inner/deep/model.weights"]) == (b"deep\n", WEIGHTS)


def test_a_circle_of_submodules_ends(
    host: GitHost, lib: Repository, repository: Repository, gathered: Gatherer
) -> None:
    sha = lib.git("rev-parse", "HEAD")
    for number in range(6):
        lib.add_submodule(f"again{number}", "../lib.git", sha)
        sha = lib.git("rev-parse", "HEAD")
    repository.add_submodule("lib", "../lib.git", sha)
    code = gathered()
    assert any("a depth of 5" in reason for reason in code.missing.values())
    assert len(host.requests) < 300


def test_the_login_goes_to_its_host_and_to_no_other(
    host: GitHost, repository: Repository, lib: Repository, gathered: Gatherer, certificate: Certificate
) -> None:
    host.login = ("oauth2", TOKEN)
    with GitHost(lib.path, certificate) as stranger:
        stranger.login = ("oauth2", TOKEN)
        repository.add_submodule("lib", stranger.url, lib.git("rev-parse", "HEAD"))
        code = gathered()
        assert stranger.logins_seen == []
        assert stranger.requests
    assert "lib is" in f"lib {code.missing['lib']}"
    assert "refuses access" in code.missing["lib"]
    assert [entry.kind for entry in code.entries if entry.path == "lib"] == ["submodule"]


def test_a_public_submodule_of_another_host_comes_without_a_login(
    host: GitHost, repository: Repository, lib: Repository, gathered: Gatherer, certificate: Certificate
) -> None:
    with GitHost(lib.path, certificate) as stranger:
        repository.add_submodule("lib", stranger.url, lib.git("rev-parse", "HEAD"))
        assert contents(gathered())["lib/lib.py"] == b"x = 1\n"
        assert stranger.logins_seen == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://git.example.org/lib.git", "http:// sends code"),
        ("file:///etc", "on a local disk"),
        ("/etc", "on a local disk"),
        ("ext::sh -c id", "has no spaces"),
        ("https://10.0.0.1/lib.git", "MANTIK_OUTBOUND_ALLOWED"),
        ("https://ada:hunter2@git.example.org/lib.git", "Remove the part before the @"),
    ],
)
def test_an_address_that_may_not_be_fetched_from_is_named(
    repository: Repository, lib: Repository, gathered: Gatherer, url: str, sentence: str
) -> None:
    repository.add_submodule("lib", url, lib.git("rev-parse", "HEAD"))
    code = gathered()
    assert sentence in code.missing["lib"]
    assert "hunter2" not in code.missing["lib"]


def test_a_submodule_without_an_address_is_named(repository: Repository, lib: Repository, gathered: Gatherer) -> None:
    repository.add_submodule("lib", "../lib.git", lib.git("rev-parse", "HEAD"))
    (repository.path / ".gitmodules").unlink()
    repository.git("rm", "--quiet", "--cached", ".gitmodules")
    repository.git("commit", "--quiet", "--message", "No addresses")
    assert gathered().missing == {"lib": "is a submodule without an address in .gitmodules"}


def test_a_commit_that_was_never_pushed_is_named(repository: Repository, lib: Repository, gathered: Gatherer) -> None:
    repository.add_submodule("lib", "../lib.git", "1234567890" * 4)
    code = gathered()
    assert "has no commit 1234567" in code.missing["lib"]
    (known,) = code.submodules
    assert (known.sha, known.failure) == ("1234567890" * 4, code.missing["lib"])


def test_a_host_that_is_away_is_waited_for(
    repository: Repository, lib: Repository, gathered: Gatherer, certificate: Certificate
) -> None:
    with GitHost(lib.path, certificate) as away:
        url = away.url
    repository.add_submodule("lib", url, lib.git("rev-parse", "HEAD"))
    with pytest.raises(GitError, match="cannot be reached") as caught:
        gathered()
    assert not caught.value.permanent


def test_what_is_excluded_is_not_fetched(host: GitHost, outer: Repository, gathered: Gatherer) -> None:
    code = gathered(wanted=lambda path: not path.startswith(("vendor", "model")))
    assert (code.missing, code.submodules) == ({}, [])
    assert not any("lib.git" in path or "lfs" in path for path in host.requests)


def test_what_was_found_behind_a_submodule_is_told(outer: Repository, lib: Repository, gathered: Gatherer) -> None:
    (known,) = gathered().submodules
    assert known.sha == lib.git("rev-parse", "HEAD")
    assert "lib.py" in [entry.path for entry in known.entries]
    assert known.failure == ""


def test_ssh_addresses_of_the_same_host_are_asked_over_https_with_the_token(
    host: GitHost, repository: Repository, lib: Repository, gathered: Gatherer
) -> None:
    """As people write them who push over ssh."""
    host.login = ("oauth2", TOKEN)
    repository.add_submodule("lib", "git@127.0.0.1:group/lib.git", lib.git("rev-parse", "HEAD"))
    assert contents(gathered())["lib/lib.py"] == b"x = 1\n"


# Git LFS


def test_a_file_that_was_never_pushed_stays_a_pointer_and_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer
) -> None:
    host.objects.clear()
    code = gathered()
    assert contents(code)["model.weights"].decode() == pointer_to(WEIGHTS)
    assert "Perhaps it was never pushed" in code.missing["model.weights"]


@pytest.mark.parametrize("wrong", [b"x" * len(WEIGHTS), WEIGHTS[:-1], WEIGHTS + b"x"])
def test_a_file_that_is_not_what_its_pointer_says_is_not_taken(
    host: GitHost, outer: Repository, gathered: Gatherer, wrong: bytes, tmp_path: Path
) -> None:
    host.objects[oid_of(WEIGHTS)] = wrong
    code = gathered()
    assert code.missing["model.weights"] == "arrived with other content than its pointer says"
    assert [path for path in (tmp_path / "mirrors/code.lfs").rglob("*") if path.is_file()] == []


def test_the_login_is_not_given_to_the_host_of_the_files(
    host: GitHost, outer: Repository, gathered: Gatherer, certificate: Certificate, repository: Repository
) -> None:
    host.login = ("oauth2", TOKEN)
    with GitHost(repository.path, certificate) as files:
        files.objects = dict(host.objects)
        host.lfs_files = files.address
        assert contents(gathered())["model.weights"] == WEIGHTS
        assert len(files.requests) == 1
        assert files.logins_seen == []


def test_a_server_named_by_the_repository_gets_no_login(
    host: GitHost, outer: Repository, gathered: Gatherer, certificate: Certificate, repository: Repository
) -> None:
    with GitHost(repository.path, certificate) as thief:
        thief.objects = dict(host.objects)
        repository.write(".lfsconfig", f"[lfs]\n\turl = {thief.address}/group/code.git/info/lfs\n")
        repository.commit("Files are elsewhere")
        assert contents(gathered())["model.weights"] == WEIGHTS
        assert thief.requests
        assert thief.logins_seen == []


@pytest.mark.parametrize("limit", ["MAX_FILES", "USUAL_PATH"])
def test_a_commit_that_has_too_many_files_with_its_submodules_is_refused(
    outer: Repository, gathered: Gatherer, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    own = len(gathered().entries) - 1
    # The paths of a submodule are longer than in its own repository, by those under which it stands.
    monkeypatch.setattr(whole, limit, own if limit == "MAX_FILES" else 0)
    with pytest.raises(GitError, match="has more files, or longer paths, than Mantik can list") as caught:
        gathered()
    assert caught.value.permanent


def test_files_are_not_fetched_when_they_are_too_many(host: GitHost, outer: Repository, gathered: Gatherer) -> None:
    class TooMany(Exception):
        pass

    def refuse(size: int) -> None:
        raise TooMany(size)

    with pytest.raises(TooMany, match=str(len(WEIGHTS))):
        gathered(check_lfs=refuse)
    assert not any("lfs" in path for path in host.requests)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "is not available to this login at 127.0.0.1"),
        (403, "to this login"),
        (404, "HTTP status 404"),
        (302, "HTTP status 302"),
        (200, "is not that of Git LFS"),
    ],
)
def test_a_host_that_gives_out_no_files_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer, status: int, sentence: str
) -> None:
    host.lfs_status = status
    assert sentence in gathered().missing["model.weights"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_host_that_gives_out_no_files_at_the_moment_is_waited_for(
    host: GitHost, outer: Repository, gathered: Gatherer, status: int
) -> None:
    host.lfs_status = status
    with pytest.raises(GitError, match="does not serve Git LFS files at the moment") as caught:
        gathered()
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ("https://10.0.0.1", "MANTIK_OUTBOUND_ALLOWED"),
        ("http://127.0.0.1:9", "is not offered over https"),
        ("file:///etc/passwd#", "is not offered over https"),
    ],
)
def test_files_are_fetched_from_public_hosts_over_https_only(
    host: GitHost, outer: Repository, gathered: Gatherer, files: str, sentence: str
) -> None:
    host.lfs_files = files
    assert sentence in gathered().missing["model.weights"]


def test_the_host_that_breaks_off_is_the_one_that_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer, certificate: Certificate, repository: Repository
) -> None:
    with GitHost(repository.path, certificate) as files:
        files.objects = dict(host.objects)
        files.cut = 5
        host.lfs_files = files.address
        with pytest.raises(GitError) as caught:
            gathered()
    assert caught.value.message.startswith(f"{files.address.removeprefix('https://')} does not serve")


UNREADABLE = [
    "https://[x",
    "https://127.0.0.1:port",
    "https://gi\N{LATIN SMALL LETTER T WITH CARON}.example.org",
    "https://127.0.0.1/a b",
    "https://git..example.org",
]


@pytest.mark.parametrize("address", UNREADABLE)
def test_a_file_at_an_address_that_cannot_be_read_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer, address: str
) -> None:
    host.lfs_files = address
    assert gathered().missing == {
        "model.weights": "could not be fetched: its host names an address that cannot be read"
    }


@pytest.mark.parametrize(
    "address", ["https://[x", "https://127.0.0.1:port/", "//g\N{LATIN SMALL LETTER O WITH STROKE}t"]
)
def test_a_file_that_is_redirected_to_where_nobody_can_be_asked_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer, address: str
) -> None:
    host.lfs_location = address
    assert gathered().missing == {
        "model.weights": "could not be fetched: its host names an address that cannot be read"
    }


@pytest.mark.parametrize(("times", "missing"), [(5, {}), (6, "could not be fetched: its host redirects without end")])
def test_a_file_may_be_redirected_five_times(
    host: GitHost, outer: Repository, gathered: Gatherer, times: int, missing: object
) -> None:
    host.lfs_redirects = times
    assert gathered().missing.get("model.weights", {}) == missing


@pytest.mark.parametrize("header", [{"x-\N{SNOWMAN}": "1"}, {"two words": "1"}, {"x-token": "two\nlines"}, {"": "1"}])
def test_a_file_that_nobody_can_ask_for_is_named(
    host: GitHost, outer: Repository, gathered: Gatherer, header: dict[str, str]
) -> None:
    host.lfs_header = header
    assert "in a way that HTTP does not know" in gathered().missing["model.weights"]


@pytest.mark.parametrize("address", UNREADABLE)
def test_files_of_a_server_whose_address_cannot_be_read_are_named(
    host: GitHost, outer: Repository, gathered: Gatherer, repository: Repository, address: str
) -> None:
    repository.write(".lfsconfig", f'[lfs]\n\turl = "{address}"\n')
    repository.commit("Files are nowhere")
    reason = "could not be fetched: The address of its Git LFS server cannot be read"
    assert gathered().missing == {"model.weights": reason}


def test_room_is_made_for_new_files_and_not_more_than_is_allowed(
    host: GitHost, outer: Repository, gathered: Gatherer, make_mirror: MirrorMaker, tmp_path: Path
) -> None:
    gathered()
    store = make_mirror().objects
    old = store.path(Pointer(oid_of(WEIGHTS), len(WEIGHTS)))
    store.make_room(10, most=len(WEIGHTS) + 10, keep=set())
    assert old.exists()
    store.make_room(11, most=len(WEIGHTS) + 10, keep={old.name})
    assert old.exists()
    store.make_room(11, most=len(WEIGHTS) + 10, keep=set())
    assert not old.exists()


def test_a_disk_that_does_not_take_the_files_is_explained(
    host: GitHost, outer: Repository, gathered: Gatherer, tmp_path: Path
) -> None:
    (tmp_path / "mirrors").mkdir()
    (tmp_path / "mirrors/code.lfs").write_text("A file, where a folder belongs.")
    with pytest.raises(GitError) as caught:
        gathered()
    assert (caught.value.code, caught.value.permanent) == ("mirror.disk", False)


# Over ssh


@pytest.fixture
def over_ssh(ssh_host: SshHost, gathered: Gatherer) -> Gatherer:
    pair = make_key_pair(comment="test")
    ssh_host.let_in(pair.public)
    return lambda **options: gathered(**{"login": SshKey(pair.private)} | options)


def test_submodules_and_lfs_files_come_with_the_same_key(
    ssh_host: SshHost, over_ssh: Gatherer, outer: Repository, lib: Repository, host: GitHost
) -> None:
    host.login = ("temporary", "l0gin")
    header = {"Authorization": f"Basic {base64.b64encode(b'temporary:l0gin').decode()}"}
    told = {"href": f"{host.address}/group/code.git/info/lfs", "header": header}
    (ssh_host.directory / "lfs.json").write_text(json.dumps(told))
    lib.path.rename(lib.path.with_name("lib.git"))
    found = contents(over_ssh(url=f"{ssh_host.address}{outer.path}"))
    assert found["vendor/lib/lib.py"] == b"x = 1\n"
    assert found["model.weights"] == WEIGHTS
    assert any(command.startswith("git-lfs-authenticate ") for command in ssh_host.asked)


def test_a_server_that_is_told_over_ssh_has_to_have_an_address_that_can_be_read(
    ssh_host: SshHost, over_ssh: Gatherer, outer: Repository, lib: Repository
) -> None:
    (ssh_host.directory / "lfs.json").write_text(json.dumps({"href": "https://[x"}))
    lib.path.rename(lib.path.with_name("lib.git"))
    missing = over_ssh(url=f"{ssh_host.address}{outer.path}").missing
    assert "The address of its Git LFS server cannot be read" in missing["model.weights"]


@pytest.mark.parametrize("answer", ["kill -9 $PPID", "exec sleep 30"], ids=["breaks off", "is silent"])
def test_a_host_that_cannot_be_asked_for_lfs_over_ssh_is_asked_again(
    ssh_host: SshHost,
    over_ssh: Gatherer,
    outer: Repository,
    lib: Repository,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    monkeypatch.setattr(lfs_server, "_MAX_SECONDS", 3)
    ssh_host.answer_lfs(answer)
    lib.path.rename(lib.path.with_name("lib.git"))
    with pytest.raises(GitError) as caught:
        over_ssh(url=f"{ssh_host.address}{outer.path}")
    assert not caught.value.permanent


def test_a_host_that_has_no_end_to_say_of_lfs_over_ssh_is_not_listened_to(
    ssh_host: SshHost, over_ssh: Gatherer, outer: Repository, lib: Repository
) -> None:
    ssh_host.answer_lfs("exec yes")
    lib.path.rename(lib.path.with_name("lib.git"))
    missing = over_ssh(url=f"{ssh_host.address}{outer.path}").missing
    assert "says too much" in missing["model.weights"]
