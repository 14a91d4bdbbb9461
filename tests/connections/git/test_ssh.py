"""Over ssh, against OpenSSH's own server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connections.git.errors import GitError
from connections.git.host_keys import HostKey, ask_host_key, first_host_key
from connections.git.leftovers import remove_keys
from connections.git.mirror import Mirror
from connections.git.values import GitCredential, SshKey
from connections.logins.ssh_keys import KeyPair, make_key_pair
from tests.connections.git.conftest import MirrorMaker
from tests.connections.git.processes import command_lines
from tests.connections.git.repository import Repository
from tests.connections.git.ssh_host import SshHost


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return make_key_pair(comment="Mantik: training")


@pytest.fixture
def ssh_url(ssh_host: SshHost, repository: Repository) -> str:
    return f"{ssh_host.address}{repository.path}"


@pytest.fixture
def over_ssh(ssh_host: SshHost, ssh_url: str, pair: KeyPair, make_mirror: MirrorMaker) -> MirrorMaker:
    """A mirror whose key the host lets in, and which knows the host."""
    ssh_host.let_in(pair.public)

    def make(**changes: object) -> Mirror:
        usual = {"url": ssh_url, "credential": SshKey(pair.private), "host_key": ask_host_key(ssh_url)}
        return make_mirror(**usual | changes)

    return make


def key_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and b"OPENSSH PRIVATE KEY" in path.read_bytes()]


def test_a_key_that_mantik_made_opens_a_repository(over_ssh: MirrorMaker, ssh_host: SshHost) -> None:
    mirror = over_ssh()
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"
    assert all(command.startswith("git-upload-pack ") for command in ssh_host.asked)


def test_the_public_line_is_what_hosts_take_and_names_its_purpose(pair: KeyPair) -> None:
    kind, encoded, comment = pair.public.split()
    assert (kind, comment) == ("ssh-ed25519", "Mantik-training")
    assert encoded not in pair.private
    assert "PRIVATE" not in repr(pair)
    assert "PRIVATE" not in repr(SshKey(pair.private))


def test_the_private_key_is_in_a_file_of_ours_alone_and_only_meanwhile(
    over_ssh: MirrorMaker, ssh_host: SshHost, pair: KeyPair, tmp_path: Path
) -> None:
    ssh_host.slow_down(0.5)
    mirror = over_ssh()
    secret = "".join(pair.private.splitlines()[1:-1])
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(mirror.refresh)
        lines: set[str] = set()
        modes: set[int] = set()
        while not refreshing.done():
            lines.update(command_lines())
            for path in (tmp_path / "mirrors").glob("*.ssh/key"):
                modes |= {path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777}
        refreshing.result()
    assert modes == {0o600, 0o700}
    assert any(" git-upload-pack " in line for line in lines)
    assert not any(secret[:60] in line or "PRIVATE" in line for line in lines)
    assert key_files(tmp_path / "mirrors") == []


def test_what_a_killed_worker_leaves_of_a_key_is_taken_away(
    over_ssh: MirrorMaker, ssh_host: SshHost, ssh_url: str, pair: KeyPair, tmp_path: Path
) -> None:
    root = tmp_path / "mirrors"
    over_ssh().refresh()
    ssh_host.slow_down(3)
    worker = start_worker(ssh_url, pair, root, tmp_path / "secret")
    asked = len(ssh_host.asked)
    while len(ssh_host.asked) == asked:
        time.sleep(0.02)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert len(key_files(root)) == 1
    # Its git may still be using it.
    remove_keys(root)
    assert len(key_files(root)) == 1
    kill_gits(ssh_url)
    remove_keys(root)
    assert key_files(root) == []


def start_worker(url: str, pair: KeyPair, root: Path, secret: Path) -> subprocess.Popen[bytes]:
    secret.write_text(pair.private)
    program = f"""
