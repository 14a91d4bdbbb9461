"""What a mirror answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

EntryKind = Literal["file", "link", "submodule"]

# The account name that each host expects next to a token. Others take the name that belongs to the token.
_TOKEN_USERS = {"github": "x-access-token", "gitlab": "oauth2", "bitbucket": "x-token-auth"}


@dataclass(frozen=True)
class GitCredential:
    """A token for https. `platform` is github, gitlab, bitbucket or anything else."""

    platform: str
    user_name: str
    token: str = field(repr=False)

    @property
    def login(self) -> str:
        return _TOKEN_USERS.get(self.platform) or self.user_name or "git"


@dataclass(frozen=True)
class Commit:
    """`committed_at` is aware."""

    sha: str
    subject: str
    author: str
    committed_at: datetime


@dataclass(frozen=True)
class Branch:
    name: str
    commit: Commit


@dataclass(frozen=True)
class TreeEntry:
    """One file of a commit. `mode` as git writes it ("100755"); `size` in bytes, None for submodules."""

    path: str
    kind: EntryKind
    mode: str
    object_id: str
    size: int | None
