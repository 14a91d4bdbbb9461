"""The environment of git processes: no prompts, no configuration of other users, and the token where it is safe."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from django.conf import settings

from connections.git import ssh
from connections.git.address import endpoint_of
from connections.git.ip_addresses import ip_addresses_of
from connections.git.values import GitCredential

_HERE = Path(__file__).parent


def git_environment() -> dict[str, str]:
    """What every git process needs in addition to this process's own environment."""
    return _without_ours() | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(_HERE / "gitconfig"),
        "GIT_CONFIG_COUNT": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file" if settings.MANTIK_GIT_ALLOW_LOCAL else "https:ssh",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_SSH_COMMAND": ssh.REFUSES,
        "GIT_SSH_VARIANT": "ssh",
        "LC_ALL": "C",
    }


def https_environment(*, url: str, credential: GitCredential | None, ca_bundle: Path | None) -> dict[str, str]:
    """What a git process that uses https to `url` needs besides that. Raises GitError if the host may not be asked.

    Git gets a token in its environment and through GIT_ASKPASS. In the URL or an argument every user of the machine
    could read it in the process list, and git would write it into .git/config and its messages.
    """
    extra = _pinned(url)
    if ca_bundle:
        extra["GIT_SSL_CAINFO"] = str(ca_bundle)
    if credential:
        extra |= {
            "GIT_ASKPASS": str(_HERE / "askpass.sh"),
            "MANTIK_GIT_LOGIN_HOST": f"https://{urlsplit(url).netloc}",
            "MANTIK_GIT_LOGIN_NAME": credential.login,
            "MANTIK_GIT_LOGIN_TOKEN": credential.token,
        }
    return extra


def ssh_environment(command: Sequence[str]) -> dict[str, str]:
    """What a git process that uses ssh needs besides that. `command` runs ssh; it names files, but holds no key."""
    return {"GIT_SSH_COMMAND": shlex.join(command)}


def _pinned(url: str) -> dict[str, str]:
    """Makes git connect to the address that was checked, whatever the host's name leads to a moment later."""
    endpoint = endpoint_of(url)
    assert endpoint, "local paths need no network"
    host, port = endpoint
    if _goes_through_a_proxy(host):
        return {}
    addresses = [f"[{address}]" if ":" in address else address for address in ip_addresses_of(host, port)]
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.curloptResolve",
        "GIT_CONFIG_VALUE_0": f"{host}:{port}:{','.join(addresses)}",
    }


def _goes_through_a_proxy(host: str) -> bool:
    """Whether git uses a proxy for `host`. Then the proxy looks up the name, which may not be known here."""
    return "https" in getproxies() and not proxy_bypass(host)


def _without_ours() -> dict[str, str]:
    """Empties what git and its helpers must not see: our secrets, and the settings of traces, which show headers."""
    return {name: "" for name in os.environ if name.startswith(("MANTIK_", "GIT_TRACE"))}
