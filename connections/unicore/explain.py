"""From what happened on the wire to one of the three kinds of errors, in plain words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpcore

from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from connections.unicore.pool import SESSION, Answer
from connections.unicore.wording import clean, quoted, redact
from mantik.lib.outbound import AddressRefused

_NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout)
# With these, a gateway says that the server behind it does not answer.
_BEHIND_GATEWAY = {502, 504}
# Characters. A site may answer with a whole stack trace.
_MAX_WORDS = 500


@dataclass(frozen=True)
class Call:
    """One request. `is_submission`: it makes a job, so sending it twice makes two. `is_upload`: its body is a file.

    `about_job`: a 404 means that the job is gone.
    """

    method: str
    url: str
    is_submission: bool = False
    is_upload: bool = False
    about_job: bool = False

    @property
    def is_work(self) -> bool:
        """Whether a job or a file is sent, which the site has to store before it answers."""
        return self.is_submission or self.is_upload

    @property
    def may_be_repeated(self) -> bool:
        """Whether the same call may send it twice: not a second job, and not a large file again unasked."""
        return not self.is_work


@dataclass(frozen=True)
class Explainer:
    """Makes errors of what a site answers, or of its silence. Every sentence names the site as `host`.

    `refused` is the sentence for a login that the site does not accept.
    """

    host: str
    refused: str

    def error_of(self, error: Exception, call: Call) -> SiteError:
        """The error of a request without an answer: `error` is what the pool raised."""
        if isinstance(error, httpcore.PoolTimeout):
            return SiteUnavailable(
                f"Mantik is already waiting for as many answers from {self.host} as it may.", code="unavailable.pool"
            )
        if isinstance(error, _NOT_SENT):
            return self._unreachable(error)
        if call.is_submission:
            return SiteOutcomeUnknown(
                f"{self.host} did not answer when the job was sent, so Mantik does not know yet whether the site has "
                "the job.",
                code="unknown.answer",
            )
        if isinstance(error, httpcore.TimeoutException):
            return SiteUnavailable(f"{self.host} took too long to answer.", code="unavailable.timeout")
        return SiteUnavailable(f"{self.host} closed the connection before it answered.", code="unavailable.connection")

    def error_in(self, response: Answer, call: Call) -> SiteError | None:
        """The error that an answer stands for; None for a good one."""
        status = response.status_code
        if status < 300:
            return None
        words = site_words(response)
        if status == 503 and words:
            return SiteUnavailable(
                f"{self.host} accepts no requests at the moment.{quoted(words)}",
                code="unavailable.maintenance",
                site_words=words,
            )
        if status >= 500:
            return self._broken(response, call, words)
        if status == 403 and SESSION in response.headers:
            return self._forbidden(words)
        return self._refused(status, call, words, is_page=_is_page(response))

    def _broken(self, response: Answer, call: Call, words: str | None) -> SiteError:
        if words and "Limit of" in words and "has been reached" in words:
            return SiteUnavailable(
                f"{self.host} already holds as many jobs of this login as it allows. Delete old jobs there, or "
                f"wait until they expire.{quoted(words)}",
                code="unavailable.quota",
                site_words=words,
            )
        if call.is_submission and words and "JSONException" in words:
            return SiteRefused(
                f"{self.host} cannot read the job description.{quoted(words)} Tell an operator.",
                code="refused.description",
                site_words=words,
            )
        if call.is_submission:
            return SiteOutcomeUnknown(
                f"{self.host} failed while accepting the job, so Mantik does not know yet whether the site has the "
                f"job.{quoted(words)}",
                code="unknown.error",
                site_words=words,
            )
        if _is_page(response) or response.status_code in _BEHIND_GATEWAY:
            return SiteUnavailable(
                f"The gateway of {self.host} answers, but not the site behind it.", code="unavailable.gateway"
            )
        return SiteUnavailable(
            f"{self.host} had an internal error.{quoted(words)}", code="unavailable.error", site_words=words
        )

    def _forbidden(self, words: str | None) -> SiteError:
        """The site accepts the login (it gives no session to one that it refuses), but not this request of it."""
        return SiteRefused(
            f"{self.host} knows the login of this connection, but the login is not allowed to make this request."
            f"{quoted(words)} Ask the site's support.",
            code="refused.forbidden",
            site_words=words,
        )

    def _refused(self, status: int, call: Call, words: str | None, *, is_page: bool) -> SiteError:
        if status == 403 and not words:
            return SiteRefused(self.refused, code="refused.credentials")
        if status == 401 and words and "targetsystem" in words:
            # A server that has just been started accepts logins before it accepts jobs.
            return SiteUnavailable(
                f"{self.host} is still starting up.{quoted(words)}", code="unavailable.starting", site_words=words
            )
        if status == 432:
            return SiteUnavailable(
                f"{self.host} keeps ending Mantik's session. If this goes on, tell an operator.",
                code="unavailable.session",
            )
        if status == 404 and call.about_job and not is_page:
            gone = f"{self.host} does not know this job. It was deleted there, or has expired."
            return JobGone(gone, site_words=words)
        if status in {404, 405} or 300 <= status < 400:
            return self._not_there(is_page)
        if status in {408, 425, 429}:
            return SiteUnavailable(f"{self.host} is too busy at the moment.{quoted(words)}", code="unavailable.busy")
        return SiteRefused(
            f"{self.host} refuses this request.{quoted(words)}"
            if words
            else f"{self.host} refuses this request with the HTTP status {status} and gives no reason. Tell an "
            "operator.",
            code="refused.forbidden" if status in {401, 403} else "refused.request",
            site_words=words,
        )

    def _not_there(self, is_page: bool) -> SiteError:
        if is_page:
            return SiteUnavailable(
                f"Only a web page came from {self.host}. The site may be down behind its gateway, or its REST base "
                "URL is wrong, which an operator can correct.",
                code="unavailable.gateway",
            )
        return SiteRefused(
            f"There is no UNICORE site at this address of {self.host}. An operator can correct its REST base URL.",
            code="refused.base_url",
        )

    def _unreachable(self, error: Exception) -> SiteError:
        causes = list(causes_of(error))
        if refused := next((cause for cause in causes if isinstance(cause, AddressRefused)), None):
            return SiteRefused(str(refused), code="refused.address")
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return SiteUnavailable(
                f"The certificate of {self.host} could not be verified, so nothing was sent. An operator can give "
                "the site a CA bundle.",
                code="unavailable.certificate",
            )
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return SiteUnavailable(
                f"{self.host} does not offer a working TLS connection, so nothing was sent.", code="unavailable.tls"
            )
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return SiteUnavailable(f"The name {self.host} cannot be found.", code="unavailable.name")
        return SiteUnavailable(f"{self.host} cannot be reached.", code="unavailable.connection")


def not_unicore(host: str) -> SiteUnavailable:
    """The error of an answer that has a good status, but is not what UNICORE says."""
    return SiteUnavailable(
        f"The server at {host} is not a UNICORE site. Its REST base URL may be wrong, which an operator can correct.",
        code="unavailable.answer",
    )


def site_words(response: Answer) -> str | None:
    """The `errorMessage` of an answer, without secrets; None if it has none."""
    try:
        document: Any = response.json()
    except ValueError:
        return None
    words = document.get("errorMessage") if isinstance(document, dict) else None
    return clean(redact(words), limit=_MAX_WORDS) or None if isinstance(words, str) else None


def _is_page(response: Answer) -> bool:
    """Whether the answer is a web page: from a gateway or a proxy, because UNICORE never answers with one."""
    return "html" in response.headers.get("content-type", "").lower()


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """`error`, its cause, the cause of that, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
