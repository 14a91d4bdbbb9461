"""One job in its slot: the commands around its main program, the main program itself, its exports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mantik.demo.sandbox import staging
from mantik.demo.sandbox.description import Request, Side
from mantik.demo.sandbox.execution import JobProcess, Program, script
from mantik.demo.sandbox.jobs import Job, State

ABORTED = "Job aborted."
TIMED_OUT = "Job did not complete normally on BSS: it was ended because its time limit of {limit} seconds was reached."


class JobFailed(Exception):
    """The job ends here as FAILED; the message becomes its status message."""


class Interrupted(Exception):
    """The site stops, or the job was deleted: nothing more may be recorded about this job now."""


@dataclass(frozen=True)
class Run:
    """What a slot needs to know of one job."""

    job: Job
    request: Request
    resources: Mapping[str, str]
    directory: Path

    @property
    def time_limit(self) -> int:
        """In seconds; 0 means none."""
        return int(self.resources.get("Runtime", "0"))


@dataclass
class _Running:
    process: JobProcess
    deadline: float | None
    is_late: bool = field(default=False)


class Runner:
    """Runs jobs in the threads that ask for it, and ends their programs from any other.

    `move(job, state)` changes a job's state; `count_start(job)` is called right before a main program is launched.
    `cut_off`: main programs have no network, as on nodes that have no route to anywhere.
    """

    def __init__(
        self,
        *,
        move: Callable[[Job, State], bool],
        count_start: Callable[[Job], None],
        stopping: threading.Event,
        cut_off: bool,
    ) -> None:
        self._move = move
        self._count_start = count_start
        self._stopping = stopping
        self._cut_off = cut_off
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def run(self, run: Run, command: str) -> None:
        """Run everything from the preceding command to the exports. Raises `JobFailed` and `Interrupted`."""
        job = run.job
        self._side_command(run, "pre")
        job.consume("queued", time.time() - job.submitted_at)
        self._main_program(run, command)
        self._side_command(run, "post")
        for transfer in staging.transfers(run.request.document, "Exports"):
            try:
                staging.export_file(run.directory, transfer)
            except staging.StagingFailed as error:
                raise JobFailed(f"Staging out failed. Reason: {error}") from None
        job.consume("stage-out", 0)

    def stop(self, job_id: str) -> bool:
        """Ask the job's program to end; False if none runs."""
        with self._lock:
            running = self._running.get(job_id)
        if running:
            running.process.stop()
        return running is not None

    def kill(self, job_id: str) -> None:
        with self._lock:
            running = self._running.get(job_id)
        if running:
            running.process.kill()

    def kill_all(self) -> None:
        with self._lock:
            processes = [running.process for running in self._running.values()]
        for process in processes:
            process.kill()

    def end_late_ones(self) -> None:
        """Stop the programs whose time limit has passed."""
        now = time.monotonic()
        with self._lock:
            late = [r for r in self._running.values() if r.deadline and r.deadline < now and not r.is_late]
            for running in late:
                running.is_late = True
        for running in late:
            running.process.stop()

    def _main_program(self, run: Run, command: str) -> None:
        job = run.job
        self._raise_if_over(job)
        job.queue, job.batch_id = run.resources["Queue"], f"SANDBOX-{job.id}-{job.times_started + 1}"
        asked = ", ".join(f"{name}={value}" for name, value in run.resources.items())
        job.note(f"Requesting resources: [{asked}]")
        job.note(f"Submitted executable: {run.request.executable}")
        if not self._move(job, State.RUNNING):
            raise Interrupted
        self._count_start(job)
        program = run.request.main_program(run.directory, command)
        began = time.time()
        self._execute(run, program, limit=run.time_limit, cut_off=self._cut_off)
        job.consume("main", time.time() - began)
        job.exit_code = program.exit_code()
        if job.exit_code is not None:
            job.note(f"Exit code {job.exit_code}")
        self._move(job, State.STAGINGOUT)
        if job.exit_code and not run.request.ignores_exit_code():
            raise JobFailed(f"User application {_nonzero(job.exit_code, run.directory)}")

    def _side_command(self, run: Run, side: Side) -> None:
        """The command before or after the main program that runs on the login node, if there is one."""
        program = run.request.login_node_program(run.directory, side)
        if program is None:
            return
        run.job.note(f"Launched {side} command <{program.command}>")
        began = time.time()
        self._execute(run, program, limit=0)
        run.job.consume(f"{side}Command", time.time() - began)
        code = program.exit_code()
        if code and not run.request.ignores_exit_code(side):
            raise JobFailed(f"{side.title()}-command(s) failed: [Command {_nonzero(code, run.directory)}]")

    def _execute(self, run: Run, program: Program, *, limit: int, cut_off: bool = False) -> None:
        """Run one program to its end. Raises `JobFailed` if the job was aborted or ran out of time."""
        job = run.job
        self._raise_if_over(job)
        text = script(program, run.request.document, run.resources, job.owner)
        process = JobProcess(program, text, cut_off=cut_off)
        running = _Running(process, time.monotonic() + limit if limit else None)
        with self._lock:
            self._running[job.id] = running
        if job.abort_requested or job.is_deleted or self._stopping.is_set():
            # The thread that asked for this may have looked for the program just before it could be found.
            process.stop()
        process.wait()
        with self._lock:
            del self._running[job.id]
        if self._stopping.is_set() and not process.was_killed:
            return
        self._raise_if_over(job)
        if running.is_late:
            raise JobFailed(TIMED_OUT.format(limit=limit))

    def _raise_if_over(self, job: Job) -> None:
        if job.is_deleted or self._stopping.is_set():
            raise Interrupted
        if job.abort_requested:
            raise JobFailed(ABORTED)


def _nonzero(code: int, directory: Path) -> str:
    where = f"More information might be available in the job's working directory '{directory}/'"
    return f"exited with non-zero exit code: <{code}>. {where}"
