"""pyunicore's transport on one pool and one security session, with our three kinds of errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from json import dumps
from typing import Any
from urllib.parse import urlencode

import httpcore
from pyunicore.client import Transport
from pyunicore.credentials import Credential

from connections.unicore.explain import Call, Explainer
from connections.unicore.pool import SESSION, WIRE_ERRORS, Answer, Pool

_SESSION_SENT = "X-UNICORE-SecuritySession"
# The HTTP status of a request whose session the site does not know any more.
_SESSION_ENDED = 432
# A site keeps what a login may do with its session, so that a login which was given more rights since has to sign in
# again. The session that comes with such a refusal is therefore not used.
_NOT_ALLOWED = frozenset({401, 403})
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
Content = Callable[[], Iterator[bytes]]


class PooledTransport(Transport):  # type: ignore[misc]
    """A transport for all requests of one client. Safe to share by threads. Raises SiteError and nothing else.

    pyunicore's own transport opens a connection per request, trusts any certificate, and gives each resource a session
    of its own, of which a site keeps five per user. Mantik uses none of pyunicore's resources; if one is made with this
    transport, its requests go through it, too.
    """

    def __init__(self, credential: Credential, *, pool: Pool, explainer: Explainer) -> None:
        super().__init__(credential, verify=True)
        self.last_session_id: str | None = None
        self._pool = pool
        self._explainer = explainer
        self._sign_in = threading.Lock()

    def _clone(self) -> PooledTransport:
        return self

    def run_method(self, method: Callable[..., Any], **args: Any) -> Answer:
        """Called by pyunicore with one of httpx's functions, of which only the name is used."""
        return self.request(Call(method.__name__.upper(), args.pop("url")), **args)

    def request(
        self,
        call: Call,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: Content | None = None,
    ) -> Answer:
        """The answer to `call`. `content` makes the body; it is called again if the request has to be repeated."""
        url = f"{call.url}?{urlencode(params)}" if params else call.url
        sending = _Sending(call, url, dict(headers or {}), _body(json) if content is None else content)
        answer = self._answer_to(sending)
        if error := self._explainer.error_in(answer, call):
            raise error
        # A resource of pyunicore keeps what it has read only while this is False.
        self.settings_changed = False
        return answer

    def _answer_to(self, sending: _Sending) -> Answer:
        if answer := self._in_session(sending):
            return answer
        # One thread at a time: if many signed in at once, each would get a session, and the site would drop the oldest.
        # Those that waited use the session of the first.
        with self._sign_in:
            return self._in_session(sending) or self._ask(sending, None)

    def _in_session(self, sending: _Sending) -> Answer | None:
        """The answer within the present session. None if there is none, or if it has ended.

        Then the site has done nothing, so that any request can be repeated.
        """
        session = self.last_session_id
        if session is None:
            return None
        answer = self._ask(sending, session)
        return None if answer.status_code == _SESSION_ENDED else answer

    def _ask(self, sending: _Sending, session: str | None) -> Answer:
        answer = self._send(sending, self._headers_for(sending, session))
        self._note_session(answer, session)
        if answer.status_code == 500 and sending.call.method == "GET":
            # Once more: a site may not find at once what it has just accepted, or fail over what is being deleted.
            session = answer.headers.get(SESSION, session)
            answer = self._send(sending, self._headers_for(sending, session))
            self._note_session(answer, session)
        return answer

    def _note_session(self, answer: Answer, sent: str | None) -> None:
        """Keep the session that the answer names, or forget the one that was `sent` if it has ended.

        Most errors name one, too, which is as good as any. Another thread may have replaced the one that was sent.
        """
        given = answer.headers.get(SESSION)
        if answer.status_code == _SESSION_ENDED:
            if self.last_session_id == sent:
                self.last_session_id = None
        elif given and given != sent and answer.status_code not in _NOT_ALLOWED:
            self.last_session_id = given

    def _headers_for(self, sending: _Sending, session: str | None) -> dict[str, str]:
        """The headers to send. The login is sent, and an access token fetched, only if there is no session."""
        return {**_JSON, **self._who(session), **sending.headers}

    def _who(self, session: str | None) -> dict[str, str]:
        if session is not None:
            return {_SESSION_SENT: session}
        login = self.credential.get_auth_header()
        return {"Authorization": login} if login else {}

    def _send(self, sending: _Sending, headers: Mapping[str, str]) -> Answer:
        try:
            return sending.through(self._pool, headers)
        except WIRE_ERRORS as error:
            if sending.call.may_be_repeated and not isinstance(error, httpcore.TimeoutException):
                # Most likely the site has just closed an idle connection.
                return self._second_try(sending, headers)
            raise self._explainer.error_of(error, sending.call) from None

    def _second_try(self, sending: _Sending, headers: Mapping[str, str]) -> Answer:
        try:
            return sending.through(self._pool, headers)
        except WIRE_ERRORS as error:
            raise self._explainer.error_of(error, sending.call) from None


class _Sending:
    """One request, which may be sent several times."""

    def __init__(self, call: Call, url: str, headers: dict[str, str], content: Content | bytes | None) -> None:
        self.call = call
        self.headers = headers
        self._url = url
        self._content = content

    def through(self, pool: Pool, headers: Mapping[str, str]) -> Answer:
        content = self._content() if callable(self._content) else self._content
        return pool.send(self.call.method, self._url, headers=headers, content=content, is_work=self.call.is_work)


def _body(document: Any) -> bytes | None:
    if document is None:
        return None
    return dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
