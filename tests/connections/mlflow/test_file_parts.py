"""A large file is sent to our MLflow server once, however often who sends it is stopped."""

from __future__ import annotations

import hashlib
import os
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connections.mlflow.file_parts import Part, bytes_in
from connections.mlflow.file_route import with_files
from connections.mlflow.paths import SERVED_FILE
from connections.mlflow.writer import Writer
from tests.support.mlflow_server import HEADERS, TOKEN, MlflowServer
from tests.support.waiting import wait_until

CONTENT = bytes(range(256)) * 16384
SIZE, SUM = len(CONTENT), hashlib.sha256(CONTENT).hexdigest()
HALF = SIZE // 2


class Stopped(Exception):
    """The site is silent, or the worker is told to end."""


@pytest.fixture
def writer(mlflow_server: MlflowServer) -> Iterator[Writer]:
    made = Writer(uri=mlflow_server.uri, token=TOKEN)
    yield made
    made.close()


@pytest.fixture
def http(mlflow_server: MlflowServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=mlflow_server.uri, headers=HEADERS, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def folder(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> Path:
    path: Path = mlflow_server.data_dir / "artifacts" / request.node.name.partition("[")[0]
    return path


class Kept:
    """What the server has of a test's file, which is not whole yet."""

    def __init__(self, server: MlflowServer, place: Path) -> None:
        self._folder, self._place = server.data_dir / "artifacts" / ".uploads", place
        self._open_files = Path(f"/proc/{server.pid}/fd")

    def part(self, sha256: str = SUM) -> Path:
        return Part(None, SIZE, bytes.fromhex(sha256)).file_in(self._folder, self._place)

    def settled(self, *, above: int = 0) -> int:
        """Its bytes, once the server has written down all that has come and that is more than so many."""
        wait_until(lambda: bytes_in(self.part()) > above and not self._is_written_to())
        return bytes_in(self.part())

    def _is_written_to(self) -> bool:
        return any(link.readlink() == self.part() for link in self._open_files.iterdir() if link.is_symlink())


@pytest.fixture
def kept(mlflow_server: MlflowServer, folder: Path) -> Kept:
    return Kept(mlflow_server, folder / "a b.bin")


class Site:
    """Where the bytes come from. `stops_at`: the byte at which it is stopped the next time."""

    def __init__(self, content: bytes = CONTENT) -> None:
        self.content, self.asked, self.stops_at = content, list[int](), 0

    def pieces(self, first: int) -> Iterator[bytes]:
        self.asked.append(first)
        while first < len(self.content):
            if self.stops_at and first >= self.stops_at:
                self.stops_at = 0
                raise Stopped
            yield self.content[first : first + 65536]
            first += 65536

    def send(self, writer: Writer, folder: Path, *, sha256: str = SUM) -> bool:
        return writer.store_large_file(f"{folder.name}/a b.bin", SIZE, sha256, self.pieces)


def ask(http: httpx.Client, folder: Path, where: str, content: bytes = b"", sha256: str = SUM) -> httpx.Response:
    digest = b64encode(bytes.fromhex(sha256)).decode()
    address = SERVED_FILE.format(path=f"{folder.name}/a%20b.bin")
    headers = {"Content-Range": where, "Repr-Digest": f"sha-256=:{digest}:"}
    return http.put(address, content=content, headers=headers)


def test_it_goes_on_where_it_was_stopped(writer: Writer, http: httpx.Client, folder: Path, kept: Kept) -> None:
    site, there = Site(), 0
    for stops_at in (HALF, HALF + 2**20):
        site.stops_at = stops_at
        with pytest.raises(Stopped):
            site.send(writer, folder)
        assert not (folder / "a b.bin").exists()
        there = kept.settled(above=there)
        assert there <= stops_at
    assert site.send(writer, folder)
    assert (folder / "a b.bin").read_bytes() == CONTENT
    assert not kept.part().exists()
    # Nothing was asked for twice but what was on its way when it was stopped.
    assert site.asked[0] == 0 < site.asked[1] < site.asked[2] == there


def test_one_that_is_not_stopped_is_stored(writer: Writer, folder: Path) -> None:
    site = Site()
    assert site.send(writer, folder)
    assert (folder / "a b.bin").read_bytes() == CONTENT
    assert site.asked == [0]


def test_other_bytes_than_announced_are_not_stored(writer: Writer, folder: Path, kept: Kept) -> None:
    assert not Site(b"x" * SIZE).send(writer, folder)
    assert not (folder / "a b.bin").exists()
    assert not kept.part().exists()


def test_bytes_that_were_damaged_while_they_were_kept_are_asked_for_again(
    writer: Writer, folder: Path, kept: Kept
) -> None:
    site = Site()
    site.stops_at = HALF
    with pytest.raises(Stopped):
        site.send(writer, folder)
    # As a file system may leave it when the machine crashes.
    kept.part().write_bytes(bytes(kept.settled()))
    assert site.send(writer, folder)
    assert (folder / "a b.bin").read_bytes() == CONTENT
    assert site.asked[-1] == 0


def test_a_file_that_was_logged_again_is_another_one(writer: Writer, folder: Path, kept: Kept) -> None:
    older, newer = Site(), Site(CONTENT[::-1])
    older.stops_at = HALF
    with pytest.raises(Stopped):
        older.send(writer, folder)
    kept.settled()
    assert newer.send(writer, folder, sha256=hashlib.sha256(newer.content).hexdigest())
    assert (folder / "a b.bin").read_bytes() == newer.content
    assert older.send(writer, folder)


def test_it_is_stored_if_the_server_was_killed_when_all_was_there(
    writer: Writer, http: httpx.Client, folder: Path, kept: Kept
) -> None:
    assert ask(http, folder, f"bytes 0-{HALF - 1}/{SIZE}", CONTENT[:HALF]).headers["Range"] == f"bytes=0-{HALF - 1}"
    with kept.part().open("ab") as file:
        file.write(CONTENT[HALF:])
    site = Site()
    assert site.send(writer, folder)
    assert site.asked == []
    assert (folder / "a b.bin").read_bytes() == CONTENT


def test_a_body_for_another_place_is_not_taken(http: httpx.Client, folder: Path) -> None:
    """A worker that was thought dead sends on, behind or before what another one has sent meanwhile."""
    assert ask(http, folder, f"bytes {HALF}-{SIZE - 1}/{SIZE}", CONTENT[HALF:]).status_code == 308
    assert "Range" not in ask(http, folder, f"bytes */{SIZE}").headers
    ask(http, folder, f"bytes 0-{HALF - 1}/{SIZE}", CONTENT[:HALF])
    again = ask(http, folder, f"bytes 0-{HALF - 1}/{SIZE}", CONTENT[:HALF])
    assert (again.status_code, again.headers["Range"]) == (308, f"bytes=0-{HALF - 1}")
    assert ask(http, folder, f"bytes {HALF}-{SIZE - 1}/{SIZE}", CONTENT[HALF:]).status_code == 201
    assert (folder / "a b.bin").read_bytes() == CONTENT


def test_a_part_is_kept_when_the_server_is_started_again_and_others_are_not(tmp_path: Path) -> None:
    under_way = tmp_path / ".uploads"
    under_way.mkdir()
    (under_way / "kept-1").write_bytes(b"a part")
    (under_way / "2").write_bytes(b"a half")
    with_files(None, root=tmp_path)  # type: ignore[arg-type]
    assert [path.name for path in under_way.iterdir()] == ["kept-1"]


def test_a_part_that_nobody_goes_on_with_is_removed(http: httpx.Client, folder: Path, kept: Kept) -> None:
    ask(http, folder, f"bytes 0-{HALF - 1}/{SIZE}", CONTENT[:HALF])
    long_ago = time.time() - 5 * 24 * 3600
    os.utime(kept.part(), (long_ago, long_ago))
    assert "Range" not in ask(http, folder, f"bytes */{SIZE}").headers


@pytest.mark.parametrize("where", ["bytes 0-9", "bytes 5-/10", "lines 0-9/10"])
def test_a_range_that_is_none_is_a_whole_file(http: httpx.Client, folder: Path, where: str) -> None:
    assert ask(http, folder, where, CONTENT).status_code == 200
    assert (folder / "a b.bin").read_bytes() == CONTENT
