"""The log is fetched in ranges, and each byte is stored once. Of a log above the limit, head and tail are kept."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import pytest
from pytest_django.fixtures import Settings

from connections.unicore.values import FileStat
from mantik.lib.humanize import filesize
from runs.following import job_log
from runs.following.job_log import NOTHING_LEFT, Fetched, fetch_log
from runs.following.kept_log import raw_log, read_log, stored_of
from runs.following.log_ranges import CHUNK
from runs.models import Run, RunLogChunk
from runs.states import RunState
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.factories import add_chunk

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMIT = 1_000_000
HEAD, TAIL = 800_000, 200_000


@dataclass
class File:
    """Stands for a site where a test needs the log to change between two requests.

    `meanwhile` is done while bytes are read. `told` is the size that it tells, where that is an older one.
    """

    content: bytes = b""
    told: int | None = None
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    reads: list[tuple[int, int]] = field(default_factory=list)

    def stat(self, _job_url: str, _path: str) -> FileStat | None:
        size = len(self.content) if self.told is None else self.told
        return FileStat(size, is_directory=False, modified_at=None) if size else None

    def read(self, _job_url: str, _path: str, offset: int, length: int) -> bytes:
        assert offset + length <= len(self.content), "some sites never answer"
        self.reads.append((offset, length))
        content = self.content[offset : offset + length]
        while self.meanwhile:
            self.meanwhile.pop()()
        return content


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


@pytest.fixture
def limit(settings: Settings) -> int:
    settings.MANTIK_LOG_MAX_BYTES = LIMIT
    return LIMIT


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many bytes one call of `fetch_log` fetches."""
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    return CHUNK


def fetch(site: File, run: Run) -> Fetched:
    return fetch_log(site, run, now=NOW)  # type: ignore[arg-type]


def fetch_all(site: File, run: Run) -> int:
    """How many calls it took."""
    for calls in range(1, 1000):
        if fetch(site, run).is_whole:
            return calls
    raise AssertionError("it has no end")


def end(run: Run) -> Run:
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, ended_at=NOW)
    return Run.objects.get(pk=run.pk)


def whole(run: Run) -> bytes:
    return b"".join(raw_log(Run.objects.get(pk=run.pk)))


@cache
def _lines() -> bytes:
    return b"".join(b"%09d\n" % at for at in range(0, 20_000_000, 10))


def numbered(size: int) -> bytes:
    """Lines of ten bytes that say where they begin."""
    return _lines()[:size]


def halves(run: Run) -> tuple[bytes, bytes]:
    """The kept log before and after the lines in the middle."""
    head, tail = re.split(rb"(?:\[mantik\] .*\n)+", whole(run))
    return head, tail


def is_consistent(run: Run, content: bytes) -> bool:
    """Whether the stored chunks are the bytes that the columns describe, each once, as the site has them."""
    run = Run.objects.get(pk=run.pk)
    at = 0
    for chunk in RunLogChunk.objects.filter(run=run).order_by("offset"):
        if at == run.log_size and run.log_tail_from is not None:
            at = run.log_tail_from
        if chunk.offset != at or bytes(chunk.content) != content[at : at + len(chunk.content)]:
            return False
        at += len(chunk.content)
    return at == (run.log_tail_to or run.log_size)


# Below the limit


def test_what_grows_is_appended_and_never_asked_for_twice(run: Run) -> None:
    site = File()
    assert fetch(site, run) == NOTHING_LEFT

    for chunk in (b"one\n", b"two\n" * 100_000, b"", b"three\n"):
        site.content += chunk
        assert fetch(site, run).is_whole

    assert whole(run) == site.content
    assert sum(length for _, length in site.reads) == len(site.content)
    assert Run.objects.get(pk=run.pk).log_size == len(site.content)


def test_a_chatty_job_does_not_keep_a_worker(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 2)
    site = File(b"x" * (3 * CHUNK))

    assert fetch(site, run) == Fetched(has_end=False, is_whole=False, has_news=True)
    assert fetch(site, run) == Fetched(has_end=True, is_whole=True, has_news=True)
    assert whole(run) == site.content


def test_neither_does_a_slow_site(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_SECONDS", -1.0)
    site = File(b"x" * 10)
    assert fetch(site, run) == Fetched(has_end=False, is_whole=False, has_news=False)
    assert site.reads == []


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FAILED])
def test_two_workers_that_fetch_the_same_write_it_once(state: RunState, small_budget: int) -> None:
    run = factories.make_run(state)
    site = File(numbered(5 * small_budget))
    for _ in range(20):
        other = Run.objects.get(pk=run.pk)
        site.meanwhile.append(lambda other=other: fetch(site, other))  # type: ignore[misc]
        # If the other worker has stored the same bytes first, that is no failure.
        if not fetch(site, run).has_news:
            break
        assert is_consistent(run, site.content)
    assert whole(run) == site.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FAILED])
