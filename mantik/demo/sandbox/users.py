"""Who may sign in at a local site, and the file that says so."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

Role = Literal["user", "admin", "anonymous"]


class UsersFileError(Exception):
    """The users file cannot be used; the message says why and what to write instead."""


@dataclass(frozen=True)
class SiteUser:
    """One login of a local site. `dn` is the name under which the site knows its owner."""

    login: str
    password: str = field(repr=False)
    dn: str
    role: Role = "user"
    uid: str = "nobody"
    group: str = "users"

    def has_password(self, candidate: str) -> bool:
        return hmac.compare_digest(self.password.encode(), candidate.encode())


ANONYMOUS = SiteUser(login="", password="", dn="CN=ANONYMOUS,O=UNKNOWN,OU=UNKNOWN", role="anonymous", group="N/A")


def generated_users() -> list[SiteUser]:
    """Two ordinary users and an administrator with fresh passwords."""
    names = {"demo": "Demo User", "other": "Other User", "admin": "Site Administrator"}
    return [
        SiteUser(
            login,
            secrets.token_urlsafe(12),
            f"CN={name},O=UNICORE,C=EU",
            "admin" if login == "admin" else "user",
            uid=login,
        )
        for login, name in names.items()
    ]


def read_users(path: Path) -> list[SiteUser]:
    """The users in a JSON file `{"<login>": {"password": ..., "dn": ..., "role": ...}, ...}`.

    Only `password` is required. Raises `UsersFileError`.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsersFileError(f"The users file {path} cannot be read: {error}.") from None
    if not isinstance(entries, dict) or not entries:
        raise UsersFileError(f'The users file {path} must hold an object like {{"demo": {{"password": "..."}}}}.')
    return [_user(login, entry, path) for login, entry in entries.items()]


def _user(login: str, entry: Any, path: Path) -> SiteUser:
    if not isinstance(entry, dict) or not isinstance(entry.get("password"), str) or not entry["password"]:
        raise UsersFileError(f'The user "{login}" in {path} needs a "password" that is a non-empty text.')
    role = entry.get("role", "user")
    if role not in {"user", "admin"}:
        raise UsersFileError(f'The user "{login}" in {path} has the role "{role}"; use "user" or "admin".')
    return SiteUser(
        login=login,
        password=entry["password"],
        dn=str(entry.get("dn", f"CN={login},O=Mantik,C=EU")),
        role=cast(Role, role),
        uid=str(entry.get("uid", login)),
        group=str(entry.get("group", "users")),
    )


def write_users(path: Path, users: Iterable[SiteUser]) -> None:
    """Write a users file that only its owner can read."""
    entries = {
        user.login: {
            "password": user.password,
            "dn": user.dn,
            "role": user.role,
            "uid": user.uid,
            "group": user.group,
        }
        for user in users
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=2)
