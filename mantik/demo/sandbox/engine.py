"""The life of a job on the site: staged, queued, run in one of a few slots, ended, forgotten."""

from __future__ import annotations

import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from mantik.demo.sandbox import staging
from mantik.demo.sandbox.description import DescriptionRefused, Request, asked_resources, read_request
from mantik.demo.sandbox.jobs import Job, State
from mantik.demo.sandbox.queues import Queues, ResourceRefused
from mantik.demo.sandbox.running import ABORTED, Interrupted, JobFailed, Run, Runner
from mantik.demo.sandbox.store import Store

log = logging.getLogger(__name__)

LOST_IN_STOP = "Job did not complete normally: the site was stopped while the job was running on it."
_TICK_SECONDS = 0.25


class Engine:
    """Runs the jobs of a site. Every public method may be called from any thread.

    `jobs` holds those the site knows now, oldest first. The site begins to prepare a job `staging_delay` seconds after
    its submission. `cut_off`: as in `Runner`. `on_change(job, state)` is called at each change of state, in order; it
    must not wait for anything.
    """

    def __init__(
        self,
        *,
        directory: Path,
        store: Store,
        queues: Queues,
        slots: int,
        staging_delay: float,
        cut_off: bool,
        on_change: Callable[[Job, State], None],
    ) -> None:
        self.jobs: dict[str, Job] = {}
        self._directory = directory
        self._store = store
        self._queues = queues
        self._slots = slots
        self._staging_delay = staging_delay
        self._on_change = on_change
        self._lock = threading.RLock()
        self._arrivals: queue.SimpleQueue[tuple[float, Job] | None] = queue.SimpleQueue()
        # One thread prepares jobs, so that they are queued in the order in which they came; another one tidies up.
        self._chores: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._litter: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._runner = Runner(move=self._move, count_start=self._count_start, stopping=self._stopping, cut_off=cut_off)
        self._threads: list[threading.Thread] = []

    # -- what clients ask for ------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up the stored jobs and begin to work."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for job in self._store.jobs():
            self.jobs[job.id] = job
        self._spawn(self._receive, 1, "reception")
        self._spawn(partial(self._work_off, self._chores), 1, "stager")
        self._spawn(partial(self._work_off, self._litter), 1, "cleaner")
        self._spawn(self._run_jobs, self._slots, "slot")
        self._spawn(self._keep_house, 1, "housekeeper")
        for job in list(self.jobs.values()):
            self._resume(job)
        for directory in self._directory.iterdir():
            if directory.name not in self.jobs:
                # It belonged to a job that was deleted right before the site was stopped.
                self._litter.put(partial(shutil.rmtree, directory, ignore_errors=True))

    def stop(self) -> None:
        """End every running program and every thread; the jobs stay stored."""
        self._stopping.set()
        self._runner.kill_all()
        self._arrivals.put(None)
        for _ in range(self._slots):
            self._ready.put(None)
        for chores in (self._chores, self._litter):
            chores.put(_nothing)
        for thread in self._threads:
            thread.join(5)

    def submit(self, job: Job, description: str) -> None:
        job.note("Created with type 'JSON'")
        job.note(f"Client: Name: {job.owner}")
        self._store.add(job, description)
        with self._lock:
            self.jobs[job.id] = job
        self._arrivals.put((time.monotonic() + self._staging_delay, job))

    def request_start(self, job: Job) -> None:
        """Start a job that waits for its client; has no effect on any other."""
        with self._lock:
            if job.start_requested or job.starts_by_itself or job.state.is_done:
                return
            job.start_requested = True
            self._store.save(job)
            is_staged = job.is_staged
        if is_staged:
            self._chores.put(lambda: self._enqueue(job))

    def abort(self, job: Job) -> None:
        """End the job as FAILED, whatever its state; has no effect if it has ended."""
        with self._lock:
            if job.state.is_done:
                return
            job.abort_requested = True
            job.note("Got 'abort' request.")
            self._store.save(job)
            waits = job.is_staged and job.state in {State.READY, State.QUEUED}
        if not self._runner.stop(job.id) and waits:
            self._end(job, State.FAILED, ABORTED)

    def restart(self, job: Job) -> None:
        """Run a finished job again in its directory; has no effect on any other."""
        with self._lock:
            if not job.state.is_done or not job.is_staged:
                return
            job.note("RESTARTING job.")
            job.abort_requested = False
            job.exit_code, job.message, job.consumed = None, "", {}
            job.start_requested = True
            job.state = State.READY
            self._store.save(job)
        self._chores.put(lambda: self._enqueue(job))

    def delete(self, job: Job) -> None:
        """Forget the job at once; its programs are ended and its files deleted right after that."""
        with self._lock:
            job.is_deleted = True
            self.jobs.pop(job.id, None)
        self._runner.kill(job.id)
        self._store.remove(job.id)
        self._litter.put(lambda: self._tidy_up(job))

    def set_properties(self, job: Job, *, tags: list[str] | None = None, terminates_at: float | None = None) -> None:
        with self._lock:
            if tags is not None:
                job.tags = tags
            if terminates_at is not None:
                job.terminates_at = terminates_at
            self._store.save(job)

    def note(self, job: Job, text: str) -> None:
        """A line in the job's log."""
        job.note(text)
        self._store.save(job)

    def directory_of(self, job: Job) -> Path:
        return self._directory / job.id

    def tagged(self, tags: Iterable[str]) -> list[Job]:
        """The jobs that carry all of `tags`, oldest first."""
        wanted = list(tags)
        with self._lock:
            return [job for job in self.jobs.values() if job.has_tags(wanted)]

    @property
    def times_started(self) -> int:
        """How many main programs the site has ever launched, deleted jobs included."""
        return sum(entry.times_started for entry in self._store.ledger())

    # -- preparation ---------------------------------------------------------------------------------------

    def _resume(self, job: Job) -> None:
        """Continue a job that was stored before the site was started again."""
        if job.state in {State.RUNNING, State.STAGINGOUT}:
            job.note("The site was stopped while the job was running.")
            self._end(job, State.FAILED, LOST_IN_STOP)
        elif job.state is State.QUEUED:
            self._ready.put(job)
        elif not job.is_staged and not job.state.is_done:
            self._chores.put(lambda: self._stage(job))
        elif job.state is State.READY and (job.start_requested or job.starts_by_itself):
            self._chores.put(lambda: self._enqueue(job))

    def _stage(self, job: Job) -> None:
        if job.is_deleted:
            return
        try:
            self._prepare(job)
        except Exception as error:
            log.exception("job_cannot_be_prepared")
            self._end(job, State.FAILED, f"Processing failed: {type(error).__name__}: {error}")
        finally:
            self._tidy_up(job)

    def _prepare(self, job: Job) -> None:
        description = self._store.description(job.id)
        directory = self.directory_of(job)
        directory.mkdir(mode=0o700, exist_ok=True)
        job.has_directory = True
        job.note(f"Created job directory <{directory}/>")
        try:
            request = read_request(description, self._queues)
        except DescriptionRefused as error:
            job.note(f"ERROR: {error.log_line}")
            self._forget_data(job, description)
            self._end(job, State.FAILED, error.message)
            return
        job.name, job.kind = request.name, request.kind
        imports = list(staging.transfers(description, "Imports"))
        try:
            self._stage_in(job, directory, imports)
        except staging.StagingFailed as error:
            job.note(f"Stage in was NOT SUCCESSFUL: {error}")
            self._forget_data(job, description)
            self._end(job, State.FAILED, f"Staging in failed. Reason: {error}")
            return
        self._forget_data(job, description)
        self._after_staging(job)

    def _forget_data(self, job: Job, description: dict[str, Any]) -> None:
        """Drop inline data from the stored description: it is in the job's directory by now, or never will be."""
        kept = staging.without_data(description)
        if kept != description:
            self._store.save_description(job.id, kept)

    def _stage_in(self, job: Job, directory: Path, imports: list[staging.Transfer]) -> None:
        """Raises `StagingFailed` for the first file that is missing and must not be."""
        if not imports:
            return
        job.note("Status set to PREPROCESSING (staging in).")
        self._move(job, State.STAGINGIN)
        for transfer in imports:
            job.note(f"Started filetransfer {transfer}")
            try:
                staging.import_file(directory, transfer)
            except staging.StagingFailed:
                if transfer.must_succeed:
                    raise
                job.note(f"Ignoring FAILED filetransfer {transfer}")
        job.note("Stage in is DONE.")

    def _after_staging(self, job: Job) -> None:
        job.consume("stage-in", time.time() - job.submitted_at)
        job.note("Status set to READY.")
        with self._lock:
            job.is_staged = True
            is_aborted = job.abort_requested
            goes_on = job.starts_by_itself or job.start_requested
            self._move(job, State.READY)
        if is_aborted:
            self._end(job, State.FAILED, ABORTED)
        elif goes_on:
            self._enqueue(job)

    def _enqueue(self, job: Job) -> None:
        with self._lock:
            if job.state is not State.READY:
                return
            job.note("Status set to PENDING.")
            if not self._move(job, State.QUEUED):
                return
        try:
            self._resources(self._store.description(job.id))
        except ResourceRefused as error:
            refusal = DescriptionRefused(str(error), "Invalid resource request")
            job.note(f"Could not submit job: {refusal.log_line}")
            self._end(job, State.FAILED, refusal.message)
            return
        self._ready.put(job)

    def _resources(self, description: dict[str, object]) -> dict[str, str]:
        project = description.get("Project")
        return self._queues.resolve(asked_resources(description), str(project) if project else None)

    # -- execution -----------------------------------------------------------------------------------------

    def _run_jobs(self) -> None:
        """One slot: a job after the other, in the order in which they were queued."""
        while (job := self._ready.get()) is not None and not self._stopping.is_set():
            if job.state is not State.QUEUED or job.is_deleted:
                continue
            try:
                self._run(job)
            except Interrupted:
                self._tidy_up(job)
            except JobFailed as error:
                self._end(job, State.FAILED, str(error))
            except Exception as error:
                log.exception("job_broke_the_slot")
                self._end(job, State.FAILED, f"Processing failed: {type(error).__name__}: {error}")

    def _run(self, job: Job) -> None:
        description = self._store.description(job.id)
        request = read_request(description, self._queues)
        if request.command is None:
            job.note("No application to execute, changing action status to POSTPROCESSING")
        else:
            self._runner.run(self._prepared(job, request), request.command)
        job.consume("stage-out", 0)
        job.consume("total", time.time() - job.submitted_at)
        self._end(job, State.SUCCESSFUL, "")

    def _prepared(self, job: Job, request: Request) -> Run:
        return Run(job, request, self._resources(dict(request.document)), self.directory_of(job))

    def _count_start(self, job: Job) -> None:
        job.times_started += 1
        self._store.count_start(job.id)

    # -- ends ----------------------------------------------------------------------------------------------

    def _end(self, job: Job, state: State, message: str) -> None:
        with self._lock:
            if job.state.is_done:
                return
            if job.abort_requested:
                state, message = State.FAILED, ABORTED
            job.message = message
            is_success = state is State.SUCCESSFUL
            job.note("End of processing - successful." if is_success else "Status set to DONE - failure.")
            self._move(job, state)

    def _move(self, job: Job, state: State) -> bool:
        """False if the job has ended or gone in the meantime; then it stays as it is."""
        with self._lock:
            if job.is_deleted or job.state.is_done:
                return False
            job.state = state
            self._store.save(job)
            self._on_change(job, state)
        return True

    def _tidy_up(self, job: Job) -> None:
        """Remove what a deleted job has left; whoever still wrote for it when it was deleted calls this again."""
        if job.is_deleted:
            shutil.rmtree(self.directory_of(job), ignore_errors=True)

    # -- threads -------------------------------------------------------------------------------------------

    def _spawn(self, target: Callable[[], None], count: int, name: str) -> None:
        for number in range(count):
            thread = threading.Thread(target=target, name=f"sandbox-{name}-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _receive(self) -> None:
        while (arrival := self._arrivals.get()) and not self._stopping.is_set():
            due, job = arrival
            self._stopping.wait(max(0.0, due - time.monotonic()))
            self._chores.put(partial(self._stage, job))

    def _work_off(self, chores: queue.SimpleQueue[Callable[[], None]]) -> None:
        while not self._stopping.is_set():
            chore = chores.get()
            try:
                chore()
            except Exception:
                # One job that cannot be staged must not keep the others from it.
                log.exception("chore_failed")

    def _keep_house(self) -> None:
        """Destroy jobs whose time has come and end programs that exceed their limit."""
        while not self._stopping.wait(_TICK_SECONDS):
            now = time.time()
            with self._lock:
                expired = [job for job in self.jobs.values() if job.terminates_at <= now]
            for job in expired:
                self.delete(job)
            self._runner.end_late_ones()


def _nothing() -> None:
    """Wakes a thread that waits for something to do."""