@pytest.mark.parametrize("size", [900_000, 3_000_000])
def test_neither_do_many_at_once(state: RunState, size: int, limit: int, small_budget: int) -> None:
    run = factories.make_run(state)
    site = File(numbered(size))
    results = at_once([lambda: fetch_all(site, Run.objects.get(pk=run.pk)) for _ in range(4)])
    assert [result for result in results if isinstance(result, Exception)] == []
    assert is_consistent(run, site.content)
    assert fetch(site, Run.objects.get(pk=run.pk)).is_whole


# The end of what is over comes first


def test_the_tail_of_a_run_that_is_over_comes_first_and_then_what_is_before(run: Run, small_budget: int) -> None:
    site = File(numbered(100_000))
    fetch_all(site, run)
    site.content = numbered(2_000_000)
    run = end(run)

    assert fetch(site, run) == Fetched(has_end=True, is_whole=False, has_news=True)
    head, tail = halves(run)
    assert head == numbered(100_000)
    assert site.content.endswith(tail)
    assert len(tail) > CHUNK - 10
    assert b"1.6 MB of the log are missing here for now." in whole(run).replace(b"\xc2\xa0", b" ")

    fetch_all(site, run)
    assert whole(run) == site.content
    assert (run.log_tail_from, run.log_tail_to) == (None, None)
    assert sum(length for _, length in site.reads) == len(site.content)


def test_a_short_rest_comes_in_its_order(run: Run) -> None:
    site = File(numbered(2_000_000))
    assert fetch(site, end(run)) == Fetched(has_end=True, is_whole=True, has_news=True)
    assert [offset for offset, _ in site.reads] == sorted(offset for offset, _ in site.reads)


def test_a_log_may_grow_while_its_tail_is_fetched(run: Run, limit: int, small_budget: int) -> None:
    site = File(numbered(3_000_000))
    run = end(run)
    for size in (3_000_100, 3_100_000, 5_000_000, 5_000_010):
        fetch(site, run)
        assert is_consistent(run, site.content)
        site.content = numbered(size)
    fetch_all(site, run)
    assert is_consistent(run, site.content)
    assert halves(run) == (site.content[:HEAD], site.content[-TAIL:])


