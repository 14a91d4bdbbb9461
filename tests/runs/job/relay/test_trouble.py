"""File systems that hang or are full, and limits: the training goes on, and the journal says what is missing."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.runs.job.relay.conftest import Start
from tests.runs.job.relay.relays import FILES, JOURNAL, OF_RUN, RUN_ID, Relay, ask
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.waiting import wait_until

METRIC = {"key": "loss", "value": 0.5, "timestamp": 1_700_000_000_000}


def log(relay: Relay, step: int) -> float:
    """How many seconds that took."""
    began = time.monotonic()
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC, step=step)
    return time.monotonic() - began


def steps_written(relay: Relay) -> list[int]:
    return [entry["points"]["loss"][2][0] for entry in relay.of_kind("metrics")]


# A write that hangs: the pack is a FIFO that nobody reads, and whose 64 KiB are soon full. Journal and pack have one
# writer, so what it hangs in is the same to those who wait for it.


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / f"{JOURNAL}.pack"
    os.mkfifo(path)
    return path


def test_a_write_that_hangs_delays_one_answer_by_a_second(pack: Path, start: Start) -> None:
    relay = start()
    log(relay, 0)
    began = time.monotonic()
    assert relay.put("large.bin", os.urandom(300_000)).status == 200
    assert time.monotonic() - began > 0.9
    # If each waited for a second, that would be 49.
    assert sum(log(relay, step) for step in range(1, 50)) < 25
    assert steps_written(relay) == [0]
    assert len(relay.get("metrics/get-history", run_id=RUN_ID, metric_key="loss")["metrics"]) == 50

    reader = Thread(target=read_all, args=(pack, 300_000))
    reader.start()
    wait_until(lambda: steps_written(relay) == list(range(50)))
    reader.join()
    log(relay, 50)
    assert steps_written(relay)[-1] == 50
    assert relay.of_kind("lost") == []


def read_all(path: Path, size: int) -> None:
    with path.open("rb", buffering=0) as file:
        while size > 0:
            piece = file.read(size)
            if not piece:
                return
            size -= len(piece)


def test_others_go_on_while_one_hangs_and_so_does_who_has_hung(pack: Path, start: Start) -> None:
    """Whose write hangs is answered by another thread, which then serves that connection; more than once."""
    relay, others = start(), []
    for number in range(3):
        assert relay.put(f"{number}.bin", os.urandom(200_000)).status == 200
        log(relay, number)
        other = relay.connect()
        others.append(other)
        point = {"run_id": RUN_ID, **METRIC, "step": 100 + number}
        assert ask(other, "POST", "api/2.0/mlflow/runs/log-metric", point).status == 200
        reader = Thread(target=read_all, args=(pack, 200_000))
        reader.start()
        reader.join()
        wait_until(lambda: len(relay.of_kind("file")) == len(others))
    for number, other in enumerate(others):
        assert ask(other, "POST", "api/2.0/mlflow/runs/log-metric", point | {"step": 200 + number}).status == 200
        other.close()
    assert steps_written(relay) == [0, 100, 1, 101, 2, 102, 200, 201, 202]
    assert relay.hang_up() == 0
    assert relay.of_kind("end")[0]["clean"]


def test_a_large_file_that_cannot_even_be_begun_is_not_kept(start: Start) -> None:
    relay = start()
    folder = relay.folder / f"{JOURNAL}.files"
    folder.mkdir()
    # Whoever opens it to write waits for a reader.
    os.mkfifo(folder / "000001.part")
    assert relay.put("large.bin", os.urandom(2_000_000)).status == 200
    [entry] = relay.of_kind("unkept")
    assert (entry["path"], entry["size"], entry["why"]) == ("large.bin", 2_000_000, "disk")
    wait_until(lambda: "the file system hangs" in relay.log())
    assert relay.put("next.bin", os.urandom(2_000_000)).status == 200
    assert len(relay.file("next.bin")) == 2_000_000
    # It hangs no more, and nothing is left of it.
    read_all(folder / "000001.part", 1)
    wait_until(lambda: [path.name for path in folder.iterdir()] == ["000002"])


def test_what_waits_for_a_write_has_a_limit(pack: Path, start: Start) -> None:
    relay = start()
    before = relay.resident()
    for number in range(60):
        assert relay.put(f"{number}.bin", os.urandom(1_000_000)).status == 200
    assert relay.resident() - before < 48 * 2**20
    log(relay, 1)
    # It goes on serving, and ends, if nobody ever reads.
    assert relay.hang_up() == 0


def test_a_log_that_hangs_delays_nobody(tmp_path: Path, start: Start) -> None:
    """It is on the same file system. The log is a FIFO that nobody reads."""
    os.mkfifo(tmp_path / "log")
    with os.fdopen(os.open(tmp_path / "log", os.O_RDWR), "rb"):
        relay = start()
        for number in range(200):
            assert relay.ask("GET", f"unknown/{number}/{'x' * 500}").status == 404
        log(relay, 1)
        assert relay.hang_up() == 0


# A disk that is full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, megabytes=8) as disk:
        yield disk


def test_a_full_disk_loses_nothing_if_there_is_room_in_time(start: Start, disk: SmallDisk) -> None:
    relay = start(disk.path)
    log(relay, 0)
    disk.fill()
    # If each waited for a second, that would be 199.
    assert sum(log(relay, step) for step in range(1, 200)) < 100
    assert relay.put("small.txt", b"x" * 10_000).status == 200
    disk.make_room()
    wait_until(lambda: steps_written(relay) == list(range(200)))
    assert relay.file("small.txt") == b"x" * 10_000
    log(relay, 200)
    assert relay.log().count("cannot write to the journal") == 1
    assert relay.of_kind("lost") == []
    relay.kill()
    relay.start()
    assert len(relay.get("metrics/get-history", run_id=RUN_ID, metric_key="loss")["metrics"]) == 201


def test_what_a_full_disk_costs_is_counted(start: Start, disk: SmallDisk) -> None:
    relay = start(disk.path)
    disk.fill()
    for number in range(40):
        assert relay.put(f"{number}.bin", os.urandom(1_000_000)).status == 200
    disk.make_room()
    grow(disk, megabytes=64)
    wait_until(lambda: bool(relay.of_kind("lost")))
    assert {lost["why"] for lost in relay.of_kind("lost")} == {"disk"}
    wait_until(lambda: counted(relay) + len(relay.of_kind("file")) == 40)
    assert 0 < counted(relay) < 15


def counted(relay: Relay) -> int:
    return sum(lost["entries"]["file"] for lost in relay.of_kind("lost"))


def grow(disk: SmallDisk, *, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(disk.path)], check=True)


def test_a_large_file_that_finds_no_room_is_not_kept(start: Start, disk: SmallDisk) -> None:
    relay = start(disk.path)
    assert relay.put("large.bin", b"x" * 20_000_000).status == 200
    [entry] = relay.of_kind("unkept")
    assert (entry["path"], entry["size"], entry["why"]) == ("large.bin", 20_000_000, "disk")
    assert relay.ask("GET", f"{FILES}/{OF_RUN}/large.bin").status == 404
    assert list(disk.path.glob("*.files/*")) == []
    log(relay, 1)


# Limits of the seed


def test_a_journal_that_is_as_long_as_it_may_be(start: Start) -> None:
    relay = start(journal_bytes=5000)
    for step in range(300):
        log(relay, step)
    child = relay.post("runs/create", tags=[])["run"]["info"]["run_id"]
    relay.post("runs/set-tag", run_id=child, key="a", value="b")
    assert relay.put("a.txt", b"x").status == 200
    relay.post("runs/update", run_id=RUN_ID, status="FINISHED", end_time=5)
    written = steps_written(relay)
    assert 30 < len(written) < 80
    assert relay.run()["data"]["metrics"][0]["step"] == written[-1]
    assert relay.hang_up() == 0
    assert [entry["k"] for entry in relay.entries()][-4:] == ["lost", "child", "update", "end"]
    assert relay.of_kind("lost")[0]["why"] == "limit"
    [end] = relay.of_kind("end")
    assert end["lost"] == {"metrics": 300 - len(written), "tags": 1, "file": 1}


def test_files_beyond_the_limit_are_accepted_and_not_kept(start: Start) -> None:
    relay = start(file_bytes=3_000_000)
    for name, size in (("a", 1_000_000), ("b", 1_500_000), ("c", 1_000_000), ("d", 2_000_000), ("e", 500_000)):
        assert relay.put(name, b"x" * size).status == 200
    assert [entry["path"] for entry in relay.of_kind("file")] == ["a", "b", "e"]
    assert [(one["path"], one["size"], one["why"]) for one in relay.of_kind("unkept")] == [
        ("c", 1_000_000, "limit"),
        ("d", 2_000_000, "limit"),
    ]
    assert len(list(relay.folder.glob("*.files/*"))) == 1
    relay.kill()
    relay.start()
    assert relay.put("f", b"x").status == 200
    assert [entry["path"] for entry in relay.of_kind("unkept")] == ["c", "d", "f"]


def test_a_file_that_is_replaced_by_one_that_is_not_kept_is_gone(start: Start) -> None:
    """Better none than one that is not what was logged last."""
    relay = start(file_bytes=100)
    relay.put("a", b"x" * 80)
    relay.put("a", b"y" * 80)
    assert relay.ask("GET", f"{FILES}/{OF_RUN}/a").status == 404
