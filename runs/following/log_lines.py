"""Cuts the end of a job's log into lines, as a terminal would show them, without the marks that launchers add.

A log is a stranger's text. Everything here takes time in proportion to its length, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Of a longer line the rest is not read.
_LONGEST_LINE = 2000
# `static/js/log/lines.js` leaves out the same; change both together.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# What launchers put before each line, so that one sees which process wrote it: torchrun ("[rank0]: ", "[default0]:"),
# mpirun ("[1,0]<stderr>:"), Ray ("(train pid=12) ").
_WRITER = re.compile(
    r"\s{0,8}(?:\[(?:rank|default|worker)\d{1,6}\]: ?|\[\d{1,6},\d{1,6}\]<std(?:err|out)>: ?"
    r"|\([^()]{0,80}pid=[^()]{1,80}\) ?)"
)
# srun's mark. "0: " may also be a step of the training, or the hour of a time; see `_are_numbered`.
_NUMBER = re.compile(r"\s{0,8}\d{1,6}:(?: |$)")
_OF_SRUN = ("srun: ", "slurmstepd: ")
_NEARLY_ALL = 0.9
_HEADER = "Traceback (most recent call last)"
_OURS = "[mantik] "
_AFTER_TRAINING = "[mantik] after the training: "


@dataclass(frozen=True)
class Line:
    """A line of the log. `number` counts from 1 in the whole log. `text` keeps its indentation.

    `writer` is the launcher's mark of the process that wrote it, or "".
    """

    number: int
    text: str
    writer: str = ""


@dataclass(frozen=True)
class LogEnd:
    """`lines` are those of commands and training; `ours` are those of the job script, without "[mantik] "."""

    lines: Sequence[Line] = ()
    ours: Sequence[Line] = ()


NO_LOG = LogEnd()


def log_end(content: bytes, *, first: int = 1) -> LogEnd:
    """The lines of `content`, which begins with line `first` of the log.

    What commands wrote after the training is left out: it is not why the job failed.
    """
    lines: list[Line] = []
    ours: list[Line] = []
    for line in _shown(content, first):
        theirs, mark, text = line.text.partition(_OURS)
        if mark and line.text[len(theirs) :].startswith(_AFTER_TRAINING):
            break
        if mark:
            ours.append(Line(line.number, text.strip()))
        # If the last output had no line break, the job script's text follows on the same line.
        if theirs.strip():
            lines.append(Line(line.number, theirs))
    numbered = _are_numbered(lines)
    return LogEnd([_with_writer(line, numbered=numbered) for line in lines], ours)


def _shown(content: bytes, first: int) -> Iterator[Line]:
    text = content.decode(errors="replace")
    for number, line in enumerate(text.split("\n"), start=first):
        # A progress bar rewrites its line: what was written last stays.
        last = line.rstrip("\r").rpartition("\r")[2]
        plain = _ESCAPES.sub("", last[:_LONGEST_LINE]).expandtabs(4)
        yield Line(number, "".join(character for character in plain if character.isprintable()))


def _are_numbered(lines: Sequence[Line]) -> bool:
    """Whether srun has numbered the lines. It numbers all of them, so a traceback's header without one says no."""
    numbered = [bool(_NUMBER.match(line.text)) for line in lines if not line.text.startswith(_OF_SRUN)]
    if True not in numbered or any(line.text.startswith(_HEADER) for line in lines):
        return False
    since = numbered[numbered.index(True) :]
    return sum(since) >= _NEARLY_ALL * len(since)


def _with_writer(line: Line, *, numbered: bool) -> Line:
    found = _WRITER.match(line.text) or (_NUMBER.match(line.text) if numbered else None)
    return Line(line.number, line.text[found.end() :], found[0].strip()) if found else line
