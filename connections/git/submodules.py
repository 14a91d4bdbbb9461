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
    """One way to a repository. `host_key` for ssh only."""

    url: str
    login: Login | None = field(default=None, repr=False)
    host_key: HostKey | None = None


def parse_modules(listed: bytes) -> dict[str, str]:
    """Path to address, from what `git config --list -z` says of a .gitmodules."""
    found: dict[str, dict[str, str]] = {}
    for line in listed.decode("utf-8", "replace").split("\0"):
        name, _, value = line.partition("\n")
        section, _, key = name.rpartition(".")
        if section.startswith("submodule."):
            found.setdefault(section, {})[key] = value
    return {entry["path"].strip("/"): entry["url"] for entry in found.values() if entry.keys() >= {"path", "url"}}


def absolute(url: str, *, parent: str) -> str:
    """`url` as a .gitmodules gives it: one that begins with ./ or ../ starts from where its repository is."""
    if not url.startswith(("./", "../")):
        return url
    base, rest = parent.rstrip("/"), url
    while rest.startswith(("./", "../")):
        base = _above(base) if rest.startswith("../") else base
        rest = rest.partition("/")[2]
    return f"{base}{rest}" if base.endswith(":") else f"{base}/{rest}"


def _above(base: str) -> str:
    """One folder up; in git@host:code.git that is what comes after the colon."""
    folder, slash, _ = base.rpartition("/")
    return folder if slash else f"{base.rpartition(':')[0]}:"


def routes(url: str, *, parent: Route) -> list[Route]:
    """How to come from the repository of `parent` to its submodule at `url`: the first that works counts.

    Only the host that the login of `parent` is for gets it. Over ssh nobody gets in without a key, so other ssh hosts
    are asked over https, as everybody. Raises GitError for an address that may not be fetched from.
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
    """A host that offers https on a port of its own offers it there for all its repositories."""
    if is_https(parent.url) and host == host_of(parent.url):
        return parent.url.removeprefix("https://").partition("/")[0]
    return host
