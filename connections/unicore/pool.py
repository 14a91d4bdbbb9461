"""The pooled HTTP client of a site: verified, bounded in time, following nothing."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import certifi
import httpx

from connections.unicore.errors import SiteRefused

# A sweep asks with as many threads; more would only queue at the site.
CONNECTIONS = 8
# A site keeps idle connections for minutes, a gateway may not. One that it has just closed loses a request.
_KEEPALIVE_SECONDS = 15
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `read` is the longest silence of a site, `answer` the longest time for a whole answer's body."""

    connect: float = 10
    read: float = 60
    write: float = 60
    pool: float = 60
    answer: float = 300


def open_pool(
    *, verify: ssl.SSLContext, timeouts: Timeouts, mounts: Mapping[str, httpx.BaseTransport] | None = None
) -> httpx.Client:
    """A client safe to share by threads. No proxies or certificates from the environment, no redirects."""
    return httpx.Client(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(connect=timeouts.connect, read=timeouts.read, write=timeouts.write, pool=timeouts.pool),
        limits=httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_SECONDS,
        ),
        # Compressed answers could grow without bound; ours are small as they are.
        headers={"User-Agent": "Mantik", "Accept-Encoding": "identity"},
        mounts=mounts,
    )


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
