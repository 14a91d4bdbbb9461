"""The environment a git process runs in: no prompts, no foreign configuration, the token where it is safe."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from connections.git.urls import is_https
from connections.git.values import GitCredential

_HERE = Path(__file__).parent
_SSH = (
    "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4 "
    "-o StrictHostKeyChecking=accept-new -o ForwardAgent=no"
)


def git_environment() -> dict[str, str]:
    """On top of this process's own environment."""
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
        "GIT_SSH_COMMAND": _SSH,
        "LC_ALL": "C",
    }


def network_environment(*, url: str, credential: GitCredential | None, ca_bundle: Path | None) -> dict[str, str]:
    """What a git process that talks to `url` needs on top.

    A token travels to git in its environment and through GIT_ASKPASS. In the URL or an argument every user of
    the machine could read it in the process list, and git would write it into .git/config and its messages.
    """
    extra: dict[str, str] = {}
    if ca_bundle:
        extra["GIT_SSL_CAINFO"] = str(ca_bundle)
    if credential and is_https(url):
        extra |= {
            "GIT_ASKPASS": str(_HERE / "askpass.sh"),
            "MANTIK_GIT_LOGIN_HOST": f"https://{urlsplit(url).netloc}",
            "MANTIK_GIT_LOGIN_NAME": credential.login,
            "MANTIK_GIT_LOGIN_TOKEN": credential.token,
        }
    return extra


def _without_ours() -> dict[str, str]:
    """Git and its helpers need none of our secrets, and nobody's trace settings: a trace shows headers."""
    return {name: "" for name in os.environ if name.startswith(("MANTIK_", "GIT_TRACE"))}
