"""CSV that a spreadsheet can open without harm."""

from __future__ import annotations

import pytest

from mantik.lib.spreadsheets import csv_lines, harmless


def test_lines_come_one_by_one_with_the_columns_first() -> None:
    rows: list[list[object]] = [["a,b", -1.5], ["=1+1", None]]
    lines = csv_lines(["name", "value"], iter(rows))
    assert next(lines) == "name,value\r\n"
    assert list(lines) == ['"a,b",-1.5\r\n', "'=1+1,\r\n"]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_no_text_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_a_number_without_digits_is_no_formula() -> None:
    assert harmless("-Infinity") == "-Infinity"
