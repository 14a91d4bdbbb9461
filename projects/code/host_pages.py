"""Pages of a code repository at its host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from connections.git.address import is_https, ssh_address
from connections.models import Connection
from projects.models import CodeRepository

Platform = CodeRepository.Platform


@dataclass(frozen=True)
class KeyPage:
    """Where to enter a deploy key: the way to the page in words, and its address if it is known."""

    words: str
    url: str | None


_KEY_PAGES = {
    Platform.GITHUB: ("Settings > Deploy keys of the repository, without write access", "settings/keys/new"),
    Platform.GITLAB: ("Settings > Repository > Deploy keys, without write permissions", "-/settings/repository"),
    Platform.BITBUCKET: ("Repository settings > Access keys", "admin/access-keys/"),
    Platform.OTHER: ("the keys of the repository, or of an account that may read it", ""),
}


def page_of(*, platform: str, url: str) -> str | None:
    """The page of the repository at its host; None if the platform is unknown."""
    if platform in ("", Platform.OTHER):
        return None
    ssh = ssh_address(url)
    if ssh:
        return f"https://{ssh.host}/{_name(ssh.path)}"
    if not is_https(url):
        return None
    parts = urlsplit(url)
    return f"https://{parts.netloc}/{_name(parts.path)}"


def login_noun(login: Connection) -> str:
    return "SSH key" if login.kind == Connection.Kind.SSH_KEY else "access token"


def deploy_key_page(repository: CodeRepository) -> KeyPage:
    words, path = _KEY_PAGES[Platform(repository.platform)]
    page = page_of(platform=repository.platform, url=repository.url)
    return KeyPage(words, f"{page}/{path}" if page else None)


def _name(path: str) -> str:
    return path.strip("/").removesuffix(".git")
