"""The pooled HTTP of a site: verified, bounded in time and size, following nothing."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import certifi
import httpcore

from connections.unicore.errors import SiteRefused
from connections.unicore.whole_answers import WholeAnswers

# Also the number of threads with which a sweep asks. More would queue at the site, and cost more than they save if the
# site is near.
CONNECTIONS = 4
# A site keeps idle connections for minutes, but a gateway may not, and a request on a closed connection is lost.
_KEEPALIVE_SECONDS = 15
# The header of an answer with the id of the security session, which stands for a login that was checked before.
SESSION = "x-unicore-securitysession"
# The answers that we ask for are small, or pieces of files of a size that we name.
_MAX_BYTES = 32 * 1024 * 1024
# No compression: a compressed answer could unpack to any size.
_HEADERS = {"User-Agent": "Mantik", "Accept-Encoding": "identity"}
# The errors of a request without an answer, whether or not it arrived.
WIRE_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `read` is the longest silence of a site, `answer` the longest time from an answer's first byte on.

    `sent` takes the place of `read` after a job or a file was sent: the site has more to do, and giving up costs more.
    """

    connect: float = 10
    read: float = 20
    sent: float = 60
    write: float = 60
    pool: float = 60
    answer: float = 60


@dataclass(frozen=True)
class Answer:
    """What a site answered, read to its end. `headers` has lower-case names."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The content as JSON. Raises ValueError."""
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class Pool:
    """Keep-alive connections to one site; safe to share by threads.

    It uses httpcore, on which httpx is built: a sweep asks about thousands of jobs, and httpx takes twice the time for
    each. There are no proxies or certificates from the environment, no redirects and no cookies.
    """

    def __init__(self, *, verify: ssl.SSLContext, timeouts: Timeouts) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_SECONDS,
            network_backend=WholeAnswers(timeouts.answer),
        )
        usual = {name: getattr(timeouts, name) for name in ("connect", "read", "write", "pool")}
        self._extensions = {"timeout": usual}
        self._after_sending = {"timeout": {**usual, "read": timeouts.sent}}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | Iterator[bytes] | None = None,
        is_work: bool = False,
    ) -> Answer:
        """Send a request and read the answer to its end. `is_work`: a job or a file is sent (`Timeouts.sent`).

        Raises one of WIRE_ERRORS.
        """
        raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in {**_HEADERS, **headers}.items()]
        extensions = self._after_sending if is_work else self._extensions
        with self._pool.stream(method, url, headers=raw, content=content, extensions=extensions) as response:
            body = _read(response.iter_stream())
        names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(response.status, names, body)


def _read(pieces: Iterable[bytes]) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > _MAX_BYTES:
            raise httpcore.ReadError("The answer is too long.")
    return bytes(content)


def tls_context(ca_bundle: str | Path | None) -> ssl.SSLContext:
    """A context that trusts the certificates of `ca_bundle` and no others; without one, those of this machine.

    `ca_bundle` is PEM text, or a file of it. Raises SiteRefused if it holds no certificate.
    """
    if not ca_bundle:
        return _machine_context()
    try:
        text = ca_bundle.read_text(errors="replace") if isinstance(ca_bundle, Path) else ca_bundle
        return _bundle_context("\n".join(_CERTIFICATE.findall(text)))
    except (OSError, ValueError):
        raise SiteRefused(
            "The CA bundle of this site holds no certificates in PEM format. An operator can correct it.",
            code="refused.ca_bundle",
        ) from None


@lru_cache(maxsize=1)
def _machine_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not _has_certificates(paths.cafile, paths.capath):
        # A slim container image has no certificates of its own.
        context.load_verify_locations(certifi.where())
    return context


def _has_certificates(cafile: str | None, capath: str | None) -> bool:
    return cafile is not None or (capath is not None and any(Path(capath).iterdir()))


@lru_cache(maxsize=64)
def _bundle_context(certificates: str) -> ssl.SSLContext:
    if not certificates:
        raise ValueError("no certificate")
    return ssl.create_default_context(cadata=certificates)
