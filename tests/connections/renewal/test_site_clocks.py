"""A site whose clock is wrong by hours says when a token ends; what is stored is when it ends by ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connections.renewal.tokens import token_columns
from connections.unicore.values import IssuedToken

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
LIFE = timedelta(hours=2)


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-5), timedelta(minutes=-3), timedelta(hours=5)])
def test_a_token_is_renewed_at_half_of_its_life_whatever_the_site_says_the_time_is(wrong_by: timedelta) -> None:
    issued = IssuedToken("token", NOW + wrong_by, NOW + wrong_by + LIFE)
    assert token_columns(issued, NOW) == {"expires_at": NOW + LIFE, "renew_at": NOW + LIFE / 2}


def test_an_end_by_a_clock_that_agrees_is_taken_as_it_is() -> None:
    issued = IssuedToken("token", NOW - timedelta(seconds=2), NOW + LIFE)
    assert token_columns(issued, NOW)["expires_at"] == NOW + LIFE


@pytest.mark.parametrize("ends", [None, NOW + LIFE])
def test_without_the_time_of_issue_there_is_nothing_to_compare(ends: datetime | None) -> None:
    assert token_columns(IssuedToken("token", None, ends), NOW)["expires_at"] == ends
