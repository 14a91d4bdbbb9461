"""Where numbers are on an axis."""

from __future__ import annotations

import sys

import pytest

from runs.results.scale import Scale


def test_the_least_is_at_one_end_and_the_greatest_at_the_other() -> None:
    scale = Scale([3.0, 1.0, 2.0])
    assert [scale.place(number) for number in (1.0, 2.0, 3.0)] == [0.0, 0.5, 1.0]
    assert not scale.is_log


def test_numbers_that_are_far_apart_are_on_a_logarithmic_one() -> None:
    scale = Scale([1e-4, 1e-2, 1.0])
    assert scale.is_log
    assert scale.place(1e-2) == pytest.approx(0.5)
    assert not Scale([1e-4, 1.0], linear=True).is_log
    assert not Scale([0.0, 1.0]).is_log
    assert not Scale([-1.0, 1e9]).is_log


def test_what_is_all_alike_is_in_the_middle() -> None:
    assert Scale([7.0, 7.0]).place(7.0) == 0.5


@pytest.mark.parametrize("ends", [(-sys.float_info.max, sys.float_info.max), (sys.float_info.min, sys.float_info.max)])
def test_the_ends_of_what_a_number_holds_have_places(ends: tuple[float, float]) -> None:
    scale = Scale(ends)
    assert [scale.place(number) for number in ends] == [0.0, 1.0]
