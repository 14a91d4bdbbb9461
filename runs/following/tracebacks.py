"""Which exception ended a Python program, as its log shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runs.following.log_lines import Line

# If more lines than this follow a traceback, the program caught the exception and continued.
NEAR_THE_END = 100
# How many lines of other processes may stand between a traceback's frames and its last line.
_LINES_BETWEEN = 20

_HEADER = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "[^"]{1,1000}", line \d+')
# `torch.OutOfMemoryError: CUDA out of memory`, `AssertionError`, `ray.exceptions.RayTaskError(IndexError): ...`
_EXCEPTION = re.compile(r"((?:[^\W\d]\w*\.)*[^\W\d]\w*)(?:\([\w., ]*\))?(?:: ?(.*))?")
_USUAL_NAME = re.compile(r"(?:Error|Exception|Interrupt|Exit|Warning|Group)$")
# Python draws bars before the tracebacks of an exception group.
_BARS = re.compile(r"\s*[|+] ?")

# What Python writes before the traceback of an exception that did not end the program.
_WITHOUT_EFFECT = ("Exception ignored in", "Exception ignored on", "Error in atexit", "Error in sys.excepthook")
_LOGGING = "--- Logging error ---"
# Raised because another process had failed. If the log has an exception of that process, it is the reason.
_CONSEQUENCES = {
    "BrokenPipeError",
    "CalledProcessError",
    "ChildFailedError",
    "ConnectionResetError",
    "DistBackendError",
    "DistNetworkError",
    "DistStoreError",
    "KeyboardInterrupt",
    "ProcessExitedException",
    "ProcessRaisedException",
    "RendezvousConnectionError",
    "SignalException",
}


@dataclass(frozen=True)
class Raised:
    """An exception, by the last line of its traceback.

    `start` and `end` are the places of the traceback's first and last line among the lines that were searched.
    """

    name: str
    message: str
    line: Line
    start: int
    end: int

    @property
    def is_consequence(self) -> bool:
        return self.name.rpartition(".")[2] in _CONSEQUENCES


def fatal_exception(lines: Sequence[Line]) -> Raised | None:
    """The exception that ended the program, if its log ends with one."""
    near = list(_near_the_end(lines))
    real = [raised for raised in near if not raised.is_consequence]
    return _first_to_fail(real or near)


def _first_to_fail(found: Sequence[Raised]) -> Raised | None:
    """The last exception of the process that failed first: the last of a chain is the one that nobody caught."""
    last = {raised.line.writer: raised for raised in found}
    return min(last.values(), key=lambda raised: raised.end, default=None)


def _near_the_end(lines: Sequence[Line]) -> Iterator[Raised]:
    """Exceptions close to the end, oldest first: each has the next one, or the end of the log, within NEAR_THE_END."""
    found = list(_tracebacks(lines))
    limit = len(lines)
    kept = len(found)
    while kept and limit - found[kept - 1].end <= NEAR_THE_END:
        kept -= 1
        limit = found[kept].start
    return (raised for raised in found[kept:] if not _was_without_effect(lines, raised))


def _was_without_effect(lines: Sequence[Line], raised: Raised) -> bool:
    line_before = lines[raised.start - 1].text.strip() if raised.start else ""
    return line_before == _LOGGING or line_before.startswith(_WITHOUT_EFFECT)


@dataclass
class _Open:
    """A traceback whose last line is still to be found.

    `has_header`: without one, only frames show that it is a traceback. `lines_left`: how many other lines may follow.
    """

    start: int
    has_header: bool
    lines_left: int = _LINES_BETWEEN


def _tracebacks(lines: Sequence[Line]) -> Iterator[Raised]:
    open_ones: dict[str, _Open] = {}
    for place, line in enumerate(lines):
        text = _BARS.sub("", line.text, count=1)
        known = open_ones.get(line.writer)
        if _HEADER in text or _FRAME.match(text):
            has_header = _HEADER in text or (known is not None and known.has_header)
            open_ones[line.writer] = _Open(known.start if known else place, has_header)
        elif known is None or text[:1].isspace():
            continue
        elif found := _last_line(text, known):
            message = found[2] or _first_words(lines, place)
            yield Raised(found[1], message, line, known.start, place)
            del open_ones[line.writer]
        else:
            known.lines_left -= 1
            if not known.lines_left:
                del open_ones[line.writer]


def _last_line(text: str, known: _Open) -> re.Match[str] | None:
    found = _EXCEPTION.fullmatch(text.rstrip())
    if found is None:
        return None
    name = found[1].rpartition(".")[2]
    is_likely = known.has_header and not name[0].islower()
    return found if is_likely or _USUAL_NAME.search(name) else None


def _first_words(lines: Sequence[Line], place: int) -> str:
    """The first line with a letter in it of a message that begins with a line break; "" for any other message."""
    is_open = lines[place].text.rstrip().endswith(":")
    below = lines[place + 1 : place + 4] if is_open else ()
    return next((line.text.strip() for line in below if any(map(str.isalpha, line.text))), "")
