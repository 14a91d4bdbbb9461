"""The end of a job's log as lines that can be judged: as a terminal would have shown them, without who wrote them.

A log is a stranger's text. Everything here takes time in proportion to its length, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What nobody reads in one line.
_LONGEST = 2000
# `static/js/log/lines.js` leaves out the same; change both together.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
# What launchers put before each line, so that one sees which process wrote it: torchrun ("[rank0]: ", "[default0]:"),
# mpirun ("[1,0]<stderr>:"), Ray ("(train pid=12) ").
_WRITER = re.compile(
    r"\s{0,8}(?:\[(?:rank|default|worker)\d{1,6}\]: ?|\[\d{1,6},\d{1,6}\]<std(?:err|out)>: ?"
    r"|\([^()]{0,80}pid=[^()]{1,80}\) ?)"
)
# srun's "0: " may as well be a step, or the hour of a time.
_NUMBER = re.compile(r"\s{0,8}\d{1,6}:(?: |$)")
_OF_SRUN = ("srun: ", "slurmstepd: ")
_NEARLY_ALL = 0.9
_HEADER = "Traceback (most recent call last)"
_OURS = "[mantik] "
_AFTERWARDS = "[mantik] after the training: "


@dataclass(frozen=True)
class Line:
    """`number` counts from 1 in the whole log. `text` keeps its indentation; `writer` is the process, "" if unsaid."""

    number: int
    text: str
    writer: str = ""


@dataclass(frozen=True)
class LogEnd:
    """`lines` of commands and training, and `ours`: what the job script said, without "[mantik] "."""

    lines: Sequence[Line] = ()
    ours: Sequence[Line] = ()


NO_LOG = LogEnd()


def log_end(content: bytes, *, first: int = 1) -> LogEnd:
    """`content` begins in line `first` of the log. What follows the training is left out: it decides nothing."""
    lines: list[Line] = []
    ours: list[Line] = []
    for line in _shown(content, first):
        before, mark, said = line.text.partition(_OURS)
        if mark and line.text[len(before) :].startswith(_AFTERWARDS):
            break
        if mark:
            ours.append(Line(line.number, said.strip()))
        # The last output may have had no line break, so that ours follows on the same line.
        if before.strip():
            lines.append(Line(line.number, before))
    numbered = _are_numbered(lines)
    return LogEnd([_with_writer(line, numbered=numbered) for line in lines], ours)


def _shown(content: bytes, first: int) -> Iterator[Line]:
    text = content.decode(errors="replace")
    for number, line in enumerate(text.split("\n"), start=first):
        # A progress bar rewrites its line: what was written last stays.
        last = line.rstrip("\r").rpartition("\r")[2]
        plain = _ESCAPES.sub("", last[:_LONGEST]).expandtabs(4)
        yield Line(number, "".join(character for character in plain if character.isprintable()))


def _are_numbered(lines: Sequence[Line]) -> bool:
    """Whether srun has labelled them: then each line has a number, a traceback's too."""
    numbered = [bool(_NUMBER.match(line.text)) for line in lines if not line.text.startswith(_OF_SRUN)]
    if True not in numbered or any(line.text.startswith(_HEADER) for line in lines):
        return False
    since = numbered[numbered.index(True) :]
    return sum(since) >= _NEARLY_ALL * len(since)


def _with_writer(line: Line, *, numbered: bool) -> Line:
    found = _WRITER.match(line.text) or (_NUMBER.match(line.text) if numbered else None)
    return Line(line.number, line.text[found.end() :], found[0].strip()) if found else line
