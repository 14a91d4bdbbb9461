"""A real web server, and somebody who is signed in there with a browser that shows nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client

from mantik.accounts.models import User
from mantik.up.ports import free_port
from mantik.up.probes import http_ok
from mantik.up.web import web_command
from tests.connections.mlflow.processes import processes
from tests.support.places import TOP
from tests.support.stacks import database_url
from tests.support.waiting import wait_until

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Hidden fields of its forms."""
        return [(unescape(name), unescape(value)) for name, value in _HIDDEN.findall(self.text)]


@dataclass(frozen=True)
class WebServer:
    """`pid`: of the process that started the one that answers."""

    port: int
    pid: int

    def kill(self) -> None:
        """All of it, at once."""
        for pid in (self.pid, *self.workers()):
            os.kill(pid, signal.SIGKILL)

    def workers(self) -> list[int]:
        return [process.pid for process in processes() if process.parent == self.pid]

    def ask(self, method: str, path: str, form: list[tuple[str, str]] | None = None, **headers: str) -> Answer:
        sent = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as http:
            http.request(method, path, urlencode(form) if form is not None else None, sent)
            response = http.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())


@contextmanager
def web_server(
    directory: Path, *, port: int = 0, application: str = "mantik.asgi:application", **more: str
) -> Iterator[WebServer]:
    """One process, on the database that we are connected to. `more`: further settings, with the prefix."""
    port = port or free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MANTIK_")},
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DEBUG_PAGES": "0",
        "MANTIK_DATA_DIR": str(directory),
        "MANTIK_DATABASE_URL": database_url(connection.settings_dict),
        "MANTIK_SECRET_KEY": settings.SECRET_KEY,
        "MANTIK_ENCRYPTION_KEYS": ",".join(settings.MANTIK_ENCRYPTION_KEYS),
        "MANTIK_LOG_LEVEL": "WARNING",
        **more,
    }
    command = [*web_command(host="127.0.0.1", port=port, processes=1)[:-1], application]
    with (directory / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=TOP, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}/healthz"
        wait_until(lambda: process.poll() is not None or http_ok(address), seconds=120)
        assert process.poll() is None, (directory / "web.log").read_text()
        yield WebServer(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def cookies_of(user: User) -> str:
    """Those of a browser in which `user` is signed in, for the header Cookie."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={'c' * 32}"


# The token that goes with the cookie.
CSRF = ("csrfmiddlewaretoken", "c" * 32)
