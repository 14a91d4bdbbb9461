"""Why a job failed, in one line: a table of rules, tried in order until one knows the reason.

Pure: it takes the exit code, the end of the log and what the job asked for, and returns a sentence and the line of the
log that shows it. A rule says only what it is sure of; otherwise the next one is tried.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass

from runs.following.log_lines import NO_LOG, Line, LogEnd
from runs.following.tracebacks import fatal_exception
from runs.mlproject.wording import shortened

LONGEST_REASON = 300
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126
_BY_SIGNAL = 128
_LAST_SIGNAL = 31
# What the job script writes before each command that runs before the training (runs/job/helpers.sh).
_BEFORE_TRAINING = "before the training: "
# How many lines from the end are searched for the complaint of a shell or a launcher.
_LINES_SEARCHED = 50


@dataclass(frozen=True)
class Failure:
    """A failed job. `exit_code` is not 0. `memory` is what the config asks for on each node ("2G"), or ""."""

    exit_code: int
    log: LogEnd = NO_LOG
    memory: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a job failed. `line` of the log shows it, counted from 1; None if the reason is not from the log."""

    sentence: str
    line: int | None = None


Rule = Callable[[Failure], Reason | None]


def reason(failure: Failure) -> Reason:
    """Why the job failed, by the first rule that knows it; the last one always does."""
    return next(found for rule in RULES if (found := rule(failure)))


def _never_started(failure: Failure) -> Reason | None:
    """The job script itself gave up, or a command before the training failed."""
    ours = failure.log.ours
    place = next((place for place, line in enumerate(ours) if line.text == "the training was not started"), 0)
    if not place:
        return None
    why = ours[place - 1]
    line_before = ours[max(place - 2, 0)].text
    if why.text.startswith(_BEFORE_TRAINING):
        what = f"the command before it, {_command(why.text)}, ended the job"
    elif why.text.startswith("this command failed") and line_before.startswith(_BEFORE_TRAINING):
        what = f"the command before it, {_command(line_before)}, failed with exit code {failure.exit_code}"
    else:
        what = shortened(why.text, 200)
    return _reason_at(f"The training was not started: {what}.", why)


def _command(text: str) -> str:
    return shortened(text.removeprefix(_BEFORE_TRAINING), 120)


# What the job script writes then, and what that of version 0.1.0 did.
_ASKED_TO_STOP = ("the job was asked to stop", "the site asks the job to stop")


def _asked_to_stop(failure: Failure) -> Reason | None:
    """The job was asked to stop. Whatever its training wrote after that is not the reason."""
    asked = next((line for line in failure.log.ours if line.text.startswith(_ASKED_TO_STOP)), None)
    if asked is None and failure.exit_code != _BY_SIGNAL + signal.SIGTERM:
        return None
    if asked is None and _is_of_many(failure.log) and fatal_exception(failure.log.lines):
        return None
    return Reason(
        "The job was asked to stop (signal 15): it reached its time limit, or somebody ended it in the batch system.",
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
    for line in failure.log.lines[: -_LINES_SEARCHED - 1 : -1]:
        found = _COMPLAINT.fullmatch(line.text.strip())
        # Programs that miss a file complain in the same words, but that does not explain exit code 126.
        if found and (code == _NOT_FOUND or found["why"] not in _MISSING):
            return _reason_at(f"The command {found['name'].strip()} {_complaint(found['why'])}.", line)
    what = "was not found" if code == _NOT_FOUND else "cannot be executed, or is not a program"
    return Reason(f"A command {what} (exit code {code}).")


def _complaint(why: str) -> str:
    return "was not found" if why in _MISSING else f"could not be executed: {why.rstrip('.')}"


# How bash and env show a carriage return, which they take for a part of the name of a program or command.
_CARRIAGE_RETURN = re.compile(r"\\r['\u2019]|\^M:")
# What bash says if that may be the reason, but also the program that the first line names, or a missing end.
_MAYBE_CARRIAGE_RETURN = ("cannot execute: required file not found", "syntax error: unexpected end of file")
_WRONG_SCRIPT = 2


def _lines_of_windows(failure: Failure) -> Reason | None:
    """A script whose lines end as on Windows."""
    if failure.exit_code not in (_WRONG_SCRIPT, _NOT_FOUND, _NOT_EXECUTABLE):
        return None
    for line in failure.log.lines[: -_LINES_SEARCHED - 1 : -1]:
        words = shortened(line.text.strip(), 120)
        if _CARRIAGE_RETURN.search(line.text):
            return _reason_at(
                f"The lines of a script end as on Windows, with CR LF: save it with LF alone. Bash said: {words}", line
            )
        if line.text.endswith(_MAYBE_CARRIAGE_RETURN):
            return _reason_at(
                f"{words}. If the lines of this script end as on Windows, with CR LF, save it with LF alone.", line
            )
    return None


def _exception(failure: Failure) -> Reason | None:
    """A Python exception ended the program.

    Python exits with 1 after an exception. So if a signal ended the job, an exception counts only if the log is of
    several processes: then one of them may have raised it, and another was ended because of that.
    """
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
    for line in failure.log.lines[: -_LINES_SEARCHED - 1 : -1]:
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
    """The last line of the log. A program that ends by itself usually says why: `sys.exit("...")`, a wrong option."""
    if not failure.log.lines:
        return None
    line = failure.log.lines[-1]
    words = shortened(line.text, LONGEST_REASON)
    return _reason_at(f"Exit code {failure.exit_code}. Last line: {words}", line) if words else None


def _exit_code(failure: Failure) -> Reason:
    return Reason(f"The job ended with exit code {failure.exit_code}.")


# Tried in this order. Rules for more causes (memory of a GPU, missing modules) belong before `_exception`.
RULES: tuple[Rule, ...] = (
    _never_started,
    _asked_to_stop,
    _lines_of_windows,
    _no_such_command,
    _exception,
    _ended_by_signal,
    _last_words,
    _exit_code,
)


def _reason_at(sentence: str, line: Line) -> Reason:
    return Reason(shortened(sentence, LONGEST_REASON), line.number)


def _is_of_many(log: LogEnd) -> bool:
    """Whether several processes wrote the log. The exit code may then be that of a process that was ended because
    another one failed."""
    writers = {line.writer for line in log.lines if line.writer}
    return len(writers) > 1 or any(line.text.startswith(("srun: ", "slurmstepd: ")) for line in log.lines)


def _signal_of(failure: Failure) -> int:
    """The signal that ended the job, or 0 for none. Shells exit with 128 plus the signal's number."""
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
    signal.SIGTERM: "asked to stop",
}
