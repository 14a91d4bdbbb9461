from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from mantik.lib.attempts import Attempts

pytestmark = pytest.mark.django_db

LIMIT = Attempts("test", 3, timedelta(hours=1))


def test_somebody_has_so_many_attempts_and_others_their_own() -> None:
    for _ in range(3):
        assert not LIMIT.are_used_up("ada")
        LIMIT.note("ada")
    assert LIMIT.are_used_up("ada")
    LIMIT.note("ada")
    assert not LIMIT.are_used_up("eve")
    assert not LIMIT.are_used_up("a", "da")
    assert not Attempts("another", 3, LIMIT.within).are_used_up("ada")


def test_an_attempt_counts_for_its_time_only() -> None:
    brief = Attempts("test", 1, timedelta(seconds=-1))
    brief.note("ada")
    assert not brief.are_used_up("ada")


def test_whose_attempts_they_are_is_not_written_down() -> None:
    LIMIT.note("ada@example.org", "\udcff\0")
    assert not cache.get_many([f"attempts:test:ada@example.org:{number}" for number in range(3)])
    assert LIMIT.are_used_up("ada@example.org", "\udcff\0") is False
