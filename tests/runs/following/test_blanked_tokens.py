"""A job that prints its token does not show it to everybody who may see its log."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mantik.tokens.hashing import PERSONAL
from runs.following.blanked_tokens import blank_tokens
from runs.following.kept_log import end_of_log, last_lines, raw_log, read_log
from runs.models import Run
from runs.states import RunState
from runs.tracking.run_tokens import make_run_token
from tests.support import factories

pytestmark = pytest.mark.django_db
# So much of a secret may be seen of a token that was not printed to its end.
MOST_SHOWN = 19


def printed() -> tuple[Run, str, bytes, bytes]:
    """A run, its token, a log that has it twice, and that log as it is to be shown."""
    run = factories.make_run(RunState.FAILED)
    token = make_run_token(run, now=timezone.now())
    log = f"epoch 1\nMLFLOW_TRACKING_TOKEN={token}\nüber\nValueError: Bearer {token}\n"
    return run, token, log.encode(), log.replace(token[-43:], "*" * 43).encode()


def store(run: Run, *pieces: bytes) -> None:
    """In chunks, in place of what was stored."""
    run.log_chunks.all().delete()
    run.log_size = 0
    for piece in pieces:
        factories.add_chunk(run, piece, offset=run.log_size)
        run.log_size += len(piece)
    run.save(update_fields=["log_size"])


def most_shown(shown: bytes, token: str) -> int:
    """How many characters of the beginning of its secret are in `shown`."""
    secret = token[-43:].encode()
    return max(length for length in range(len(secret) + 1) if token[:-43].encode() + secret[:length] in shown)


def test_both_kinds_of_tokens_are_blanked_to_the_byte() -> None:
    for token in (printed()[1], PERSONAL.new()):
        log = f"a {token} b '{token}'".encode()
        assert blank_tokens(log) == log.replace(token[-43:].encode(), b"*" * 43)


def test_names_that_only_begin_alike_stay() -> None:
    words = b"import mantik_helpers  # mantik_run_all_of_the_experiments_of_last_year_once_again"
    assert blank_tokens(words) == words


def test_every_way_to_read_a_log_blanks_them() -> None:
    run, token, log, shown = printed()
    store(run, log)

    assert read_log(run, offset=0).content == shown
    assert b"".join(raw_log(run)) == shown
    assert last_lines(run) == shown.decode()
    lines = [line.text for line in end_of_log(run).lines]
    assert lines[-1].endswith("*" * 43)
    assert all(token not in line for line in lines)


def test_no_two_parts_show_a_token_together() -> None:
    run, token, log, shown = printed()
    for cut in range(10, len(log), 9):
        store(run, log[:cut])
        first = read_log(run, offset=0)
        store(run, log[:cut], log[cut:])
        second = read_log(run, offset=first.next)

        assert second.content == shown[first.next :]
        assert len(first.content + second.content) == len(log)
        assert most_shown(first.content + second.content, token) <= MOST_SHOWN
        assert most_shown(b"".join(raw_log(run)), token) <= MOST_SHOWN
