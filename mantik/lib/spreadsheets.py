"""CSV that is sent line by line, and that a spreadsheet can open without harm."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

MINUS_INFINITY = "-Infinity"


def csv_lines(columns: Iterable[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Lines of CSV, the names of the columns first. Cells that are text are made harmless."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])


def harmless(cell: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula: members choose names freely. A number stays one."""
    starts_formula = cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{cell}" if starts_formula and cell != MINUS_INFINITY else cell


class _Echo:
    """A file for csv.writer that returns each line."""

    def write(self, line: str) -> str:
        return line
