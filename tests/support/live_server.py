"""The live server, which a test leaves only when nothing is asked of it any more.

A page that follows a run asks again every few seconds. Such a request, still under way when the test's tables are
emptied, holds locks on some of them: PostgreSQL ends one of the two as a deadlock, and rows stay for the next test.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import LiveServerThread

PATIENCE = 20.0
_open: set[Any] = set()
_changed = threading.Condition()


class _CountingServer(ThreadedWSGIServer):
    """Knows its connections, from the moment each is accepted until what was asked over it is answered."""

    def process_request(self, request: Any, client_address: Any) -> None:
        with _changed:
            _open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with _changed:
                _open.discard(request)
                _changed.notify_all()


@pytest.fixture(scope="session", autouse=True)
def _live_server_counts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveServerThread, "server_class", _CountingServer)
        yield


def connections_now() -> frozenset[Any]:
    with _changed:
        return frozenset(_open)


def wait_for_answers(*, besides: frozenset[Any]) -> None:
    """Until each connection but `besides` has ended. To be called when their clients are gone."""
    until = time.monotonic() + PATIENCE
    with _changed:
        while left := _open - besides:
            if not _changed.wait(until - time.monotonic()):
                raise TimeoutError(
                    f"{len(left)} connections of this test were still being answered after {PATIENCE:g} s."
                )
