"""Who is asking: passwords, tokens and security sessions."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from mantik.demo.sandbox.bearers import Bearer, Bearers
from mantik.demo.sandbox.http_server import Request
from mantik.demo.sandbox.users import ANONYMOUS, SiteUser

SESSION_HEADER = "X-UNICORE-SecuritySession"
_LIFETIME_HEADER = "X-UNICORE-SecuritySession-Lifetime"
UNKNOWN_SESSION = 432
_LIFETIME_SECONDS = 8 * 3600.0


class NotAdmitted(Exception):
    """The request ends here with `status` and an empty body."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Session:
    """A login that is remembered. `method` and `may_renew` are as in `Bearer`; `expires_at` is by time.monotonic."""

    id: str
    user: SiteUser
    client: str
    expires_at: float
    method: str = "PASSWORD_FILE"
    may_renew: bool = True

    def headers(self) -> dict[str, str]:
        left = max(0, int((self.expires_at - time.monotonic()) * 1000))
        return {SESSION_HEADER: self.id, _LIFETIME_HEADER: str(left)}


class Gate:
    """Sessions live in memory only: after a restart of the site, nobody has one."""

    def __init__(
        self,
        users: Iterable[SiteUser],
        *,
        sessions_per_user: int,
        bearers: Bearers | None = None,
        lifetime_seconds: float = _LIFETIME_SECONDS,
    ) -> None:
        self._users = {user.login: user for user in users}
        self._bearers = bearers
        self._sessions_per_user = sessions_per_user
        self._lifetime = lifetime_seconds
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def admit(self, request: Request) -> Session:
        """The session of a request: the one it names, or a new one by its password or token. Raises `NotAdmitted`.

        A session counts instead of a login; a request with neither is anonymous.
        """
        named = request.headers.get(SESSION_HEADER.lower())
        if named:
            return self._known(named)
        return self._open(self._who(request.headers.get("authorization", "")), request.client)

    def _known(self, session_id: str) -> Session:
        with self._lock:
            session = self._sessions.get(session_id)
            if session and session.expires_at > time.monotonic():
                return session
            self._sessions.pop(session_id, None)
        raise NotAdmitted(UNKNOWN_SESSION)

    def _open(self, who: Bearer, client: str) -> Session:
        user = who.user
        ends = time.monotonic() + self._lifetime
        session = Session(str(uuid.uuid4()), user, client, ends, who.method, who.may_renew)
        with self._lock:
            own = sum(s.user.dn == user.dn and s.client == client for s in self._sessions.values())
            if own >= self._sessions_per_user:
                del self._sessions[self._oldest(user)]
            self._sessions[session.id] = session
        return session

    def _oldest(self, user: SiteUser) -> str:
        """Of all, whoever's it is: this is what UNICORE does. But nobody has to sign in for an anonymous one, so those
        end none of anybody else."""
        is_anonymous = user is ANONYMOUS
        return next(key for key, known in self._sessions.items() if not is_anonymous or known.user is ANONYMOUS)

    def _who(self, authorization: str) -> Bearer:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            found = self._bearers.who(credentials) if self._bearers else None
            if found is None:
                raise NotAdmitted(403)
            return found
        if scheme.lower() != "basic":
            return Bearer(ANONYMOUS, "")
        return Bearer(self._user(credentials), "PASSWORD_FILE")

    def _user(self, credentials: str) -> SiteUser:
        try:
            login, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise NotAdmitted(403) from None
        user = self._users.get(login)
        # Compared even for nobody, so that the time taken does not tell which logins exist.
        expected = user or SiteUser("", secrets.token_urlsafe(12), "")
        if not expected.has_password(password) or user is None:
            raise NotAdmitted(403)
        return user