# Above the limit


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("budget", [1, 16])
def test_head_and_tail_are_kept_and_lines_between_say_what_is_not(
    run: Run, limit: int, is_over: bool, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", budget)
    site = File(numbered(3_000_000))
    run = end(run) if is_over else run
    fetch_all(site, run)
    Run.objects.filter(pk=run.pk).update(log_complete=is_over)

    assert halves(run) == (site.content[:HEAD], site.content[-TAIL:])
    middle = whole(run).decode().replace("\N{NO-BREAK SPACE}", " ").split("\n")[HEAD // 10 :][:2]
    assert middle == [
        "[mantik] 2,000,000 bytes (2.0 MB) of the log are left out here. Mantik keeps at most 1.0 MB of a log.",
        f"[mantik] {run.site_name} has the whole log until it deletes the job, in the file mantik.log of the job's "
        "directory.",
    ]
    assert sum(length for _, length in site.reads) == limit
    assert [event.message.replace("\N{NO-BREAK SPACE}", " ") for event in run.events.all()] == [
        "The log is larger than 1.0 MB. Its first 800 kB and its last 200 kB are kept; the site has the whole log "
        "until it deletes the job."
    ]


def test_while_the_job_runs_the_tail_follows_its_end(run: Run, limit: int) -> None:
    site = File()
    for size in range(50_000, 3_000_000, 50_000):
        site.content = numbered(size)
        assert fetch(site, run).is_whole
        assert is_consistent(run, site.content)
        kept = sum(len(chunk.content) for chunk in run.log_chunks.all())
        assert kept <= limit
        assert kept >= min(size, limit - TAIL // 8 - 50_000)
        assert whole(run).endswith(site.content[-100:])
    fetch_all(site, end(run))
    assert halves(run) == (site.content[:HEAD], site.content[-TAIL:])
    assert run.events.count() == 1


def test_what_is_written_faster_than_it_is_fetched_is_passed_over(run: Run, limit: int, small_budget: int) -> None:
    site = File()
    for size in range(1_000_000, 20_000_000, 1_000_000):
        site.content = numbered(size)
        fetch(site, run)
        assert is_consistent(run, site.content)
    run.refresh_from_db()
    assert run.log_size == HEAD
    assert whole(run).endswith(site.content[-100:])


@pytest.mark.parametrize("tiny", [1, 2, 5, 40])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_limit_of_a_few_bytes_is_kept_too(run: Run, settings: Settings, tiny: int, is_over: bool) -> None:
    settings.MANTIK_LOG_MAX_BYTES = tiny
    site = File(numbered(1000))
    run = end(run) if is_over else run
    while not fetch(site, run).is_whole:
        pass
    assert sum(len(chunk.content) for chunk in run.log_chunks.all()) == tiny
    assert is_consistent(run, site.content)


def test_at_random(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a job writes and when it ends, what is kept is head and tail, and no byte is wrong meanwhile."""
    drawn = random.Random(3)
    for _ in range(25):
        run = factories.make_run(RunState.RUNNING)
        settings.MANTIK_LOG_MAX_BYTES = kept = drawn.choice([700_000, 1_000_003, 2_000_000])
        monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", drawn.choice([1, 2, 5]))
        site, is_over = File(), False
        for _ in range(drawn.randrange(1, 8)):
            site.content = numbered(len(site.content) + drawn.choice([0, 10, 90_000, 400_000, 1_500_000]))
            is_over = is_over or drawn.random() < 0.2
            run = end(run) if is_over else run
            # The operator changes the limit.
            if drawn.random() < 0.1:
                settings.MANTIK_LOG_MAX_BYTES = kept = drawn.choice([500_000, 1_500_000])
            fetch(site, run)
            assert is_consistent(run, site.content)
        if not site.content:
            continue
        run = end(run)
        fetch_all(site, run)
        assert is_consistent(run, site.content)
        assert run.log_size == len(site.content) or run.log_tail_to == len(site.content)
        if len(site.content) <= kept and not run.log_truncated:
            assert whole(run) == site.content


# A log that was replaced, or is gone


def test_a_new_log_of_the_job_replaces_the_former_one(run: Run, limit: int) -> None:
    site = File(numbered(3_000_000))
    fetch_all(site, run)
    kept = stored_of(run).size
    site.content = b"again\n" * 1000
    fetch_all(site, run)
    assert whole(run) == site.content
    assert is_consistent(run, site.content)
    run.refresh_from_db()
    assert not run.log_truncated
    assert kept < 3_000_000
    message = run.events.get(kind="log.replaced").message
    assert f"Mantik keeps the new one and dropped the {filesize(kept)} that it had kept of the former log" in message


@pytest.mark.parametrize("told", [0, 5, 60_000, 99_999])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_site_that_tells_an_older_size_loses_nothing(run: Run, told: int, is_over: bool) -> None:
    site = File(numbered(100_000))
    fetch(site, run)
    run = end(run) if is_over else run
    site.told = told
    assert fetch(site, run).is_whole
    assert whole(run) == site.content
    site.told, site.content = None, numbered(200_000)
    fetch(site, run)
    assert whole(run) == site.content


def test_a_gap_that_a_site_cannot_fill_now_is_still_a_gap(run: Run, small_budget: int) -> None:
    """After the end of the log was fetched first, another machine of the site reports an older size."""
    site = File(numbered(2_000_000))
    run = end(run)
    assert fetch(site, run).has_end
    site.told = 1_000_000
    assert not any(fetch(site, run).is_whole for _ in range(2 * 1_000_000 // small_budget))
    site.told = None
    while not fetch(site, run).is_whole:
        pass
    assert whole(run) == site.content


@pytest.mark.parametrize("given", [0, 100])
def test_less_than_was_told_is_no_other_log(run: Run, given: int) -> None:
    """The file was deleted, or another machine of the site has an even older copy."""
    site = File(numbered(100_000))
    fetch(site, run)
    before, site.told = whole(run), 60_000
    site.read = lambda _job, _path, offset, _length: site.content[offset : offset + given]  # type: ignore[assignment,method-assign]
    fetch(site, run)
    assert whole(run) == before


def test_a_log_that_becomes_shorter_while_it_is_read_does_no_harm(run: Run, small_budget: int) -> None:
    site = File(numbered(2_000_000))
    run = end(run)
    fetch(site, run)

    def shorten() -> None:
        site.read = lambda *_: b"short"  # type: ignore[method-assign]

    site.meanwhile.append(shorten)
    fetch(site, run)
    # If only five of the bytes before the tail were stored, there would be a second gap.
    fetch(site, run)
    assert is_consistent(run, site.content)


# Stored by the first release


def cut_by_the_first_release(run: Run, content: bytes) -> Run:
    for at in range(0, LIMIT, CHUNK):
        add_chunk(run, content[:LIMIT][at : at + CHUNK], offset=at)
    Run.objects.filter(pk=run.pk).update(log_size=LIMIT, log_truncated=True)
    return Run.objects.get(pk=run.pk)


def test_a_log_that_was_cut_gets_its_tail_if_the_job_still_runs(run: Run, limit: int) -> None:
    site = File(numbered(3_000_000))
    run = cut_by_the_first_release(run, site.content)
    fetch_all(site, run)
    assert is_consistent(run, site.content)
    head, tail = halves(run)
    # Its chunks were stored without regard to where the head ends.
    assert site.content.startswith(head)
    assert HEAD <= len(head) < HEAD + CHUNK
    assert tail == site.content[-TAIL:]


def test_one_of_a_run_that_is_over_stays_readable(run: Run, limit: int) -> None:
    content = numbered(3_000_000)
    run = cut_by_the_first_release(end(run), content)
    Run.objects.filter(pk=run.pk).update(log_complete=True)
    run.refresh_from_db()
    assert whole(run) == content[:LIMIT]
    assert read_log(run, offset=LIMIT - 10).text == "000999990\n"
    assert read_log(run, offset=LIMIT - 10).complete
