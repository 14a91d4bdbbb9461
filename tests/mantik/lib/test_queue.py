from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import redis
from celery import Celery
from django.db import transaction

from mantik.celery import app
from mantik.lib import queue
from mantik.up.broker import answers, find_server
from mantik.up.ports import LOOPBACK, free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TASK = "mantik.idempotency.tasks.sweep_keys"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server with a password, on a socket."""
    socket = tmp_path_factory.mktemp("broker") / "broker.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "")
    server = subprocess.Popen([find_server(), *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(socket))
        yield f"redis+socket://{socket}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(autouse=True)
def back_to_ours() -> Iterator[None]:
    yield
    app.set_current()


def send_to(url: str) -> None:
    """From now on, what is sent goes there."""
    elsewhere = Celery(broker=url)
    elsewhere.conf.update(
        broker_transport_options={"max_retries": 0, "socket_connect_timeout": 1}, task_publish_retry=False
    )
    elsewhere.set_current()


def messages_at(broker: str) -> int:
    with client_of(broker) as client:
        return int(client.llen("celery"))


def client_of(broker: str) -> redis.Redis:
    return redis.Redis(unix_socket_path=broker.removeprefix("redis+socket://"))


@pytest.fixture(autouse=True)
def no_messages(broker: str) -> None:
    with client_of(broker) as client:
        client.delete("celery")


def test_a_message_is_sent_when_the_transaction_is_committed_and_not_before(broker: str) -> None:
    send_to(broker)
    with transaction.atomic():
        queue.send_on_commit(TASK, run_id=7)
        assert messages_at(broker) == 0
    assert messages_at(broker) == 1


def test_nothing_is_sent_for_what_was_rolled_back(broker: str) -> None:
    send_to(broker)
    with transaction.atomic():
        queue.send_on_commit(TASK, run_id=7)
        transaction.set_rollback(True)
    assert messages_at(broker) == 0


def test_a_broker_that_is_not_there_stops_nobody() -> None:
    send_to(f"redis://{LOOPBACK}:{free_port()}/0")
    with transaction.atomic():
        queue.send_on_commit(TASK, run_id=7)
    assert queue.send(TASK, run_id=7) is False


def test_a_broker_that_takes_no_writes_stops_nobody(broker: str) -> None:
    send_to(broker)
    with client_of(broker) as client:
        client.config_set("maxmemory", "1")
        try:
            assert queue.send(TASK, run_id=7) is False
        finally:
            client.config_set("maxmemory", "0")


def test_a_broker_that_wants_another_password_stops_nobody(broker: str) -> None:
    # Another address, or kombu would use the connection that was let in before.
    send_to(f"{broker}?virtual_host=1")
    with client_of(broker) as client:
        client.config_set("requirepass", "another")
        try:
            assert queue.send(TASK, run_id=7) is False
        finally:
            client.config_set("requirepass", "")


def test_a_silent_broker_is_left_alone_for_a_while(broker: str) -> None:
    """One request finds out and waits for the time-out; those after it do not."""
    send_to(f"redis://{LOOPBACK}:{free_port()}/0")
    assert queue.send(TASK) is False
    send_to(broker)
    assert queue.send(TASK) is False
    assert messages_at(broker) == 0
    queue._Broker.silent_until -= queue.PAUSE_SECONDS
    assert queue.send(TASK) is True
    assert messages_at(broker) == 1
