from __future__ import annotations

import pytest

from mantik.lib.query_values import whole_number, without_nul


def test_nul_is_left_out() -> None:
    assert without_nul("a\0b") == "ab"


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1_0", " 1", "1\n", "9" * 19, "9" * 5000, "\u00b2", "\u0663", "x"])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None
