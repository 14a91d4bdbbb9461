"""Pauses grow, end somewhere, and are not the same for all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mantik.lib.backoff import SHORTEST_PART, backoff

FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=10)


@pytest.mark.parametrize(
    ("tries", "whole"), [(0, 5), (1, 10), (2, 20), (6, 320), (7, 600), (8, 600), (1000, 600), (2**31, 600)]
)
def test_a_pause_is_twice_the_one_before_up_to_the_longest(tries: int, whole: int) -> None:
    drawn = [backoff(tries, first=FIRST, longest=LONGEST).total_seconds() for _ in range(200)]
    assert all(whole * SHORTEST_PART <= seconds <= whole for seconds in drawn)


@pytest.mark.parametrize("tries", [0, 3, 50])
def test_those_who_failed_together_do_not_come_back_together(tries: int) -> None:
    drawn = {backoff(tries, first=FIRST, longest=LONGEST) for _ in range(200)}
    assert len(drawn) > 100
    assert max(drawn) - min(drawn) > (1 - SHORTEST_PART) / 2 * max(drawn)


def test_a_first_pause_beyond_the_longest_is_the_longest() -> None:
    assert backoff(0, first=LONGEST * 2, longest=LONGEST) <= LONGEST
