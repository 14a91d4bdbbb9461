"""Who is asking: passwords and security sessions."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from connections.sandbox.http import Request
from connections.sandbox.users import ANONYMOUS, SiteUser

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
    """A login that is remembered. `expires_at` is by time.monotonic."""

    id: str
    user: SiteUser
    client: str
    expires_at: float

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
        lifetime_seconds: float = _LIFETIME_SECONDS,
    ) -> None:
        self._users = {user.login: user for user in users}
        self._sessions_per_user = sessions_per_user
        self._lifetime = lifetime_seconds
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def admit(self, request: Request) -> Session:
        """The session of a request: the one it names, or a new one by its password. Raises `NotAdmitted`.

        A session counts instead of a password; a request with neither is anonymous.
        """
        named = request.headers.get(SESSION_HEADER.lower())
        if named:
            return self._known(named)
        return self._open(self._user(request.headers.get("authorization", "")), request.client)

    def forget_sessions(self) -> None:
        """What a restart of the site does to its clients."""
        with self._lock:
            self._sessions.clear()

    def _known(self, session_id: str) -> Session:
        with self._lock:
            session = self._sessions.get(session_id)
            if session and session.expires_at > time.monotonic():
                return session
            self._sessions.pop(session_id, None)
        raise NotAdmitted(UNKNOWN_SESSION)

    def _open(self, user: SiteUser, client: str) -> Session:
        session = Session(str(uuid.uuid4()), user, client, time.monotonic() + self._lifetime)
        with self._lock:
            own = sum(s.user.dn == user.dn and s.client == client for s in self._sessions.values())
            if own >= self._sessions_per_user:
                # The oldest of all, whoever's it is: this is what UNICORE does.
                del self._sessions[next(iter(self._sessions))]
            self._sessions[session.id] = session
        return session

    def _user(self, authorization: str) -> SiteUser:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return ANONYMOUS
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
