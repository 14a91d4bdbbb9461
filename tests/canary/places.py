"""Everywhere that Mantik, a broker, git or a site writes something down."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
import redis
from django.db import connection as database
from django.utils import timezone

from mantik.accounts.models import Session
from tests.canary.search import Place
from tests.connections.git.processes import command_lines
from tests.connections.mlflow.processes import processes
from tests.support.redis import Broker, client_at, keys_of

# Of an admin page's many orders and filters one is like another.
_MOST_PAGES = 600
# A calendar has a next month for ever.
_MOST_OF_ONE = 30
_LINK = re.compile(r"""(?:href|src|hx-get|data-url)=["']([^"'#]+)""")


def rows() -> Iterator[Place]:
    """Every column of every row of every table."""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    yield f"database: {table}.{column}", _bytes(value)


def sessions() -> Iterator[Place]:
    """What members' sessions hold, messages included; in the table it is encrypted."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        yield "session", json.dumps(session.get_decoded(), default=str).encode()


def headers_of(answer: httpx.Response) -> bytes:
    """But for a session's cookie, which its browser, and no other, is handed again whenever the session changes."""
    return str([item for item in answer.headers.multi_items() if not item[1].startswith("mantik-session=")]).encode()


def files(directory: Path) -> Iterator[Place]:
    """Every file below; what vanishes meanwhile is gone."""
    for path in directory.rglob("*"):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                yield f"file: {path.relative_to(directory)}", path.read_bytes()


def keys(broker: Broker) -> Iterator[Place]:
    """Everything that a broker holds at this moment."""
    with client_at(broker.url) as client:
        for key in client.scan_iter(match=keys_of(broker)):
            # Whatever kind of value it is.
            yield f"broker: {key.decode(errors='replace')}", client.dump(key) or b""
            if client.type(key) == b"list":
                yield f"broker: {key.decode(errors='replace')}", b"\0".join(client.lrange(key, 0, -1))


class BrokerListener:
    """Hears every command that a broker is given while it is open: messages may be gone in a moment."""

    def __init__(self, url: str) -> None:
        self._client = client_at(url)
        self._heard: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._monitor: Any = self._client.monitor().__enter__()  # type: ignore[no-untyped-call]
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._client.connection_pool.disconnect()
        self._client.close()

    def places(self) -> Iterator[Place]:
        for command in list(self._heard):
            yield f"broker: {' '.join(command.split()[:2])}", command.encode()

    def _listen(self) -> None:
        # Closed under us at the end.
        with suppress(redis.RedisError, OSError, ValueError, AttributeError):
            for command in self._monitor.listen():
                self._heard.append(str(command["command"]))


class ProcessWatcher:
    """Looks again and again at the arguments of all processes, and at the environment of `roots` and those below."""

    def __init__(self, *roots: int) -> None:
        self._roots = roots
        self._seen: set[Place] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def places(self) -> list[Place]:
        return sorted(self._seen.copy())

    def _watch(self) -> None:
        while not self._is_over.wait(0.05):
            self.look()

    def look(self) -> None:
        self._seen.update(("arguments of a process", line.encode()) for line in command_lines())
        for pid in _descendants(self._roots):
            with suppress(OSError):
                environment = Path(f"/proc/{pid}/environ").read_bytes()
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                place = _job(environment) or Path(f"/proc/{pid}/cwd").readlink()
                self._seen.add((f"environment of {name} in {place}", environment))


def pages(client: httpx.Client, *starts: str) -> Iterator[Place]:
    """Every page that a browser reaches by links from `starts`, with its headers."""
    waiting, known, visited = list(starts), set(starts), 0
    queries: Counter[str] = Counter()
    while waiting:
        path = waiting.pop()
        visited += 1
        assert visited < _MOST_PAGES, sorted(known)
        with client.stream("GET", path) as answer:
            # The pages of what is going on do not end by themselves.
            content = b"".join(answer.iter_bytes()) if "event-stream" not in _kind(answer) else b""
        yield f"page: {path}", headers_of(answer) + content
        led_to = f'href="{answer.headers.get("location", "")}"'
        new = set(_links(path, led_to + (content.decode() if "html" in _kind(answer) else ""))) - known
        known |= new
        for link in sorted(new):
            queries[link.partition("?")[0]] += 1
            if queries[link.partition("?")[0]] <= _MOST_OF_ONE:
                waiting.append(link)


def _job(environment: bytes) -> str:
    """The directory of the job that a process belongs to, wherever it has gone since."""
    found = re.search(rb"(?:^|\0)UC_WORKING_DIRECTORY=([^\0]+)", environment)
    return found.group(1).decode() if found else ""


def _links(path: str, content: str) -> Iterator[str]:
    for link in _LINK.findall(content):
        parts = urlsplit(urljoin(path, link.replace("&amp;", "&")))
        if parts.scheme or parts.netloc or parts.path.startswith(("/static/", "/accounts/sign-out")):
            continue
        if parts.query and parts.path.startswith("/admin/"):
            continue
        yield parts.path + (f"?{parts.query}" if parts.query else "")


def _kind(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-type", ""))


def _descendants(roots: Iterable[int]) -> set[int]:
    everybody = processes()
    found = set(roots)
    while new := {process.pid for process in everybody if process.parent in found} - found:
        found |= new
    return found


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return value.encode() if isinstance(value, str) else json.dumps(value, default=str).encode()
