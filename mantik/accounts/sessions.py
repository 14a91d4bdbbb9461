"""SESSION_ENGINE: sessions in the database that are useless to somebody who can read the database.

The browser's cookie has the key; the row has a keyed hash of it, and the content is encrypted. Both depend on
MANTIK_SECRET_KEY, so a new one signs everybody out. A row also says whose session it is and from where, so that people
can see and end their sessions.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from mantik.accounts.models import Session

_CLIENT = "client"
_AGENT_LENGTH = 200
# "Last used" is stored at most this often, so that a page costs no write.
SEEN_EVERY_SECONDS = 15 * 60


class SessionStore(DatabaseSessionStore):
    """Gives out a session under its key, and stores it under the hash of the key."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        found: type[Session] = apps.get_model("accounts", "Session")
        return found

    def _get_session_from_db(self) -> Session | None:
        found = None
        if self.session_key:
            now = timezone.now()
            found = (
                self.get_model_class()
                .objects.filter(session_key=row_key(self.session_key), expire_date__gt=now)
                .first()
            )
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str | None) -> bool:
        return bool(session_key) and super().exists(row_key(session_key or ""))

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            self.model.objects.filter(session_key=row_key(key)).delete()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = self.get_model_class()(session_data=self.encode(data), expire_date=self.get_expiry_date())
        row.session_key = row_key(self._get_or_create_session_key())  # type: ignore[attr-defined]
        # A save writes the whole row, so what must stay is made from the key or held in the session.
        row.uuid = UUID(row.session_key[:32])
        row.user_id = data.get(SESSION_KEY)
        client = data.get(_CLIENT, {})
        row.ip, row.user_agent = client.get("ip"), client.get("agent", "")
        if "since" in client:
            row.created_at, row.seen_at = _moment(client["since"]), _moment(client["at"])
        return row

    def encode(self, session_dict: dict[str, Any]) -> str:
        return _fernet().encrypt(json.dumps(session_dict).encode()).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """The content; empty if it was written with another secret key."""
        try:
            held: dict[str, Any] = json.loads(_fernet().decrypt(session_data))
        except InvalidToken:
            return {}
        return held


def row_key(session_key: str) -> str:
    """The key of a session's row: 40 hexadecimal digits."""
    return salted_hmac("mantik.sessions.key", session_key, algorithm="sha256").hexdigest()[:40]


def note_client(request: HttpRequest, *, ip: str | None) -> None:
    """Store when a session began, and from where and in which browser it was last used."""
    now = int(timezone.now().timestamp())
    request.session[_CLIENT] = {
        "since": request.session.get(_CLIENT, {}).get("since", now),
        "at": now,
        "ip": ip,
        "agent": request.META.get("HTTP_USER_AGENT", "")[:_AGENT_LENGTH],
    }


def was_noted_long_ago(request: HttpRequest) -> bool:
    """Whether "last used" is due to be stored again. False for a session that began without a browser."""
    at = request.session.get(_CLIENT, {}).get("at")
    return at is not None and bool(timezone.now().timestamp() - at > SEEN_EVERY_SECONDS)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _fernet() -> Fernet:
    key = salted_hmac("mantik.sessions.content", "", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
