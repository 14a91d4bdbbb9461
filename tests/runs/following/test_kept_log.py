"""The log as pages and downloads have it, wherever it was cut."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from runs.following.kept_log import BYTES_SEARCHED, end_of_log, last_lines, log_remark, raw_log, read_log
from runs.models import Run, RunLogChunk
from runs.states import RunState
from tests.support import factories
from tests.support.factories import add_chunk, append_log

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


def store(run: Run, content: bytes, *, head: int, tail: int, **columns: object) -> Run:
    """The first `head` bytes of the log and its last `tail`."""
    start = len(content) - tail
    for offset, part in ((0, content[:head]), (start, content[start:])):
        if part:
            add_chunk(run, part, offset=offset)
    ends = {"log_size": head, "log_tail_from": start, "log_tail_to": len(content)}
    Run.objects.filter(pk=run.pk).update(**ends | columns)
    return Run.objects.get(pk=run.pk)


def parts(run: Run, *, limit: int) -> str:
    """As a page asks for them, one after the other."""
    text, offset = "", 0
    while True:
        part = read_log(run, offset=offset, limit=limit)
        text += part.text
        if part.next == offset:
            return text
        offset = part.next


def test_bytes_that_are_no_text_are_shown_as_such(run: Run) -> None:
    add_chunk(run, b"ok \xff\xfe\x00 done\n")
    run.log_size = 12
    assert read_log(run, offset=0).content == b"ok \xff\xfe\x00 done\n"
    assert "done" in read_log(run, offset=0).text


def test_an_offset_beyond_the_end_is_the_end(run: Run) -> None:
    factories.append_log(run, "short\n")
    part = read_log(run, offset=10_000)
    assert (part.text, part.offset, part.next) == ("", 6, 6)


def test_the_last_lines_begin_with_a_whole_one(run: Run) -> None:
    factories.append_log(run, "".join(f"line {number}\n" for number in range(5000)))
    tail = last_lines(run)
    assert tail.endswith("line 4999\n")
    assert tail.startswith("line ")
    assert len(tail) < 9000


def test_where_the_end_is_all_one_line_that_is_shown(run: Run) -> None:
    """As with a progress bar that begins its line again and again."""
    factories.append_log(run, "begin\n" + "\r12 %" * 4000)
    assert last_lines(run).endswith("\r12 %")
    assert len(last_lines(run)) == 8 * 1024


def test_an_end_with_nothing_behind_its_only_break_is_taken_whole(run: Run) -> None:
    factories.append_log(run, "x" * (BYTES_SEARCHED + 10) + "\n")
    assert end_of_log(run).lines


@pytest.mark.parametrize("character", ["\N{LATIN SMALL LETTER U WITH DIAERESIS}", "\N{SNOWMAN}", "\N{ROCKET}"])
def test_no_border_cuts_a_character(run: Run, character: str) -> None:
    text = character * 60
    for into_head, into_tail in product(range(5), repeat=2):
        RunLogChunk.objects.all().delete()
        run = store(run, text.encode(), head=20 + into_head, tail=20 + into_tail, log_truncated=True)
        for limit in (7, 64):
            shown = parts(run, limit=limit)
            head, line, _, tail = shown.split("\n")
            assert set(head + tail) == {character}
            assert f"[mantik] {len(text.encode()) - len((head + tail).encode())} bytes" in line
        assert b"".join(raw_log(run)).decode() == shown


@pytest.mark.parametrize("limit", [7, 64])
def test_neither_does_the_end_of_a_log_that_grows(run: Run, limit: int) -> None:
    text = "\N{ROCKET}" * 20
    content = text.encode()
    add_chunk(run, content[:-2])
    run.log_size = len(content) - 2
    assert parts(run, limit=limit) == text[:-1]


def test_bytes_without_any_character_come_too(run: Run) -> None:
    content = b"\x80" * 1000
    run = store(run, content, head=100, tail=100, log_truncated=True)
    # Three of the tail may be the rest of a character.
    assert "[mantik] 803 bytes" in parts(run, limit=50)


def test_what_stands_in_the_middle_has_lines_of_its_own_that_are_counted(run: Run) -> None:
    content = b"one\ntwo\n" + b"x\n" * 1000 + b"Traceback (most recent call last):\nValueError: 3\n"
    run = store(run, content, head=8, tail=55, log_truncated=True, log_complete=True)
    lines = parts(run, limit=1000).split("\n")
    assert lines[:2] == ["one", "two"]
    assert lines[2].startswith("[mantik] 1,99")
    last = end_of_log(run).lines[-1]
    assert (last.text, lines[last.number - 1]) == ("ValueError: 3", "ValueError: 3")


def test_an_offset_within_the_gap_says_what_is_left_out_from_there(run: Run) -> None:
    run = store(run, b"x" * 1000, head=100, tail=100, log_truncated=True)
    part = read_log(run, offset=400)
    assert (part.offset, part.next, part.complete, part.gap) == (400, 900, False, "left out")
    assert part.text.startswith("\n[mantik] 500 bytes")
    assert read_log(run, offset=900).text == "x" * 100


# While it is still being fetched


def ended(**columns: Any) -> Run:
    return factories.make_run(RunState.FAILED, log_complete=False, ended_at=NOW, **columns)


def test_what_is_still_to_come_is_said_in_the_middle_and_below() -> None:
    run = store(ended(), b"x" * 3_000_000, head=1000, tail=2_000_000)
    part = read_log(run, offset=1000)
    assert part.gap == "pending"
    expected = "999 kB of the log are missing here for now. The part that Mantik keeps is still being fetched."
    assert part.text == f"\n[mantik] {expected}\n".replace("999 kB", f"999{NBSP}kB")
    assert log_remark(run) == f"The log is still being fetched. 999{NBSP}kB are still to come."


def test_what_is_not_kept_does_not_come(settings: Settings) -> None:
    settings.MANTIK_LOG_MAX_BYTES = 1000
    run = store(ended(), b"x" * 3000, head=700, tail=150, log_truncated=True)
    assert log_remark(run) == f"The log is still being fetched. 150{NBSP}B are still to come."


def test_a_failure_is_said_until_the_next_part_comes() -> None:
    run = ended(poll_failures=2)
    expected = "The log is still being fetched. The last try failed; Mantik tries again by itself."
    assert log_remark(run) == expected


def test_what_never_came_is_called_missing() -> None:
    run = store(ended(), b"x" * 3000, head=1000, tail=1000, log_complete=True)
    assert f"1{NBSP}kB of the log are missing here: they could not be fetched from" in parts(run, limit=1000)
    assert log_remark(run) == ""


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.PENDING, RunState.FINISHED])
def test_otherwise_there_is_nothing_to_say(state: RunState) -> None:
    assert log_remark(factories.make_run(state)) == ""


def test_neither_of_a_run_that_never_reached_its_site() -> None:
    assert log_remark(ended(submitted_at=None)) == ""


def test_of_a_log_that_an_older_release_cut_the_size_is_said() -> None:
    run = factories.make_run(RunState.FINISHED, log_size=50_000_000, log_truncated=True)
    assert (
        log_remark(run)
        == f"Only the first 50{NBSP}MB of the log are kept; the site has the rest until it deletes the job."
    )


@pytest.mark.django_db
def test_one_long_line_is_shown_without_scripts_too() -> None:
    """Its only line break is the last byte: what follows that would be nothing."""
    run = factories.make_run(RunState.RUNNING)
    append_log(run, "x" * 24_000 + "\n")
    assert last_lines(run, limit=1000) == "x" * 999 + "\n"
