"""The values that a mirror returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

EntryKind = Literal["file", "link", "submodule"]

# How deep submodules of submodules may be nested, and how many a repository may have, those of submodules included.
# What is beyond is neither fetched nor shown.
MAX_SUBMODULE_DEPTH = 5
MAX_SUBMODULES = 100
TOO_MANY_SUBMODULES = (
    f"is one submodule too many: the limits are a depth of {MAX_SUBMODULE_DEPTH}, and {MAX_SUBMODULES} submodules"
)
# How many files a commit may have to be packed, those of its submodules included. A few hundred kilobytes of nested
# folders that are all the same stand for millions.
MAX_FILES = 200_000
# Letters of a path with the size and hash of its file, more than usual.
USUAL_PATH = 400

# The name that each platform expects next to a token without a name of its own.
_TOKEN_USERS = {"github": "x-access-token", "gitlab": "oauth2", "bitbucket": "x-token-auth"}
# Tokens of Bitbucket accounts begin with this, unlike those of repositories and workspaces.
_BITBUCKET_API_TOKEN = "ATATT"  # noqa: S105
_BITBUCKET_API_USER = "x-bitbucket-api-token-auth"


@dataclass(frozen=True)
class GitCredential:
    """A token for https. `platform` is github, gitlab, bitbucket or anything else.

    `user_name` is needed for GitLab's deploy tokens, for app passwords, and by other hosts.
    """

    platform: str
    user_name: str
    token: str = field(repr=False)

    @property
    def login(self) -> str:
        if self.user_name:
            return self.user_name
        if self.platform == "bitbucket" and self.token.startswith(_BITBUCKET_API_TOKEN):
            return _BITBUCKET_API_USER
        return _TOKEN_USERS.get(self.platform, "git")


@dataclass(frozen=True)
class SshKey:
    """A private key for ssh, as OpenSSH keeps it in a file."""

    private: str = field(repr=False)


Login = GitCredential | SshKey


@dataclass(frozen=True)
class Commit:
    """A commit. `committed_at` is aware."""

    sha: str
    subject: str
    author: str
    committed_at: datetime


@dataclass(frozen=True)
class Branch:
    name: str
    commit: Commit


class Entry(Protocol):
    """A file of a commit, as far as paths are checked: that of a mirror, or as somebody else keeps it."""

    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> EntryKind: ...
    @property
    def mode(self) -> str: ...
    @property
    def size(self) -> int | None: ...


@dataclass(frozen=True)
class TreeEntry:
    """One file of a commit. `mode` is as git writes it ("100755"), `size` in bytes, None for submodules."""

    path: str
    kind: EntryKind
    mode: str
    object_id: str
    size: int | None


@dataclass(frozen=True)
class Listing:
    """The entries of a commit; only the first ones if it is not `is_whole`."""

    entries: list[TreeEntry]
    is_whole: bool
