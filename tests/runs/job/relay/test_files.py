"""Files that are logged to the relay, and read again from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.runs.job.relay.relays import API, EXPERIMENT_ID, FILES, JOURNAL, OF_RUN, RUN_ID, Relay, ask
from tests.support.waiting import wait_until

MEBIBYTE = 2**20
NAMES = [
    *("a", "a b", "a%20b", "a%2fb", "a+b", "a#b", "a?b=c", "ä/漢字.txt", "a&b=c;d", "%", "a:b", "~", "'\"<>", "-"),
    *("x" * 255, "/".join(["deep"] * 50)),
]


def test_any_name_is_kept(relay: Relay) -> None:
    for name in NAMES:
        assert relay.put(name, name.encode()).status == 200
    assert [entry["path"] for entry in relay.of_kind("file")] == NAMES
    assert {name: relay.file(name).decode() for name in NAMES} == {name: name for name in NAMES}
    relay.kill()
    relay.start()
    assert {name: relay.file(name).decode() for name in NAMES} == {name: name for name in NAMES}


@pytest.mark.parametrize(
    "path", ["..", "../x", "a/../b", "a//b", "a/", "a\\b", "a%00", "a%0Ab", "x" * 256, "y/" * 1001]
)
def test_a_path_that_is_none_is_refused(shared: Relay, path: str) -> None:
    answer = shared.ask("PUT", f"{FILES}/{OF_RUN}/{path}", body=b"x")
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert path not in [entry["path"] for entry in shared.of_kind("file")]


def test_a_file_is_no_folder(relay: Relay) -> None:
    relay.put("a/b", b"x")
    assert relay.put("a", b"x").status == 400
    assert relay.put("a/b/c", b"x").status == 400
    assert relay.put("a/b", b"other").status == 200
    assert relay.file("a/b") == b"other"


@pytest.mark.parametrize("place", [f"{EXPERIMENT_ID}/{'0' * 32}/artifacts", f"{EXPERIMENT_ID}/models/m-1/artifacts"])
def test_files_belong_to_a_run_or_a_model(shared: Relay, place: str) -> None:
    answer = shared.put("a", b"x", place=place)
    assert (answer.status, answer.code) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("size", [0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 5 * MEBIBYTE])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_file_comes_back_as_it_was(shared: Relay, size: int, is_chunked: bool) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    body: Any = pieces(content) if is_chunked else content
    assert shared.put("folder/file", body).status == 200
    assert shared.file("folder/file") == content
    entry = shared.of_kind("file")[-1]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["size"] == size
    assert content_of(shared, entry) == content
    assert isinstance(entry["at"], str) == (size > MEBIBYTE)


def pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


def content_of(relay: Relay, entry: dict[str, Any]) -> bytes:
    """As the reader of the platform finds it."""
    if isinstance(entry["at"], str):
        return (relay.folder / entry["at"]).read_bytes()
    pack = (relay.folder / f"{JOURNAL}.pack").read_bytes()
    return pack[entry["at"] : entry["at"] + entry["size"]]


def test_small_files_are_in_one_pack(relay: Relay) -> None:
    for number in range(100):
        relay.put(f"many/{number}", str(number).encode() * number)
    for number, entry in enumerate(relay.of_kind("file")):
        assert content_of(relay, entry) == str(number).encode() * number
    assert sorted(path.name for path in relay.folder.iterdir()) == [
        *(JOURNAL, f"{JOURNAL}.pack", f"{JOURNAL}.port", "log", "seed.json"),
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in relay.folder.iterdir() if path.name != "log")


def test_a_listing_has_names_and_of_a_file_nothing(relay: Relay) -> None:
    for name in ("a/b/c.txt", "a/d.txt", "e.txt"):
        relay.put(name, b"xyz")

    def listed(path: str) -> Any:
        return relay.ask("GET", FILES, {"path": f"{OF_RUN}/{path}".rstrip("/")}).content["files"]

    assert listed("") == [{"path": "a", "is_dir": True}, {"path": "e.txt", "is_dir": False, "file_size": 3}]
    assert listed("a") == [{"path": "b", "is_dir": True}, {"path": "d.txt", "is_dir": False, "file_size": 3}]
    assert listed("a/d.txt") == listed("nothing") == []
    found = relay.get("artifacts/list", run_id=RUN_ID, path="a")
    assert [one["path"] for one in found["files"]] == ["a/b", "a/d.txt"]
    assert relay.ask("GET", "get-artifact", {"run_id": RUN_ID, "path": "a/d.txt"}).body == b"xyz"


def test_a_folder_that_is_removed_is_gone_with_all_in_it(relay: Relay) -> None:
    for name in ("a/b/c.txt", "a/d.txt", "e.txt"):
        relay.put(name, b"xyz")
    assert relay.ask("DELETE", f"{FILES}/{OF_RUN}/a").status == 200
    assert relay.ask("DELETE", f"{FILES}/{OF_RUN}/nothing").status == 200
    relay.kill()
    relay.start()
    files = relay.ask("GET", FILES, {"path": OF_RUN}).content["files"]
    assert [one["path"] for one in files] == ["e.txt"]
    assert relay.put("a", b"now a file").status == 200


def test_a_large_file_passes_with_flat_memory(relay: Relay) -> None:
    size = 300 * MEBIBYTE
    relay.put("warm", b"x" * 2 * MEBIBYTE)
    before = relay.resident(peak=True)
    zeros = (b"\0" * MEBIBYTE for _ in range(size // MEBIBYTE))
    assert relay.put("large", zeros, Content_Length=str(size)).status == 200
    connection = relay.connect()
    connection.request("GET", f"/{'s3cret-of-this-job-0123456789'}/{FILES}/{OF_RUN}/large")
    answer, received = connection.getresponse(), 0
    while piece := answer.read(MEBIBYTE):
        received += len(piece)
    connection.close()
    assert received == size
    assert relay.resident(peak=True) - before < 8 * MEBIBYTE


def test_a_client_that_hangs_up_leaves_nothing(relay: Relay) -> None:
    connection = relay.connect()
    connection.putrequest("PUT", f"/{'s3cret-of-this-job-0123456789'}/{FILES}/{OF_RUN}/half")
    connection.putheader("Content-Length", str(5 * MEBIBYTE))
    connection.endheaders()
    connection.send(b"x" * 3 * MEBIBYTE)
    connection.close()
    assert ask(relay.connect(), "GET", f"{API}runs/get", {"run_id": RUN_ID}).status == 200
    assert relay.of_kind("file", "unkept") == []
    relay.put("whole", b"x" * 2 * MEBIBYTE)
    wait_until(lambda: [path.suffix for path in relay.folder.glob("*.files/*")] == [""])
