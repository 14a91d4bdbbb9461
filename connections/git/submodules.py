"""Where the submodules of a commit come from, and with whose login."""

from __future__ import annotations

from dataclasses import dataclass, field

from connections.git.address import check_url, endpoint_of, host_of, is_https, ssh_address
from connections.git.errors import GitError
from connections.git.host_keys import HostKey
from connections.git.values import GitCredential, Login, SshKey

MODULES = ".gitmodules"


@dataclass(frozen=True)
class Route:
    """One way to fetch a repository. `host_key` is for ssh only."""

    url: str
    login: Login | None = field(default=None, repr=False)
    host_key: HostKey | None = None


def parse_modules(listed: bytes) -> dict[str, str]:
    """The address of each submodule by its path. `listed` is what `git config --list -z` says of .gitmodules."""
    found: dict[str, dict[str, str]] = {}
    for line in listed.decode("utf-8", "replace").split("\0"):
        name, _, value = line.partition("\n")
        section, _, key = name.rpartition(".")
        if section.startswith("submodule."):
            found.setdefault(section, {})[key] = value
    return {entry["path"].strip("/"): entry["url"] for entry in found.values() if entry.keys() >= {"path", "url"}}


def absolute(url: str, *, parent: str) -> str:
    """The address that `url` in .gitmodules stands for: with ./ or ../ it is relative to `parent`."""
    if not url.startswith(("./", "../")):
        return url
    base, rest = parent.rstrip("/"), url
    while rest.startswith(("./", "../")):
        base = _above(base) if rest.startswith("../") else base
        rest = rest.partition("/")[2]
    return f"{base}{rest}" if base.endswith(":") else f"{base}/{rest}"


def _above(base: str) -> str:
    """The folder above `base`; of git@host:code.git that is git@host:, with the colon."""
    folder, slash, _ = base.rpartition("/")
    return folder if slash else f"{base.rpartition(':')[0]}:"


def routes(url: str, *, parent: Route) -> list[Route]:
    """The ways to fetch the submodule at `url` of the repository of `parent`: the first one that works is used.

    The login of `parent` is sent to its own host only. An ssh host accepts nobody without a key, so others are asked
    over https without a login. Raises GitError for an address that may not be fetched from.
    """
    check_url(url)
    ssh = ssh_address(url)
    if ssh is None and not is_https(url):
        if endpoint_of(parent.url):
            raise GitError(
                f"{url} is on a local disk, which a repository from elsewhere must not name.",
                code="url.refused",
                permanent=True,
            )
        return [Route(url)]
    over_https = f"https://{_https_host(ssh.host, parent)}/{ssh.path.strip('/')}" if ssh else url
    public = Route(over_https)
    if isinstance(parent.login, SshKey) and ssh and endpoint_of(url) == endpoint_of(parent.url):
        return [Route(url, parent.login, parent.host_key), public]
    if isinstance(parent.login, GitCredential) and endpoint_of(over_https) == endpoint_of(parent.url):
        return [Route(over_https, parent.login), public]
    return [public]


def _https_host(host: str, parent: Route) -> str:
    """`host`, with the port of `parent` if that is the same host over https: it is the same for all repositories."""
    if is_https(parent.url) and host == host_of(parent.url):
        return parent.url.removeprefix("https://").partition("/")[0]
    return host
