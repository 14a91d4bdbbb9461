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

# A sweep asks with as many threads. More would queue at the site, and cost more than they save at one nearby.
CONNECTIONS = 4
# A site keeps idle connections for minutes, a gateway may not. One that it has just closed loses a request.
_KEEPALIVE_SECONDS = 15
# The header that stands for a login that was checked before, as answers name it here.
SESSION = "x-unicore-securitysession"
# An answer of ours is small, or a piece of a file that we have asked for.
_MOST_BYTES = 32 * 1024 * 1024
# Compressed answers could grow without bound; ours are small as they are.
_HEADERS = {"User-Agent": "Mantik", "Accept-Encoding": "identity"}
# Of a request to which nobody answered, whether it arrived or not.
WIRE_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `read` is the longest silence of a site, `answer` the longest time from an answer's first byte on.

    After a job or a file was sent, a site may be silent for `sent`: it has something to do, and giving up costs more.
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
        """Raises ValueError."""
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("nested too deeply") from None


class Pool:
    """Keep-alive connections to one site; safe to share by threads.

    It is what httpx stands on, used directly: a sweep asks about thousands of jobs, and httpx takes twice the time
    for each. No proxies or certificates from the environment, no redirects, no cookies.
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
        """`is_work`: the site has something to do before it answers. Raises one of WIRE_ERRORS."""
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
        if len(content) > _MOST_BYTES:
            raise httpcore.ReadError("The answer is too long.")
    return bytes(content)


def tls_context(ca_bundle: str | Path | None) -> ssl.SSLContext:
    """Trusts the certificates of `ca_bundle` (PEM text, or a file of it) and no others, or those of this machine.

    Raises SiteRefused if it holds no certificate.
    """
    if not ca_bundle:
        return _machine_context()
    try:
        text = ca_bundle.read_text(errors="replace") if isinstance(ca_bundle, Path) else ca_bundle
        return _bundle_context("\n".join(_CERTIFICATE.findall(text)))
    except (OSError, ValueError):
        raise SiteRefused(
            "The CA bundle of this site holds no certificates in PEM form. An operator can correct it.",
            code="refused.ca_bundle",
        ) from None


@lru_cache(maxsize=1)
def _machine_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not _has_certificates(paths.cafile, paths.capath):
        # A slim image has none of its own.
        context.load_verify_locations(certifi.where())
    return context


def _has_certificates(cafile: str | None, capath: str | None) -> bool:
    return cafile is not None or (capath is not None and any(Path(capath).iterdir()))


@lru_cache(maxsize=64)
def _bundle_context(certificates: str) -> ssl.SSLContext:
    if not certificates:
        raise ValueError("no certificate")
    return ssl.create_default_context(cadata=certificates)
