"""Which Git LFS server a repository has, and with which login it is asked."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from connections.git.address import SshAddress, endpoint_of, host_of, is_https, ssh_address
from connections.git.errors import GitError
from connections.git.explain import explain
from connections.git.lfs import LfsServer, basic_auth
from connections.git.mirror import Mirror
from connections.git.process import Ended, GitTimedOut, OutputTooLarge, read_to_end
from connections.git.ssh import ssh_command
from connections.git.submodules import Route
from connections.git.values import GitCredential, SshKey
from mantik.lib.processes import kill_group

CONFIG = ".lfsconfig"
# Of git-lfs-authenticate: seconds, and bytes of its answer.
_MAX_SECONDS = 60
_MAX_ANSWER = 64 * 1024
# The exit code of ssh if it is not that of the command at the host.
_SSH_FAILED = 255


def server_of(mirror: Mirror, sha: str, way: Route, *, deadline: float) -> LfsServer:
    """The server that the commit's .lfsconfig names, else the git host's own. Raises GitError.

    The login of `way` is sent to its own host only.
    """
    named = _named(mirror, sha)
    if named:
        return replace(named, headers=_headers(way)) if endpoint_of(named.url) == endpoint_of(way.url) else named
    address = ssh_address(way.url)
    if address:
        return _by_ssh(mirror, way, address, deadline)
    if not is_https(way.url):
        raise GitError("Git LFS works over https and ssh only.", code="lfs.none", permanent=True)
    url = way.url.rstrip("/")
    return LfsServer(f"{url if url.endswith('.git') else url + '.git'}/info/lfs", _headers(way))


def _headers(way: Route) -> dict[str, str]:
    login = way.login
    return basic_auth(login.login, login.token) if isinstance(login, GitCredential) else {}


def _named(mirror: Mirror, sha: str) -> LfsServer | None:
    for line in mirror.list_config(sha, CONFIG).decode("utf-8", "replace").split("\0"):
        name, _, value = line.partition("\n")
        if name == "lfs.url" and is_https(value):
            server = LfsServer(value.rstrip("/"))
            if not urlsplit(server.url).username:
                return server
    return None


def _by_ssh(mirror: Mirror, way: Route, address: SshAddress, deadline: float) -> LfsServer:
    """The server that the host names over ssh (git-lfs-authenticate), with a temporary login for it."""
    key = way.login if isinstance(way.login, SshKey) else None
    asked = ["--", f"{address.user or 'git'}@{address.host}", f"git-lfs-authenticate {address.path} download"]
    with mirror.locked(deadline) as directory, ssh_command(directory, address, key=key, host_key=way.host_key) as ssh:
        until = min(time.monotonic() + _MAX_SECONDS, deadline)
        ended = _run([*ssh, "-p", str(address.port), *asked], host_of(way.url), until)
    if ended.code == _SSH_FAILED:
        raise explain(ended.words, url=way.url, token="", has_login=key is not None)
    try:
        server: dict[str, Any] = json.loads(ended.output)
        href, headers = str(server["href"]), dict(server.get("header") or {})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise GitError(f"{host_of(way.url)} offers no Git LFS to this key.", code="lfs.none", permanent=True) from None
    return LfsServer(href.rstrip("/"), {str(name).lower(): str(value) for name, value in headers.items()})


def _run(command: list[str], host: str, deadline: float) -> Ended:
    """Run ssh until `deadline` (monotonic). Raises GitError if it does not end by then, or has too much to say."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument each; what the host makes of its own is up to it
            command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except FileNotFoundError:
        return Ended(b"", "ssh: not found", _SSH_FAILED)
    with process:
        try:
            return read_to_end(process, deadline=deadline, most_output=_MAX_ANSWER)
        except GitTimedOut:
            raise GitError(
                f"{host} did not say in time where its Git LFS files are.", code="silent", permanent=False
            ) from None
        except OutputTooLarge:
            raise GitError(
                f"{host} says too much when it is asked for Git LFS.", code="lfs.none", permanent=True
            ) from None
        finally:
            kill_group(process)
