"""A journal is a stranger's text: it is applied as far as it makes sense, and nothing else happens."""

from __future__ import annotations

import uuid
import zlib
from pathlib import Path
from typing import Any

import pytest

from runs.tracking.journals import lines
from runs.tracking.journals.entries import parse
from runs.tracking.journals.lines import entry_of, read_lines
from runs.tracking.journals.passed_over import PassedOver
from tests.runs.tracking.journals.jobs import Job, line_of
from tests.runs.tracking.journals.local_source import LocalSource
from tests.runs.tracking.journals.test_apply import child, file, metrics, model

ROOT = "ab" * 16


def write(folder: Path, *parts: bytes) -> LocalSource:
    (folder / "j").write_bytes(b"".join(parts))
    return LocalSource(folder)


def read(source: LocalSource, *, is_over: bool = False, offset: int = 0) -> list[tuple[int, int, int]]:
    """End, number, and damaged lines before."""
    return [(line.end, line.number, line.damaged) for line in read_lines(source, "j", offset=offset, is_over=is_over)]


ONE, TWO = line_of({"n": 1, "k": "a"}), line_of({"n": 2, "k": "b"})


def test_a_torn_line_waits_and_is_ignored_in_the_end(tmp_path: Path) -> None:
    for length in range(1, len(TWO)):
        source = write(tmp_path, ONE, TWO[:length])
        assert read(source) == read(source, is_over=True) == [(len(ONE), 1, 0)]
    # A relay that is started again has cut it off.
    assert read(write(tmp_path, ONE), offset=len(ONE) + 5) == []


def test_damaged_lines_count_once_a_whole_one_follows_or_the_job_is_over(tmp_path: Path) -> None:
    bad = ONE.replace(b"a", b"x")
    source = write(tmp_path, ONE, bad, b"\n", b"garbage\n")
    assert read(source) == [(len(ONE), 1, 0)]
    assert read(source, is_over=True)[-1] == ((tmp_path / "j").stat().st_size, 0, 3)
    assert read(write(tmp_path, ONE, bad, TWO))[-1] == (len(ONE + bad + TWO), 2, 1)


def test_a_line_that_is_too_long_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 2**20)
    source = write(tmp_path, ONE, b"x" * (5 * 2**20), b"\n", TWO)
    found = read(source)
    assert found[-1][:2] == ((tmp_path / "j").stat().st_size, 2)
    assert sum(damaged for _, _, damaged in found) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"n":1,"k":' + b"[" * 100_000,
        b'{"n":1,"k":"a","x":' + b"9" * 5000 + b"}",
        b'{"n":1.5,"k":"a"}',
        b'{"n":true,"k":"a"}',
        b'{"n":0,"k":"a"}',
        b'{"n":9223372036854775808,"k":"a"}',
        b'{"n":1,"k":["a"]}',
        b'{"n":1}',
        b'"n"',
        b"\xff",
        b'{"n":1,"k":"a","x":[' + b"1," * 600_000 + b"1]}",
    ],
)
def test_what_is_no_entry(text: bytes) -> None:
    assert entry_of(b"%08x %s" % (zlib.crc32(text), text)) is None


@pytest.mark.parametrize(
    "entry",
    [
        metrics("a\0", (1.0, 1, 1)),
        metrics("../a", (1.0, 1, 1)),
        metrics("a", (1.0, -1, 1)),
        metrics("a", (10**400, 1, 1)),
        metrics("a", ("nan", 1, 1)),
        metrics("a", (True, 1, 1)),
        metrics("a", (1.0, 2**63, 1)),
        metrics("a", (1.0, 1, 2**62), (1.0, 2, 2**63)),
        metrics("a", (1.0, 1, 1), of=["x"]),
        metrics("a", (1.0, 1, 1), of="xyz"),
        metrics("a", (1.0, 1, 1), run=5),
        {"k": "metrics", "points": {"a": [[1], [1]]}},
        {"k": "metrics", "points": {"a": [[1], [1], [1, 2]]}},
        {"k": "metrics", "points": []},
        {"k": "metrics"},
        {"k": "params", "params": {"a": 1}},
        {"k": "params", "params": {"a": "x" * 6001}},
        {"k": "tags", "tags": {"a": "\ud800"}},
        {"k": "history", "model": "[" * 100_000},
        {"k": "update", "status": "DONE"},
        {"k": "file", "path": "a", "size": -1, "sha256": "0" * 64, "at": 0},
        {"k": "file", "path": "a", "size": 1, "sha256": "0" * 63, "at": 0},
        {"k": "file", "path": "a", "size": 1, "sha256": "0" * 64, "at": 1.5},
    ],
)
def test_what_is_not_as_it_has_to_be(entry: dict[str, Any]) -> None:
    with pytest.raises(PassedOver):
        parse({"n": 1, **entry}, root=ROOT)


def a_journal(job: Job) -> None:
    run, one = uuid.uuid4().hex, f"m-{uuid.uuid4().hex}"
    job.write(
        {"k": "start", "format": 1, "time": 1, "host": "n", "python": "3.6"},
        metrics("loss", (0.5, 10, 0), ("NaN", 20, 1)),
        child(run),
        metrics("loss", (0.5, 10, 0), run=run),
        {"k": "params", "run": run, "params": {"a": "1"}},
        {"k": "tags", "tags": {"a": "1"}},
        {"k": "untag", "key": "a"},
        model(one, run=run),
        {"k": "model_params", "model": one, "params": {"z": "1"}},
        {"k": "model_tags", "model": one, "tags": {"z": "1"}},
        {"k": "model_untag", "model": one, "key": "z"},
        metrics("q", (0.5, 10, 0), of=[one, "d", "e"]),
        {"k": "model_status", "model": one, "status": "LOGGED_MODEL_READY", "time": 1},
        {"k": "inputs", "datasets": [], "models": [one]},
        {"k": "outputs", "run": run, "models": [{"model_id": one, "step": 1}]},
        {"k": "history", "model": '{"artifact_path":"a","run_id":"x","flavors":{},"utc_time_created":"t"}'},
        file(job, "a.txt", b"hello"),
        {"k": "unkept", "path": "b", "size": 1, "sha256": "0" * 64, "why": "limit"},
        {"k": "unfile", "path": "a.txt"},
        {"k": "wish", "name": "n", "version": "1", "source": "s", "of": "", "model": "", "time": 1},
        {"k": "experiment", "name": "e"},
        {"k": "lost", "why": "disk", "entries": {"metrics": 1}},
        {"k": "update", "run": run, "status": "FINISHED", "end": 5},
        {"k": "end", "time": 1, "why": "stdin", "clean": True, "requests": 1, "faults": 0, "unknown": {}, "lost": {}},
    )
