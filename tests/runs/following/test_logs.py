"""The log is fetched in ranges, kept once, and cut where the operator says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from connections.unicore.values import FileStat
from runs.following import job_log
from runs.following.job_log import fetch_log, last_lines, raw_log, read_log
from runs.models import Run
from runs.states import RunState
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class GrowingFile:
    """Stands for a site where a test needs the log to change between two requests."""

    content: bytes = b""
    asked_beyond_the_end: bool = False

    def stat(self, _job_url: str, _path: str) -> FileStat | None:
        return FileStat(len(self.content), is_directory=False, modified_at=None) if self.content else None

    def read(self, _job_url: str, _path: str, offset: int, length: int) -> bytes:
        self.asked_beyond_the_end |= offset >= len(self.content)
        return self.content[offset : offset + length]


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


def fetch(site: GrowingFile, run: Run) -> bool:
    return fetch_log(site, run, now=NOW)  # type: ignore[arg-type]


def test_what_grows_is_appended_and_never_asked_for_twice(run: Run) -> None:
    site = GrowingFile()
    assert fetch(site, run)

    for piece in (b"one\n", b"two\n" * 100_000, b"", b"three\n"):
        site.content += piece
        assert fetch(site, run)

    assert b"".join(raw_log(run)) == site.content
    assert not site.asked_beyond_the_end
    assert Run.objects.get(pk=run.pk).log_size == len(site.content)


def test_a_chatty_job_does_not_keep_a_worker(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "PIECES_PER_VISIT", 2)
    site = GrowingFile(b"x" * (3 * job_log.PIECE))

    assert not fetch(site, run)
    assert fetch(site, run)
    assert b"".join(raw_log(run)) == site.content


def test_two_workers_that_fetch_the_same_write_it_once(run: Run) -> None:
    site = GrowingFile(b"line\n" * 1000)
    other = Run.objects.get(pk=run.pk)

    fetch(site, run)
    fetch(site, other)

    assert b"".join(raw_log(run)) == site.content
    assert other.log_size == len(site.content)


def test_a_log_above_the_limit_is_cut_once_and_says_so(run: Run, settings: Settings) -> None:
    settings.MANTIK_LOG_MAX_BYTES = 1_000_000
    site = GrowingFile(b"y" * 1_500_000)

    for _ in range(3):
        assert fetch(site, run)

    assert run.log_truncated
    assert run.log_size == 1_000_000
    assert [event.message for event in run.events.all()] == ["The log is kept up to 1 MB; the rest is at the site."]
    assert read_log(run, offset=0).truncated


def test_bytes_that_are_no_text_are_shown_as_such(run: Run) -> None:
    site = GrowingFile(b"ok \xff\xfe\x00 done\n")
    fetch(site, run)

    assert "ok " in read_log(run, offset=0).text
    assert "done" in read_log(run, offset=0).text


def test_an_offset_beyond_the_end_is_the_end(run: Run) -> None:
    fetch(GrowingFile(b"short\n"), run)

    part = read_log(run, offset=10_000)

    assert (part.text, part.offset, part.next) == ("", 6, 6)


def test_the_last_lines_begin_with_a_whole_one(run: Run) -> None:
    lines = "".join(f"line {number}\n" for number in range(5000))
    fetch(GrowingFile(lines.encode()), run)

    tail = last_lines(run)

    assert tail.endswith("line 4999\n")
    assert tail.startswith("line ")
    assert len(tail) < 9000
