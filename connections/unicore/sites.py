"""This process's clients: one per connection, with its pool and its security session."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from django.conf import settings

from connections.unicore.address import site_urls
from connections.unicore.client import SiteClient
from connections.unicore.credentials import SiteCredential
from connections.unicore.explain import Explainer
from connections.unicore.pool import Pool, Timeouts, tls_context
from connections.unicore.transport import PooledTransport

# A process keeps the clients that it used last. For a connection whose client it dropped, it signs in again.
_MAX_CLIENTS = 256


@dataclass(frozen=True)
class _Terms:
    """What a client was made from; another secret or CA bundle makes another client."""

    base_url: str
    credential: SiteCredential = field(repr=False)
    ca_bundle: str | None


_clients: OrderedDict[tuple[int, str], tuple[_Terms, SiteClient]] = OrderedDict()
_lock = threading.Lock()


def open_site(
    *,
    key: str,
    base_url: str,
    credential: SiteCredential,
    ca_bundle: str | None,
    timeouts: Timeouts | None = None,
) -> SiteClient:
    """The client that is kept under `key`; a new one if there is none, or if its terms have changed.

    Nothing is sent. Raises SiteRefused for a base URL or a CA bundle that cannot be used.
    """
    terms = _Terms(base_url, credential, ca_bundle)
    # A forked process must not write on its parent's connections.
    place = (os.getpid(), key)
    with _lock:
        known = _clients.get(place)
        if known is None or known[0] != terms:
            # The old client may be in use in another thread; it is freed when that thread is done.
            _clients[place] = (terms, make_client(base_url, credential, ca_bundle, timeouts=timeouts))
        _clients.move_to_end(place)
        while len(_clients) > _MAX_CLIENTS:
            _clients.popitem(last=False)
        return _clients[place][1]


def make_client(
    base_url: str, credential: SiteCredential, ca_bundle: str | None, *, timeouts: Timeouts | None = None
) -> SiteClient:
    """A new client, with a pool and a session of its own."""
    urls = site_urls(base_url)
    timeouts = timeouts or Timeouts(
        connect=settings.MANTIK_SITE_CONNECT_TIMEOUT,
        read=settings.MANTIK_SITE_READ_TIMEOUT,
        sent=settings.MANTIK_SITE_SEND_TIMEOUT,
    )
    transport = PooledTransport(
        credential,
        pool=Pool(verify=tls_context(ca_bundle), timeouts=timeouts),
        explainer=Explainer(urls.host, refused=credential.when_refused(urls.host)),
    )
    return SiteClient(urls=urls, transport=transport)
