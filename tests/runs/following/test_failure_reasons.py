"""Why a job failed, read from the end of many logs. Pure."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runs.following.failure_reasons import LONGEST_REASON, Failure, reason
from runs.following.log_lines import log_end
from tests.support.examples import examples

FRAMES = '  File "/job/code/train.py", line 214, in <module>\n    main(args)\n    ~~~~^^^^^^\n'
TRACEBACK = f"Traceback (most recent call last):\n{FRAMES}"
EPOCHS = "epoch 1 loss 0.3\nepoch 2 loss 0.2\n"
ASKED_TO_STOP = (
    "The job was asked to stop (signal 15): it reached its time limit, or somebody ended it in the batch system."
)


def reason_of(log: str | bytes, code: int = 1, memory: str = "") -> tuple[str, int | None]:
    content = log.encode() if isinstance(log, str) else log
    found = reason(Failure(code, log_end(content), memory))
    return found.sentence, found.line


def finished(code: int = 1) -> str:
    return f"[mantik] finished with exit code {code} after 12 s\n"


def each_rank(*logs: str, form: str = "{}: ") -> str:
    """What the processes wrote, one line of each in turn, as launchers label it."""
    parts = [log.splitlines() for log in logs]
    rows = range(max(map(len, parts)))
    return "".join(
        f"{form.format(rank)}{part[row]}\n" for row in rows for rank, part in enumerate(parts) if row < len(part)
    )


def test_the_last_line_of_a_traceback_is_the_reason() -> None:
    log = f"[mantik] run 1\n{EPOCHS}{TRACEBACK}IndexError: list index out of range\n{finished()}"
    assert reason_of(log) == ("IndexError: list index out of range", 8)


@pytest.mark.parametrize(
    "between",
    [
        "\nDuring handling of the above exception, another exception occurred:\n\n",
        "\nThe above exception was the direct cause of the following exception:\n\n",
    ],
)
def test_of_a_chain_the_last_one_is(between: str) -> None:
    log = f"{TRACEBACK}KeyError: 'lr'\n{between}{TRACEBACK}ValueError: no learning rate\n{finished()}"
    assert reason_of(log)[0] == "ValueError: no learning rate"


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        ("AssertionError\n", "AssertionError"),
        ("torch.OutOfMemoryError: CUDA out of memory.\nTried 2 GiB.\n", "torch.OutOfMemoryError: CUDA out of memory."),
        ("__main__.Überlauf: zu groß → ✗\n", "__main__.Überlauf: zu groß → ✗"),
        ("\x1b[31mValueError\x1b[0m: \x1b[1mbold\x1b]0;title\x07\x00\x07\n", "ValueError: bold"),
        ("OSError: \nYou need access to this repository.\n", "OSError: You need access to this repository."),
        (f"ValueError: {'x' * 5000}\n", f"ValueError: {'x' * (LONGEST_REASON - 13)}…"),
        ("KeyboardInterrupt\n", "KeyboardInterrupt"),
        ("ValueError: tab\there\r\n", "ValueError: tab here"),
        (
            "ray.exceptions.RayTaskError(IndexError): ray::f() (pid=3)\n" + FRAMES + "IndexError: inside\n",
            "IndexError: inside",
        ),
        (
            "IndexError: Caught IndexError in DataLoader worker process 0.\nOriginal " + TRACEBACK + "IndexError: 7\n",
            "IndexError: 7",
        ),
    ],
    ids=["no message", "many lines", "unicode", "escapes", "break", "long", "keyboard", "crlf", "ray", "worker"],
)
def test_shapes_of_last_lines(ending: str, sentence: str) -> None:
    assert reason_of(EPOCHS + TRACEBACK + ending + finished())[0] == sentence


def test_a_syntax_error_has_frames_and_no_header() -> None:
    log = f"  File \"train.py\", line 1\n    print(\n         ^\nSyntaxError: '(' was never closed\n{finished()}"
    assert reason_of(log) == ("SyntaxError: '(' was never closed", 4)


def test_a_traceback_that_begins_behind_a_progress_bar() -> None:
    bar = " 10%|█         | 1/10 [00:01]\r 20%|██        | 2/10 [00:02]"
    assert reason_of(f"{bar}{TRACEBACK}RuntimeError: NaN\n{finished()}") == ("RuntimeError: NaN", 5)


def test_an_exception_group() -> None:
    log = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "t.py", line 1, in <module>\n'
        "  |     raise ExceptionGroup('many', [ValueError('a')])\n"
        "  | ExceptionGroup: many (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "t.py", line 2, in f\n'
        "    | ValueError: a\n"
        "    +------------------------------------\n"
    )
    assert reason_of(log)[0] == "ValueError: a"


@pytest.mark.parametrize("form", ["{}: ", "[rank{}]: ", "[default{}]:", "[1,{}]<stderr>:", "(train pid=4{}) "])
def test_of_many_processes_the_one_that_failed_first(form: str) -> None:
    first = f"{TRACEBACK}IndexError: list index out of range\n"
    later = f"epoch 3\n\n\n{TRACEBACK}RuntimeError: connection closed by peer\n"
    assert reason_of(each_rank(later, first, form=form) + finished())[0] == "IndexError: list index out of range"


def test_what_only_follows_from_another_process_does_not_win() -> None:
    wrapper = (
        f"{TRACEBACK}torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
        "============\ntrain.py FAILED\n------------\nRoot Cause (first observed failure):\n"
        "  exitcode  : 1 (pid: 4711)\n============\n"
    )
    log = f"{TRACEBACK}IndexError: list index out of range\n{wrapper}{finished()}"
    assert reason_of(log)[0] == "IndexError: list index out of range"
    killed = wrapper.replace("exitcode  : 1 ", "exitcode  : -9 ")
    assert reason_of(killed + finished(), memory="2G") == (
        "A process was killed (signal 9). The usual cause is that memory ran out. The config asks for 2G per node.",
        10,
    )
    assert reason_of(wrapper + finished())[0].endswith("ChildFailedError: train.py FAILED")


def test_an_exception_that_was_caught_long_before_the_end_is_no_reason() -> None:
    log = f"{TRACEBACK}KeyError: 'a'\n{EPOCHS * 60}giving up\n{finished(3)}"
    assert reason_of(log, 3) == ("Exit code 3. Last line: giving up", 126)


def test_what_python_says_while_it_ends_is_no_reason() -> None:
    ignored = f"Exception ignored in: <function Pool.__del__ at 0x7f>\n{TRACEBACK}AttributeError: 'NoneType'\n"
    logging = f"--- Logging error ---\n{TRACEBACK}ValueError: closed file\nCall stack:\n{FRAMES}Message: 'x'\n"
    log = f"{TRACEBACK}IndexError: 3\n{ignored}{logging}{finished()}"
    assert reason_of(log)[0] == "IndexError: 3"


def test_commands_after_the_training_decide_nothing() -> None:
    after = f"[mantik] after the training: python pack.py\n{TRACEBACK}OSError: disk\n"
    assert reason_of(f"{TRACEBACK}IndexError: 3\n{after}{finished()}")[0] == "IndexError: 3"


@pytest.mark.parametrize(
    ("log", "code", "sentence"),
    [
        ("No data in /scratch\n", 1, "Exit code 1. Last line: No data in /scratch"),
        ("usage: t.py\nt.py: error: no --lr\n", 2, "Exit code 2. Last line: t.py: error: no --lr"),
        ("no break at the end", 1, "Exit code 1. Last line: no break at the end"),
        ("", 3, "The job ended with exit code 3."),
        ("\n\x1b[0m\n  \n", 3, "The job ended with exit code 3."),
    ],
)
def test_what_a_program_says_last_where_nothing_was_raised(log: str, code: int, sentence: str) -> None:
    assert reason_of(log + finished(code), code)[0] == sentence


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (126, "A command cannot be executed, or is not a program (exit code 126)."),
        (127, "A command was not found (exit code 127)."),
        (130, "Interrupted (signal 2)."),
        (134, "Ended by its own call to abort() (signal 6)."),
        (135, "Ended by SIGBUS (signal 7)."),
        (
            137,
            "Killed (signal 9). The usual cause is that memory ran out. The config does not set MemoryPerNode.",
        ),
        (139, "Ended by a segmentation fault (signal 11)."),
        (143, ASKED_TO_STOP),
        (128, "The job ended with exit code 128."),
        (255, "The job ended with exit code 255."),
    ],
)
def test_what_exit_codes_mean(code: int, sentence: str) -> None:
    assert reason_of(finished(code), code) == (sentence, None)


def test_who_was_killed_is_told_what_was_asked() -> None:
    log = f"{TRACEBACK}KeyError: 'caught'\n{EPOCHS}{finished(137)}"
    assert reason_of(log, 137, memory="2G")[0].endswith(
        "The usual cause is that memory ran out. The config asks for 2G per node."
    )


def test_srun_kills_the_others_when_one_has_failed() -> None:
    log = each_rank(EPOCHS, f"{TRACEBACK}IndexError: 3\n") + f"srun: error: n1: task 0: Killed\n{finished(137)}"
    assert reason_of(log, 137)[0] == "IndexError: 3"


def test_what_a_training_says_that_is_told_to_stop_is_no_reason() -> None:
    log = (
        f"{EPOCHS}[mantik] the job was asked to stop (signal 15); passing that on to the training\n"
        f"{TRACEBACK}SystemError: interrupted\n{finished()}"
    )
    assert reason_of(log) == (ASKED_TO_STOP, 3)


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("bash: line 1: pythn: command not found", 127, "The command pythn was not found."),
        ("sh: 1: pythn: not found", 127, "The command pythn was not found."),
        ("/usr/bin/env: ‘pythn’: No such file or directory", 127, "The command pythn was not found."),  # noqa: RUF001
        (
            "bash: line 1: ./t.sh: Permission denied",
            126,
            "The command ./t.sh could not be executed: Permission denied.",
        ),
        (
            "bash: line 1: ./t.sh: cannot execute: required file not found",
            127,
            "bash: line 1: ./t.sh: cannot execute: required file not found. If the lines of this script end as on "
            "Windows, with CR LF, save it with LF alone.",
        ),
        (
            "t.sh: line 4: syntax error: unexpected end of file",
            2,
            "t.sh: line 4: syntax error: unexpected end of file. If the lines of this script end as on Windows, with "
            "CR LF, save it with LF alone.",
        ),
        (
            "t.sh: line 3: $'ls\\r': command not found",
            127,
            "The lines of a script end as on Windows, with CR LF: save it with LF alone. Bash said: t.sh: line 3: "
            "$'ls\\r': command not found",
        ),
        (
            "/usr/bin/env: ‘python3\\r’: No such file or directory",  # noqa: RUF001
            127,
            "The lines of a script end as on Windows, with CR LF: save it with LF alone. Bash said: /usr/bin/env: "
            "‘python3\\r’: No such file or directory",  # noqa: RUF001
        ),
        (
            "cat: notes: No such file or directory",
            126,
            "A command cannot be executed, or is not a program (exit code 126).",
        ),
    ],
)
def test_the_shells_complaint_names_the_command(line: str, code: int, sentence: str) -> None:
    assert reason_of(f"{EPOCHS}{line}\n{finished(code)}", code)[0] == sentence


def test_a_training_that_was_not_started() -> None:
    end = f"[mantik] the training was not started\n[mantik] after the training: true\n{finished(9)}"
    module = "[mantik] module load Nope\nLmod: unknown\n[mantik] the module Nope could not be loaded\n"
    assert reason_of(module + end, 9) == ("The training was not started: the module Nope could not be loaded.", 3)
    before = "[mantik] before the training: pip install x\nno network\n"
    failed = "[mantik] this command failed with exit code 9\n"
    assert reason_of(before + failed + end, 9) == (
        "The training was not started: the command before it, pip install x, failed with exit code 9.",
        3,
    )
    assert reason_of("[mantik] before the training: exit 0\n" + end, 1) == (
        "The training was not started: the command before it, exit 0, ended the job.",
        1,
    )


def test_numbers_of_lines_go_on_from_where_the_end_begins() -> None:
    assert reason(Failure(1, log_end(f"{TRACEBACK}IndexError: 3\n".encode(), first=1200))).line == 1204


PIECES = st.sampled_from(
    [
        *(
            TRACEBACK,
            FRAMES,
            "IndexError: 3\n",
            "0: ",
            "[rank1]: ",
            "\n",
            "\r",
            "\x1b[31m",
            "\x1b]",
            "\x00",
            "  ",
            "| ",
        ),
        *(
            "[mantik] ",
            "[mantik] the training was not started\n",
            "[mantik] after the training: x\n",
            "a: ",
            "Zoë: ß\n",
        ),
        *(
            "bash: line 1: x: command not found\n",
            "Exception ignored in: x\n",
            "ChildFailedError: \n",
            "srun: error: x\n",
        ),
    ]
)
LOGS = st.lists(PIECES | st.text(max_size=40), max_size=40).map("".join).map(lambda text: text.encode(errors="replace"))


@examples(100, 4000)
@given(log=LOGS | st.binary(max_size=400), code=st.integers(1, 255))
@example(log=b"\xff\xfe", code=1)
def test_whatever_the_log_is_there_is_one_line(log: bytes, code: int) -> None:
    found = reason(Failure(code, log_end(log)))
    assert 0 < len(found.sentence) <= LONGEST_REASON
    assert found.sentence.isprintable()
    assert found.line is None or 1 <= found.line <= log.count(b"\n") + 1


HOSTILE = [
    "\x1b[",
    "\x1b]",
    "[",
    "(pid=",
    "a.",
    "0: ",
    "| ",
    'File "',
    "a: ",
    "bash: ",
    f"{TRACEBACK}",
    "Trace\n",
    "\r",
]


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("code", [1, 127])
def test_a_log_made_to_keep_an_expression_busy_is_read_all_the_same(piece: str, code: int) -> None:
    """An expression that goes back and forth over a mebibyte would still be at it when the suite's time limit is up."""
    log = (piece * (1024 * 1024 // len(piece) + 1)).encode()
    found = reason(Failure(code, log_end(log)))
    assert 0 < len(found.sentence) <= LONGEST_REASON
    assert found.sentence.isprintable()


@pytest.mark.parametrize(
    "before",
    ["10:15:22 INFO start\n", "[2026-11-29] start\n", "[10] start\n", "  0: 10%|#\n", "100: loss 0.3\n"],
)
@pytest.mark.parametrize("code", [137, 139, 143])
def test_a_time_a_date_or_a_step_is_no_process(before: str, code: int) -> None:
    """What was caught before the signal is not why the job ended."""
    log = f"{before}{TRACEBACK}FileNotFoundError: cache.pkl\n10:15:24 INFO without cache\n10:20:22 INFO epoch 9\n"
    assert f"signal {code - 128}" in reason_of(log + finished(code), code)[0]


def test_steps_that_are_numbered_like_processes_are_none_beside_a_traceback() -> None:
    steps = "".join(f"{step}: loss 0.3\n" for step in range(200))
    log = f"{steps}{TRACEBACK}FileNotFoundError: cache.pkl\n200: loss 0.2\n{finished(137)}"
    assert "signal 9" in reason_of(log, 137)[0]


def test_a_line_is_quoted_as_it_is() -> None:
    assert (
        reason_of(f"10:15:22 ERROR loss is nan\n{finished(3)}", 3)[0]
        == "Exit code 3. Last line: 10:15:22 ERROR loss is nan"
    )
