"""A test's tables are emptied only when what its pages asked for is answered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from django.core.signals import request_started
from pytest_django.live_server_helper import LiveServer

from tests.support import live_server as counted


@pytest.fixture
def held() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Whether a request of the live server has begun, and what lets it go on."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(**_: object) -> None:
        begun.set()
        go_on.wait(counted.PATIENCE)

    request_started.connect(hold)
    yield begun, go_on
    go_on.set()
    request_started.disconnect(hold)


def test_leaving_waits_for_an_answer_that_nobody_reads(
    live_server: LiveServer, held: tuple[threading.Event, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = held
    before = counted.connections_now()
    with socket.create_connection((live_server.thread.host, live_server.thread.port)) as asking:
        asking.sendall(b"GET /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert begun.wait(counted.PATIENCE)

    with monkeypatch.context() as patch:
        patch.setattr(counted, "PATIENCE", 0.1)
        with pytest.raises(TimeoutError, match="1 connections of this test"):
            counted.wait_for_answers(besides=before)

    go_on.set()
    counted.wait_for_answers(besides=before)

    assert counted.connections_now() == before
