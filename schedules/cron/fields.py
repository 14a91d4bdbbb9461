"""The five fields: what each is called, which numbers and names it takes, and how a set of numbers is kept.

A set is one int, bit n for the number n: membership, "next one from here" and "both" are single operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """`low` to `high` is what `*` stands for; `largest` is the greatest number that may be written."""

    name: str
    low: int
    high: int
    largest: int
    names: tuple[str, ...] = ()

    @property
    def numbers(self) -> str:
        """For sentences: "0-59"."""
        return f"{self.low}-{self.largest}"

    @property
    def full(self) -> int:
        return bits(range(self.low, self.high + 1))


MINUTE = Field("minute", 0, 59, 59)
HOUR = Field("hour", 0, 23, 23)
DAY = Field("day of month", 1, 31, 31)
MONTH = Field("month", 1, 12, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
# 7 is Sunday again, so that FRI-SUN can be written 5-7.
WEEKDAY = Field("day of week", 0, 6, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
# The greatest length of each month, by its number.
LENGTHS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def bits(numbers: Iterable[int]) -> int:
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


def members(mask: int) -> Iterator[int]:
    """The numbers in it, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def first_from(mask: int, number: int) -> int:
    """The smallest member that is at least `number`; -1 if there is none."""
    rest = mask >> number
    return number + (rest & -rest).bit_length() - 1 if rest else -1
