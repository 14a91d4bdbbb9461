"""Why a job failed, in one line: a table of rules, tried in order until one knows the reason.

Pure: from the exit code, the end of the log and what the job had asked for, to a sentence and the line of the log that
shows it. A rule says only what it is sure of; otherwise the next one is tried.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass

from runs.following.log_lines import NO_LOG, Line, LogEnd
from runs.following.tracebacks import fatal_exception
from runs.mlproject.wording import shortened

LONGEST = 300
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_BY_SIGNAL = 128
_LAST_SIGNAL = 31
_BEFORE = "before the training: "
# How far from the end a shell's complaint may stand.
_NEAR = 50


@dataclass(frozen=True)
class Failure:
    """`exit_code` is never 0. `memory` is what the job asked for on each node, as written ("2G"), "" if it did not."""

    exit_code: int
    log: LogEnd = NO_LOG
    memory: str = ""


@dataclass(frozen=True)
class Reason:
    """`line` counts from 1 in the log; None where the log is not what tells it."""

    sentence: str
    line: int | None = None


Rule = Callable[[Failure], Reason | None]


def reason(failure: Failure) -> Reason:
    return next(found for rule in RULES if (found := rule(failure)))


def _never_started(failure: Failure) -> Reason | None:
    """The job script itself gave up, or a command before the training failed."""
    said = failure.log.ours
    place = next((place for place, line in enumerate(said) if line.text == "the training was not started"), 0)
    if not place:
        return None
    why = said[place - 1]
    before = said[max(place - 2, 0)].text
    if why.text.startswith(_BEFORE):
        what = f"the command before it, {_command(why.text)}, ended the job"
    elif why.text.startswith("this command failed") and before.startswith(_BEFORE):
        what = f"the command before it, {_command(before)}, failed with exit code {failure.exit_code}"
    else:
        what = shortened(why.text, 200)
    return _reason_at(f"The training was not started: {what}.", why)


def _command(said: str) -> str:
    return shortened(said.removeprefix(_BEFORE), 120)


def _asked_to_stop(failure: Failure) -> Reason | None:
    """What a training writes last after it was asked to stop is no reason."""
    asked = next((line for line in failure.log.ours if line.text.startswith("the site asks the job to stop")), None)
    if asked is None and failure.exit_code != _BY_SIGNAL + signal.SIGTERM:
        return None
    if asked is None and _is_of_many(failure.log) and fatal_exception(failure.log.lines):
        return None
    return Reason(
        "Asked to end (signal 15): its time limit was reached, or somebody at the site ended it.",
        asked.number if asked else None,
    )


# `bash: line 1: foo: command not found`, `sh: 1: foo: not found`, `/usr/bin/env: 'foo': No such file or directory`
_COMPLAINT = re.compile(
    r"""\S{1,200}:\ (?:line\ )?(?:\d{1,9}:\ )?['"\u2018]?(?P<name>[^:'"\u2018\u2019]{1,200})['"\u2019]?:\ (?P<why>
        command\ not\ found|not\ found|No\ such\ file\ or\ directory|Permission\ denied|Is\ a\ directory|
        cannot\ execute.{0,200}|.{0,100}bad\ interpreter.{0,100})""",
    re.VERBOSE,
)
_MISSING = {"command not found", "not found", "No such file or directory"}


def _no_such_command(failure: Failure) -> Reason | None:
    code = failure.exit_code
    if code not in (_NOT_FOUND, _NOT_EXECUTABLE):
        return None
    for line in failure.log.lines[: -_NEAR - 1 : -1]:
        found = _COMPLAINT.fullmatch(line.text.strip())
        # Other programs miss files in the same words, which is no reason for this exit code.
        if found and (code == _NOT_FOUND or found["why"] not in _MISSING):
            return _reason_at(f"The command {found['name'].strip()} {_complaint(found['why'])}.", line)
    what = "was not found" if code == _NOT_FOUND else "cannot be executed, or is not a program"
    return Reason(f"A command {what} (exit code {code}).")


def _complaint(why: str) -> str:
    return "was not found" if why in _MISSING else f"could not be executed: {why.rstrip('.')}"


def _exception(failure: Failure) -> Reason | None:
    """Python ends with 1 after an exception, so beside a signal it counts only where several processes ran."""
    if _signal_of(failure) and not _is_of_many(failure.log):
        return None
    raised = fatal_exception(failure.log.lines)
    if raised is None:
        return None
    if raised.is_consequence and (killed := _worker_ended_by_signal(failure)):
        return killed
    return _reason_at(f"{raised.name}: {raised.message}" if raised.message else raised.name, raised.line)


# torchrun's own summary of its workers.
_WORKER = re.compile(r"\s*exitcode\s*: -(\d{1,2}) \(pid")


def _worker_ended_by_signal(failure: Failure) -> Reason | None:
    for line in failure.log.lines[: -_NEAR - 1 : -1]:
        if found := _WORKER.match(line.text):
            return _reason_at(f"A process was {_of_signal(int(found[1]), failure)}", line)
    return None


def _ended_by_signal(failure: Failure) -> Reason | None:
    number = _signal_of(failure)
    if not number:
        return None
    sentence = _of_signal(number, failure)
    return Reason(sentence[0].upper() + sentence[1:])


def _last_words(failure: Failure) -> Reason | None:
    """A program that ends by itself mostly says why: `sys.exit("...")`, a wrong option, an error that was caught."""
    if not failure.log.lines:
        return None
    line = failure.log.lines[-1]
    words = shortened(line.text, LONGEST)
    return _reason_at(f"Exit code {failure.exit_code}. Last line: {words}", line) if words else None


def _exit_code(failure: Failure) -> Reason:
    return Reason(f"The job ended with exit code {failure.exit_code}.")


# In this order. More causes (memory of a GPU, modules that are missing) are rules before `_exception`.
RULES: tuple[Rule, ...] = (
    _never_started,
    _asked_to_stop,
    _no_such_command,
    _exception,
    _ended_by_signal,
    _last_words,
    _exit_code,
)


def _reason_at(sentence: str, line: Line) -> Reason:
    return Reason(shortened(sentence, LONGEST), line.number)


def _is_of_many(log: LogEnd) -> bool:
    """Whether several processes wrote it: then the exit code is that of one that was ended because another failed."""
    writers = {line.writer for line in log.lines if line.writer}
    return len(writers) > 1 or any(line.text.startswith(("srun: ", "slurmstepd: ")) for line in log.lines)


def _signal_of(failure: Failure) -> int:
    """0 for none. Shells say 128 and the signal's number."""
    number = failure.exit_code - _BY_SIGNAL
    return number if 0 < number <= _LAST_SIGNAL else 0


def _of_signal(number: int, failure: Failure) -> str:
    what = _SIGNALS.get(number, f"ended by {_NAMES.get(number, 'a signal')}")
    sentence = f"{what} (signal {number})"
    if number != signal.SIGKILL:
        return f"{sentence}."
    asked = f"asks for {failure.memory} per node" if failure.memory else "does not set MemoryPerNode"
    return f"{sentence}. The usual cause is that memory ran out. The config {asked}."


_NAMES = {int(known): known.name for known in signal.Signals}
_SIGNALS: dict[int, str] = {
    signal.SIGINT: "interrupted",
    signal.SIGABRT: "ended by its own call to abort()",
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "ended by a segmentation fault",
    signal.SIGTERM: "asked to end",
}
