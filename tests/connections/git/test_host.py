"""Against a real git host: git's own smart HTTP over TLS."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django.fixtures import Settings

from connections.git.environment import git_environment
from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.values import GitCredential
from mantik.lib.networks import parse_allowed
from tests.connections.git.conftest import MirrorMaker
from tests.connections.git.host import Certificate, GitHost
from tests.connections.git.processes import command_lines
from tests.connections.git.repository import Repository

TOKEN = "glpat-S3cretT0ken%/+x"


def test_tokens_of_bitbucket_accounts_go_with_another_name_than_those_of_repositories() -> None:
    assert credential("bitbucket", token="ATATT3xyz").login == "x-bitbucket-api-token-auth"
    assert credential("bitbucket", token="ATCTT3xyz").login == "x-token-auth"


def credential(platform: str = "gitlab", token: str = TOKEN, user_name: str = "") -> GitCredential:
    return GitCredential(platform=platform, user_name=user_name, token=token)


def mirror_of(host: GitHost, make: MirrorMaker, certificate: Certificate, **changes: object) -> Mirror:
    return make(**{"url": host.url, "ca_bundle": certificate.certificate} | changes)


@pytest.mark.parametrize(
    ("platform", "user_name", "user"),
    [
        ("github", "", "x-access-token"),
        ("gitlab", "", "oauth2"),
        ("gitlab", "gitlab+deploy-token-7", "gitlab+deploy-token-7"),
        ("bitbucket", "", "x-token-auth"),
        ("bitbucket", "ada", "ada"),
        ("other", "", "git"),
        ("other", "ada", "ada"),
    ],
)
def test_it_logs_in_with_the_token_and_the_user_that_the_platform_expects(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, platform: str, user_name: str, user: str
) -> None:
    host.login = (user, TOKEN)
    mirror = mirror_of(host, make_mirror, certificate, credential=credential(platform, user_name=user_name))
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"
    assert set(host.logins_seen) == {(user, TOKEN)}


def test_the_token_is_in_no_argument_no_file_and_no_message(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, tmp_path: Path, repository: Repository
) -> None:
    host.login = ("oauth2", TOKEN)
    host.delay = 0.15
    mirror = mirror_of(host, make_mirror, certificate, credential=credential())
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(mirror.refresh)
        lines = watch_command_lines(refreshing.done)
        refreshing.result()
    assert any("git-remote-https" in line for line in lines)
    assert not any(TOKEN in line or quote(TOKEN, safe="") in line for line in lines)
    for path in (tmp_path / "mirrors").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()
    assert TOKEN not in repr(credential())


def test_git_gets_no_secrets_of_ours_and_no_traces(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = certificate.key.parent / "trace"
    monkeypatch.setenv("GIT_TRACE_CURL", str(trace))
    monkeypatch.setenv("MANTIK_ENCRYPTION_KEYS", "s3cret")
    mirror_of(host, make_mirror, certificate).refresh()
    assert not trace.exists()
    assert git_environment()["MANTIK_ENCRYPTION_KEYS"] == ""


def watch_command_lines(done: Callable[[], bool]) -> set[str]:
    """Command lines of all processes seen until `done()`."""
    lines: set[str] = set()
    while not done():
        lines.update(command_lines())
    return lines


@pytest.mark.parametrize("given", [None, credential(token="wrong-token-value")])
def test_a_login_that_is_refused_says_what_to_do(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, given: GitCredential | None
) -> None:
    host.login = ("oauth2", TOKEN)
    with pytest.raises(GitError) as caught:
        mirror_of(host, make_mirror, certificate, credential=given).refresh()
    assert (caught.value.code, caught.value.permanent) == ("authentication", True)
    assert ("choose a connection with a token" if given is None else "token of the connection") in caught.value.message
    chain = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__dict__}"
    assert "wrong-token-value" not in chain


def test_the_token_is_not_given_to_a_host_that_another_redirects_to(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, repository: Repository
) -> None:
    with GitHost(repository.path, certificate) as thief:
        thief.login = ("oauth2", "anything")
        host.redirect = thief.address
        with pytest.raises(GitError, match="has moved") as caught:
            mirror_of(host, make_mirror, certificate, credential=credential()).refresh()
        assert caught.value.code == "redirected"
        assert thief.requests == []


def test_an_address_without_git_at_its_end_is_found(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    host.redirects_to_git = True
    mirror = mirror_of(host, make_mirror, certificate, url=host.url.removesuffix(".git"))
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"


def test_so_it_is_when_a_single_commit_is_the_first_that_is_fetched(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, repository: Repository
) -> None:
    host.redirects_to_git = True
    mirror = mirror_of(host, make_mirror, certificate, url=host.url.removesuffix(".git"))
    sha = repository.git("rev-parse", "HEAD")
    mirror.ensure(sha)
    assert mirror.read(sha, "MLproject") == b"name: test\n"


def test_a_host_that_gives_out_no_single_commits_is_asked_for_its_branches(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, repository: Repository
) -> None:
    sha = repository.git("rev-parse", "HEAD")
    repository.commit("Newer")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    host.speaks_old_git = True
    mirror = mirror_of(host, make_mirror, certificate)
    mirror.ensure(sha)
    assert mirror.read(sha, "MLproject") == b"name: test\n"


def test_a_certificate_that_nobody_vouches_for_is_refused(host: GitHost, make_mirror: MirrorMaker) -> None:
    with pytest.raises(GitError, match="certificate") as caught:
        make_mirror(url=host.url, credential=credential()).refresh()
    assert (caught.value.code, caught.value.permanent) == ("tls", True)
    assert host.logins_seen == []


def test_a_repository_that_is_not_there_is_named(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    with pytest.raises(GitError, match="There is no git repository at") as caught:
        mirror_of(host, make_mirror, certificate, url=f"{host.address}/group/other.git").refresh()
    assert (caught.value.code, caught.value.permanent) == ("not_found", True)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_host_that_is_not_well_is_tried_again(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, status: int
) -> None:
    host.status = status
    with pytest.raises(GitError, match="cannot be reached at the moment") as caught:
        mirror_of(host, make_mirror, certificate).refresh()
    assert (caught.value.code, caught.value.permanent) == ("unreachable", False)


def test_something_that_is_no_git_host_is_told_apart(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    host.status = 200
    with pytest.raises(GitError, match="is not a git repository") as caught:
        mirror_of(host, make_mirror, certificate).refresh()
    assert caught.value.code == "not_a_repository"


def test_a_host_that_cannot_be_reached_is_named(make_mirror: MirrorMaker) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(GitError, match=r"127\.0\.0\.1 cannot be reached") as caught:
        make_mirror(url=f"https://127.0.0.1:{port}/openssl/code.git").refresh()
    assert (caught.value.code, caught.value.permanent) == ("unreachable", False)


def test_a_host_that_never_answers_is_given_up_in_time_with_all_its_processes(
    make_mirror: MirrorMaker,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/group/code.git"
        began = time.monotonic()
        with pytest.raises(GitError, match="took longer than 1") as caught:
            make_mirror(url=url, timeout=1).refresh()
        assert time.monotonic() - began < 3
        assert (caught.value.code, caught.value.permanent) == ("timeout", False)
        assert not any(url in line for line in command_lines())


def test_a_host_that_answers_and_then_hangs_is_given_up_in_time(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    host.delay = 0.4
    mirror = mirror_of(host, make_mirror, certificate, timeout=1)
    began = time.monotonic()
    with pytest.raises(GitError, match="took longer than"):
        mirror.refresh()
    assert time.monotonic() - began < 3
    assert not any(host.url in line for line in command_lines())
    host.delay = 0
    mirror_of(host, make_mirror, certificate).refresh()
    assert mirror.resolve("main").subject == "First"


def test_nothing_is_fetched_when_nothing_changed(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    mirror = mirror_of(host, make_mirror, certificate)
    mirror.refresh()
    before = len(host.requests)
    mirror.refresh()
    # The list of branches, and no packs.
    assert len(host.requests) - before == 2


def test_two_mirrors_of_different_tokens_do_not_mix_them_up(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate
) -> None:
    host.login = ("oauth2", TOKEN)
    good = mirror_of(host, make_mirror, certificate, key="good", credential=credential())
    bad = mirror_of(host, make_mirror, certificate, key="bad", credential=credential(token="other"))
    barrier = threading.Barrier(2)

    def refresh(mirror: Mirror) -> str:
        barrier.wait()
        try:
            mirror.refresh()
        except GitError as error:
            return error.code
        return "fetched"

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(refresh, [good, bad])) == ["fetched", "authentication"]


# Where it connects to


def test_git_goes_to_the_address_that_was_checked(
    host: GitHost, make_mirror: MirrorMaker, certificate: Certificate, name_elsewhere: str
) -> None:
    """Git itself would ask the name service, which might say something else by now."""
    host.login = ("oauth2", TOKEN)
    url = host.url.replace("127.0.0.1", name_elsewhere)
    mirror = mirror_of(host, make_mirror, certificate, url=url, credential=credential())
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"


@pytest.mark.parametrize("scheme", ["https", "ssh"])
def test_an_address_inside_is_not_connected_to(
    host: GitHost, make_mirror: MirrorMaker, settings: Settings, name_elsewhere: str, scheme: str
) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed([])
    url = host.url.replace("https://127.0.0.1", f"{scheme}://{name_elsewhere}")
    with pytest.raises(GitError, match=r"git\.example\.org is at 127\.0\.0\.1, and that is not an address") as caught:
        make_mirror(url=url, credential=credential()).refresh()
    assert (caught.value.code, caught.value.permanent) == ("address.refused", True)
    assert host.requests == []


def test_a_name_that_nobody_knows_is_tried_again(make_mirror: MirrorMaker) -> None:
    with pytest.raises(GitError, match=r"The name no-such-host\.invalid cannot be found") as caught:
        make_mirror(url="https://no-such-host.invalid/group/code.git").refresh()
    assert (caught.value.code, caught.value.permanent) == ("unreachable", False)


def test_a_proxy_looks_names_up_itself(
    host: GitHost, make_mirror: MirrorMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with ThreadPoolExecutor(1) as pool:
            fetching = pool.submit(make_mirror(url="https://no-such-host.invalid/x.git", timeout=10).refresh)
            client, _ = proxy.accept()
            with client:
                assert client.recv(1000).startswith(b"CONNECT no-such-host.invalid:443")
            assert isinstance(fetching.exception(), GitError)
