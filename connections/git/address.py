"""Which addresses a repository may be fetched from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from connections.git.errors import GitError

_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?[A-Za-z0-9][\w.-]*:(?!:|//)[^-].*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")


@dataclass(frozen=True)
class SshAddress:
    """The parts of an address for which git uses ssh. `user` may be empty."""

    user: str
    host: str
    port: int
    path: str


def check_url(url: str) -> None:
    """Raise GitError, with a sentence for the form, unless `url` may be fetched from."""
    if not url or not url.isprintable() or " " in url or url.startswith("-"):
        raise _refused(
            "The address of a git repository has no spaces and looks like https://github.com/group/code.git."
        )
    scheme = _SCHEME.match(url)
    if scheme:
        _check_parts(scheme.group(), url)
    elif url.startswith("/"):
        _check_local()
    elif not _SCP_LIKE.fullmatch(url):
        raise _refused(f"{url} is not the address of a git repository. Use one that begins with https:// or ssh://.")
    else:
        _check_letters(host_of(url))


def is_https(url: str) -> bool:
    return url.startswith("https://")


def is_ssh(url: str) -> bool:
    return ssh_address(url) is not None


def ssh_address(url: str) -> SshAddress | None:
    """The parts of ssh://git@host:22/group/code.git or git@host:group/code.git; None for other addresses."""
    if url.startswith("ssh://"):
        parts = _split(url)
        return SshAddress(parts.username or "", parts.hostname or "", parts.port or 22, parts.path)
    if "://" in url or not _SCP_LIKE.fullmatch(url):
        return None
    login, _, path = url.partition(":")
    user, _, host = login.rpartition("@")
    return SshAddress(user, host.lower(), 22, path)


def endpoint_of(url: str) -> tuple[str, int] | None:
    """The host and port that git connects to; None for a local path. Raises GitError for one that cannot be read."""
    ssh = ssh_address(url)
    if ssh:
        return ssh.host, ssh.port
    if not is_https(url):
        return None
    parts = _split(url)
    return parts.hostname or "", parts.port or 443


def host_of(url: str) -> str:
    """The host a message can name; for a local path the path itself."""
    if "://" in url:
        return urlsplit(url).hostname or url
    return url if url.startswith("/") else url.partition(":")[0].rpartition("@")[2]


def _check_parts(scheme: str, url: str) -> None:
    if scheme == "file":
        _check_local()
        return
    if scheme == "http":
        raise _refused("http:// sends code and tokens unencrypted. Use the repository's https:// address.")
    if scheme not in ("https", "ssh"):
        raise _refused(f"{scheme}:// is not supported for git repositories. Use https:// or ssh://.")
    parts = _split(url)
    if not parts.hostname or not parts.path.strip("/"):
        raise _refused("The address names no repository. It should look like https://github.com/group/code.git.")
    _check_letters(parts.hostname)
    if parts.password is not None or (scheme == "https" and parts.username is not None):
        raise _refused(
            "The address contains a user name or a token. Remove the part before the @, put the token in a "
            "connection, and choose that connection below."
        )
    if parts.query or parts.fragment:
        raise _refused("The address has a part that begins with ? or #. Remove that part.")
    if parts.hostname.startswith("-") or (parts.username or "").startswith("-"):
        raise _refused("The host in the address begins with a hyphen. Correct it.")


def _check_letters(host: str) -> None:
    # Git and Python disagree which name they stand for, so what was checked would not be what is connected to.
    if not host.isascii():
        raise _refused("The host in the address has letters beyond ASCII. Write it as it is registered, with xn--.")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        _ = parts.port
    except ValueError:
        raise _refused("The host or the port in the address cannot be read. Correct it.") from None
    return parts


def _check_local() -> None:
    if not settings.MANTIK_GIT_ALLOW_LOCAL:
        raise _refused(
            "Repositories on the server's own disk are not allowed here. Use an https:// or ssh:// "
            "address, or ask an operator to set MANTIK_GIT_ALLOW_LOCAL=1."
        )


def _refused(message: str) -> GitError:
    return GitError(message, code="url.refused", permanent=True)
