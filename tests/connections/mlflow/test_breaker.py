"""A silent MLflow, and what it costs pages: one short wait now and then, and never many at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest
from django.http import HttpRequest, HttpResponse

from connections.mlflow import breaker
from connections.mlflow.breaker import MOST_WAITING, PAUSE_SECONDS, Breaker, breaker_of
from connections.mlflow.errors import SILENT, TrackingRefused, TrackingSilent, TrackingUnavailable
from connections.mlflow.tracking import TrackingClient
from mantik.lib import patience
from mantik.lib.patience import PatienceMiddleware, is_page
from tests.connections.mlflow.scripted import scripted_server
from tests.support.silent_host import SilentHost

RUN = "1f" * 16


def as_page(do: Callable[[], object]) -> str:
    """What a page that does so says."""

    def view(_request: HttpRequest) -> HttpResponse:
        try:
            return HttpResponse(str(do()))
        except TrackingUnavailable as error:
            return HttpResponse(error.message)

    return PatienceMiddleware(view)(HttpRequest()).content.decode()


@pytest.fixture(autouse=True)
def _pages_wait_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAGE_SECONDS", 0.5)
    monkeypatch.setattr(breaker, "ENOUGH_SECONDS", 0.25)


@pytest.fixture
def host() -> Iterator[SilentHost]:
    with closing(SilentHost()) as silent:
        yield silent


def asking(host: SilentHost) -> Callable[[], object]:
    client = TrackingClient(uri=host.origin)
    return lambda: client.run_data(RUN)


def test_only_the_first_page_waits_for_it(host: SilentHost) -> None:
    ask = asking(host)
    assert [as_page(ask) for _ in range(3)] == [SILENT] * 3
    host.await_visits(1)
    # Nor does a page that another client of the process is asked for.
    assert as_page(asking(host)) == SILENT
    host.await_visits(1)


def test_a_page_waits_no_longer_for_a_handshake(host: SilentHost) -> None:
    client = TrackingClient(uri=host.origin.replace("http:", "https:"))
    begin = time.monotonic()
    assert as_page(lambda: client.run_data(RUN)) == SILENT
    assert time.monotonic() - begin < 2


def test_few_wait_for_it_at_once(host: SilentHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAGE_SECONDS", 60.0)
    monkeypatch.setattr(breaker, "SHORT_SECONDS", 0.0)
    ask = asking(host)
    with ThreadPoolExecutor(MOST_WAITING) as pool:
        waiting = [pool.submit(as_page, ask) for _ in range(MOST_WAITING)]
        host.await_visits(MOST_WAITING)
        assert as_page(ask) == SILENT
        host.await_visits(MOST_WAITING)
        # The first question is repeated once, because the connection may have been an idle one.
        host.close()
        assert all(one.result() != SILENT for one in waiting)


def test_an_answer_that_comes_byte_by_byte_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them comes in time. It is the whole that does not."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server, stop))
        thread.start()
        client = TrackingClient(uri=f"http://127.0.0.1:{server.getsockname()[1]}")
        said = as_page(lambda: client.run_data(RUN))
        stop.set()
        thread.join()
    assert said == SILENT


def _drip(server: socket.socket, stop: threading.Event) -> None:
    client, _ = server.accept()
    with client, suppress(OSError):
        client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stop.wait(0.05):
            client.sendall(b"x")


def test_workers_ask_it_however_silent_it_is_for_pages(host: SilentHost) -> None:
    assert as_page(asking(host)) == SILENT
    assert not is_page()
    with breaker_of(host.origin).asking():
        pass


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ours(clock: Clock) -> Breaker:
    return Breaker(clock=clock)


def silence(ours: Breaker, clock: Clock, *, seconds: float = 2.0) -> str:
    def do() -> None:
        with ours.asking():
            clock.now += seconds
            raise TrackingSilent("no answer")

    return as_page(do)


def answer(ours: Breaker) -> str:
    def do() -> str:
        with ours.asking():
            return "answered"

    return as_page(do)


def test_after_a_pause_one_page_asks_and_an_answer_ends_the_silence(ours: Breaker, clock: Clock) -> None:
    silence(ours, clock)
    assert answer(ours) == SILENT
    clock.now += PAUSE_SECONDS
    assert (answer(ours), answer(ours)) == ("answered", "answered")


def test_while_one_asks_whether_it_is_back_the_others_do_not(ours: Breaker, clock: Clock) -> None:
    silence(ours, clock)
    clock.now += PAUSE_SECONDS

    def probe() -> str:
        with ours.asking():
            return answer(ours)

    assert as_page(probe) == SILENT


def test_no_answer_within_little_time_says_nothing(ours: Breaker, clock: Clock) -> None:
    """To a page that had spent its time on answers."""
    assert silence(ours, clock, seconds=0.1) == SILENT
    assert answer(ours) == "answered"


def test_a_refusal_is_an_answer(ours: Breaker, clock: Clock) -> None:
    silence(ours, clock)
    clock.now += PAUSE_SECONDS

    def refused() -> None:
        with ours.asking():
            raise TrackingRefused("no")

    with pytest.raises(TrackingRefused):
        as_page(refused)
    assert answer(ours) == "answered"


def test_all_questions_of_a_page_share_its_time() -> None:
    """MLflow answers each of them in time, and the page is late all the same."""
    with scripted_server() as scripted:
        scripted.body = b'{"files": []}'
        scripted.delay = 0.1
        client = TrackingClient(uri=scripted.uri)
        as_page(lambda: [client.artifacts("x") for _ in range(20)])
        assert 1 <= len(scripted.seen) < 10
        assert as_page(lambda: client.artifacts("x")) == "[]"