import django; django.setup()
from pathlib import Path
from connections.git.host_keys import ask_host_key
from connections.git.mirror import Mirror
from connections.git.values import SshKey
key = SshKey(Path({str(secret)!r}).read_text())
Path({str(secret)!r}).unlink()
Mirror(key="code", url={url!r}, credential=key, host_key=ask_host_key({url!r}), root=Path({str(root)!r})).refresh()
"""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen([sys.executable, "-c", program], env=environment)


def kill_gits(url: str) -> None:
    """End the orphans of a killed worker, as the end of its container would."""
    done = subprocess.run(["ps", "-Ao", "pid,args"], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        pid, _, words = line.strip().partition(" ")
        if url in words and words.lstrip().startswith("git "):
            os.killpg(int(pid), signal.SIGKILL)
    deadline = time.monotonic() + 5
    while any(url in line and line.startswith("git ") for line in command_lines()) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_key_that_the_host_does_not_know_is_explained(ssh_url: str, pair: KeyPair, make_mirror: MirrorMaker) -> None:
    known = ask_host_key(ssh_url)
    with pytest.raises(GitError, match="Add the public key of the connection") as caught:
        make_mirror(url=ssh_url, credential=SshKey(pair.private), host_key=known).refresh()
    assert (caught.value.code, caught.value.permanent) == ("authentication", True)


@pytest.mark.parametrize("credential", [None, GitCredential("other", "ada", "t0ken")])
def test_without_a_key_no_other_key_of_the_machine_is_tried(
    over_ssh: MirrorMaker, pair: KeyPair, credential: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    (home / ".ssh/id_ed25519").write_text(pair.private)
    (home / ".ssh/id_ed25519").chmod(0o600)
    (home / ".ssh/config").write_text(f"IdentityFile {home}/.ssh/id_ed25519\n")
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(GitError, match="Choose a connection with an SSH key for it"):
        over_ssh(credential=credential).refresh()


def test_the_key_of_a_host_is_shown_as_ssh_shows_it(ssh_host: SshHost, ssh_url: str) -> None:
    key = ask_host_key(ssh_url)
    assert key.fingerprint == ssh_host.fingerprint
    assert HostKey.parse(str(key)) == key


@pytest.mark.parametrize(
    ("url", "fingerprint"),
    [
        ("git@github.com:group/code.git", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
        ("ssh://git@gitlab.com/group/code.git", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8"),
        ("git@bitbucket.org:group/code.git", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM"),
    ],
)
def test_large_hosts_have_to_show_the_keys_that_they_publish(url: str, fingerprint: str) -> None:
    """The fingerprints are those of their documentation."""
    assert first_host_key(url).fingerprint == fingerprint


def test_a_host_with_another_key_is_refused(over_ssh: MirrorMaker, ssh_host: SshHost, ssh_url: str) -> None:
    known = ask_host_key(ssh_url)
    over_ssh().refresh()
    ssh_host.change_host_key()
    ssh_host.restart()
    asked = len(ssh_host.asked)
    with pytest.raises(GitError, match=r"127\.0\.0\.1 presents a different host key") as caught:
        over_ssh(host_key=known).refresh()
    assert (caught.value.code, caught.value.permanent) == ("host.key", True)
    assert len(ssh_host.asked) == asked
    over_ssh().refresh()


def test_a_host_whose_key_nobody_knows_is_not_asked(over_ssh: MirrorMaker, ssh_host: SshHost) -> None:
    with pytest.raises(GitError, match="presents a different host key"):
        over_ssh(host_key=None).refresh()
    assert ssh_host.asked == []


def test_a_host_that_does_not_speak_ssh_is_unreachable(make_mirror: MirrorMaker) -> None:
    with pytest.raises(GitError, match=r"127\.0\.0\.1 cannot be reached by ssh") as caught:
        ask_host_key("ssh://git@127.0.0.1:9/group/code.git")
    assert (caught.value.code, caught.value.permanent) == ("unreachable", False)


def test_a_repository_that_is_not_there_is_named(over_ssh: MirrorMaker, ssh_url: str) -> None:
    with pytest.raises(GitError, match="There is no git repository at"):
        over_ssh(url=f"{ssh_url}-not-there").refresh()


def test_ssh_goes_to_the_address_that_was_checked(over_ssh: MirrorMaker, ssh_url: str, name_elsewhere: str) -> None:
    """Nobody but the check knows where that name leads."""
    mirror = over_ssh(url=ssh_url.replace("127.0.0.1", name_elsewhere))
    mirror.refresh()
    assert mirror.resolve("main").subject == "First"
