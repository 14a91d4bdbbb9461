"""Which bytes of a log are kept, and which of them is fetched next. Pure: numbers in, numbers out.

Of a log that is larger than the limit, its head (four fifths of the limit) and its tail (the last fifth) are kept. So
what is stored is the head, from byte 0 on, and perhaps a tail after one gap.

While the job runs, the head is filled first and stays; after that the tail follows the end of the log, and what falls
out of it is dropped. Once the job is over, the tail is fetched first if the rest is more than one budget: errors are
usually there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

CHUNK = 256 * 1024


class Span(NamedTuple):
    """Bytes from `start` up to `end`, which is not one of them."""

    start: int
    end: int


@dataclass(frozen=True)
class Stored:
    """What is stored: the bytes up to `head`, and after a gap those of `tail`, which is None if there is no gap."""

    head: int = 0
    tail: Span | None = None

    @property
    def end(self) -> int:
        return self.tail.end if self.tail else self.head

    @property
    def size(self) -> int:
        return self.head + (self.tail.end - self.tail.start if self.tail else 0)

    @property
    def gap(self) -> Span | None:
        return Span(self.head, self.tail.start) if self.tail else None

    def joined(self) -> Stored:
        """Head and tail as one head if the gap between them has been filled; otherwise itself."""
        return Stored(self.tail.end) if self.tail and self.tail.start <= self.head else self


@dataclass(frozen=True)
class Limits:
    """`whole`: how many bytes of a log are kept; `budget`: how many one call fetches, in pieces of `CHUNK` at most."""

    whole: int
    budget: int

    @property
    def tail(self) -> int:
        return max(1, self.whole // 5)

    @property
    def head(self) -> int:
        return self.whole - self.tail

    @property
    def tail_chunk(self) -> int:
        """How many bytes a chunk beyond the head has: few, so that dropping one costs little of the tail."""
        return max(1, min(CHUNK, self.tail // 8))

    def middle(self, size: int) -> Span | None:
        """The bytes that are not kept of a log of `size` bytes; None if all of it is kept."""
        return Span(self.head, size - self.tail) if size > self.whole else None


class Place(Enum):
    """Where the fetched bytes belong."""

    # After the end of the head.
    HEAD = auto()
    # After the end of the tail.
    TAIL = auto()
    # Before the start of the tail.
    BEFORE_TAIL = auto()
    # In place of the present tail.
    NEW_TAIL = auto()


@dataclass(frozen=True)
class Step:
    """Fetch `length` bytes from `offset` on."""

    place: Place
    offset: int
    length: int

    def after(self, stored: Stored, length: int) -> Stored | None:
        """What is stored once `length` bytes of this step are added to `stored`; None if that left a second gap."""
        end = self.offset + length
        if self.place is Place.HEAD:
            return replace(stored, head=end).joined()
        if self.place is Place.NEW_TAIL:
            return replace(stored, tail=Span(self.offset, end)).joined()
        assert stored.tail
        if self.place is Place.TAIL:
            return replace(stored, tail=Span(stored.tail.start, end))
        return replace(stored, tail=Span(self.offset, stored.tail.end)).joined() if length == self.length else None


def next_step(stored: Stored, size: int, limits: Limits, *, is_over: bool) -> Step | None:
    """What to fetch next of a log that has `size` bytes at the site; None if there is nothing to fetch now.

    While the job runs, a tail that was begun late is not filled backwards; once it is over, None means that all that is
    kept is stored.

    `stored` must end within `size`, and must hold nothing of the middle that is not kept.
    """
    is_far = size - stored.end > limits.budget
    if stored.tail is None:
        return _without_tail(stored.head, size, limits, tail_first=is_over and is_far)
    start, end = stored.tail
    if is_far:
        return _new_tail(stored.head, size, limits, is_over=is_over)
    if end < size:
        return Step(Place.TAIL, end, min(limits.tail_chunk, size - end))
    begin = _tail_begins(stored.head, size, limits)
    if is_over and start > begin:
        offset = max(begin, start - limits.tail_chunk)
        return Step(Place.BEFORE_TAIL, offset, start - offset)
    return _more_head(stored.head, min(start, size if size <= limits.whole else limits.head), limits)


def _without_tail(head: int, size: int, limits: Limits, *, tail_first: bool) -> Step | None:
    if tail_first:
        return _new_tail(head, size, limits, is_over=True)
    if size <= limits.whole or head < limits.head:
        return _more_head(head, size if size <= limits.whole else limits.head, limits)
    return _new_tail(head, size, limits, is_over=False) if head < size else None


def _new_tail(head: int, size: int, limits: Limits, *, is_over: bool) -> Step:
    """Begin a new tail: with the last chunk of a job that is over, otherwise one budget before the end."""
    length = limits.tail_chunk if is_over else limits.budget
    offset = max(_tail_begins(head, size, limits), size - length)
    return Step(Place.NEW_TAIL, offset, min(limits.tail_chunk, size - offset))


def _tail_begins(head: int, size: int, limits: Limits) -> int:
    return max(head, size - limits.tail)


def _more_head(head: int, goal: int, limits: Limits) -> Step | None:
    """The next chunk of the head, up to `goal`; None if that is reached. No chunk lies across `limits.head`."""
    length = min(CHUNK, limits.head - head) if head < limits.head else limits.tail_chunk
    length = min(length, goal - head)
    return Step(Place.HEAD, head, length) if length > 0 else None
