"""Submits a run to its site, exactly once.

UNICORE takes no idempotency key: two POSTs are two jobs. Three things together make one started job per run,
whatever dies and whatever gets lost:

1. The run's tag is in the database before the POST that carries it, and so is `posted_at`, which says that a
   POST may be under way. Whoever finds `posted_at` without `job_url` asks the site for the tag before anything
   else, and posts again only after the unknown outcome has rested for `MANTIK_SUBMIT_SETTLE_SECONDS`. After a restore
   from a backup every waiting run does so (`runs/restored/waiting.py`).
2. Jobs are posted unstarted. A job whose URL we never learnt consumes nothing.
3. Only the job whose URL is committed on the run is started, and starting twice does nothing.

A worker holds a lease while it works on a run. The lease only saves work; the protocol does not depend on it. Every
write checks the lease's token, so a worker that was thought dead and comes back cannot commit a job URL. It never
starts the job it made: it leaves it to whoever has the run now, or deletes it if the run has another one.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from connections.git.errors import GitError
from connections.logins.login_health import concerns_login, note_refusal, note_use, why_unused
from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.outages.breaker import note_silence
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from mantik.lib.backoff import Clock, backoff
from mantik.lib.database_loss import DATABASE_AWAY
from mantik.lib.leases import NO_LEASE, Lease, LeaseLost, take
from mantik.lib.sealing import SealBroken
from projects.permissions import Action, may
from runs.job import layout
from runs.lifecycle import JOB_OUT_OF_REACH, cancelled_message, move, record, wait
from runs.models import Run
from runs.restored import marks
from runs.states import RunState
from runs.submission.adoption import FoundJobs, columns_of_started, look_at
from runs.submission.assemble import PreparedJob, newest_of_branch, pack_run, prepare
from runs.submission.doubles import delete_doubles, delete_quietly
from runs.submission.run_files import NotPossible

log = structlog.get_logger(__name__)

# After how many refused logins a run that is to end, and whose job never started, ends without asking the site.
REFUSALS_BEFORE_ENDING = 3
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
PAUSE_BEFORE_LOOKING = timedelta(seconds=5)
# The job's directory appears a moment after the POST; an upload before that fails.
SECONDS_UNTIL_DIRECTORY = 0.2
TRIES_FOR_DIRECTORY = 3
# The hard limit of `runs.tasks.submit_next`. A submission may fetch twice: its repository, and then the submodules and
# Git LFS files of the commit. Each fetch ends by itself after MANTIK_GIT_TIMEOUT, with an error that says so.
LONGEST_TURN = timedelta(seconds=2 * settings.MANTIK_GIT_TIMEOUT + 120)
DATABASE_LOST = "Mantik lost the connection to its database while it submitted the run. It continues by itself."


def submit_run(*, run_id: int, clock: Clock) -> bool:
    """Bring one run as far towards a started job as is possible now. False if it is not due, or another worker has it.

    Safe to call at any time, by any number of workers, any number of times. Whatever the site, the git mirror or MLflow
    answer, the run ends up queued, waiting with a reason, or failed; only our own defects are raised. Does nothing in a
    restored database until `manage.py after_restore` was run.
    """
    if marks.watch.reminder():
        return False
    submission = _claim(run_id, clock)
    if submission is None:
        return False
    try:
        with submission.lease.kept(clock=clock, longest=LONGEST_TURN, give_back=submission.give_back):
            submission.advance()
    except LeaseLost:
        log.warning("submission_lease_lost", run=str(submission.run.uuid))
    return True


def _claim(run_id: int, clock: Clock) -> Submission | None:
    """None if the run is not due, or in another worker's hands."""
    now = clock()
    with transaction.atomic():
        lease = take(
            Run.objects.due_for_submission(now),
            key=run_id,
            now=now,
            attempts=F("attempts") + 1,
            submitting_at=Coalesce("submitting_at", now),
        )
        if lease is None:
            return None
        run = _load(run_id)
        if run.state == RunState.PENDING:
            move(run, to=RunState.SUBMITTING, now=now, message="A worker has started to submit the run.", lease=lease)
    return Submission(run, lease, clock)


def why_no_longer_allowed(run: Run) -> str:
    """Why `run` may no longer be submitted, although it was allowed when it was stored; "" if it may.

    Time passes between RUN! and the job: people leave projects and delete connections.
    """
    if not may(run.created_by, Action.ADD_RUN, run.project):
        return f"{run.created_by.display_name} may no longer start runs in this project."
    if run.connection is None:
        return "The connection of this run was deleted. Run it again with another connection."
    if run.connection.owner_id != run.created_by_id:
        return "The connection of this run belongs to somebody else. Run it again with your own connection."
    return ""


@dataclass
class Submission:
    """One worker's attempt to submit one leased run."""

    run: Run
    lease: Lease[Run]
    clock: Clock

    def advance(self) -> None:
        was_told_to_start = self.run.start_sent_at is not None
        try:
            self._advance()
        except SiteOutcomeUnknown as error:
            is_first = self._note_silence(error)
            self._wait(error.message, pause=PAUSE_BEFORE_LOOKING, keeps_place=is_first, was_in_doubt=True)
        except JobGone:
            may_have_run = "may have started" if was_told_to_start else "had not started yet"
            self._end(RunState.LOST, f"{self.run.site_name} no longer knows the job, which {may_have_run}.")
        except SiteRefused as error:
            self._refused(error)
        except SiteUnavailable as error:
            is_first = self._note_silence(error)
            self._wait(error.message, keeps_place=is_first)
        except TrackingUnavailable as error:
            self._wait(str(error))
        except GitError as error:
            self._git_failed(error)
        except (NotPossible, TrackingRefused, SealBroken) as error:
            self._give_up(str(error))
        except (LeaseLost, *DATABASE_AWAY):
            raise
        except Exception:
            # Our own defect. The run waits, and operators find the traceback in the logs by the run's id.
            self._wait(
                "An error inside Mantik stopped the submission. Mantik tries again. If this does not change, give an "
                f"operator the id of this run: {self.run.uuid}."
            )
            raise

    def _advance(self) -> None:
        run = self.run
        ending = self._ending()
        held = why_unused(run.connection) if run.connection else ""
        # With a refused login a run waits, unless it is to end and has started no job: `_login_refused` ends that.
        if held and (ending is None or run.start_sent_at is not None):
            self._wait(held, pause=LONGEST_PAUSE)
            return
        if ending is not None:
            self._withdraw(*ending)
            return
        if run.posted_at and not run.job_url:
            self._find_posted_job()
        if not run.job_url:
            self._post()
        if not (run.code_is_inline or run.code_uploaded):
            self._upload()
        self._start()

    def _ending(self) -> tuple[RunState, str] | None:
        """How the run is to end instead of being submitted, and why; None if it may be submitted."""
        if self.run.cancel_requested_at:
            return RunState.CANCELLED, cancelled_message(self.run)
        not_allowed = why_no_longer_allowed(self.run)
        return (RunState.FAILED, not_allowed) if not_allowed else None

    # What became of an earlier POST

    def _find_posted_job(self) -> None:
        """Adopt the job that has the run's tag. Returns without a job only if it is safe to post again."""
        jobs = look_at(self._site, self._site.find_jobs(self.run.submission_tag))
        if jobs.started:
            # This database does not know that a worker started it: it was restored from a backup.
            self._adopt(jobs.started[0], **columns_of_started(self.run, now=self.clock()))
            return
        unstarted = (*jobs.ready, *jobs.preparing)
        if unstarted and self.run.code_sha256:
            self._adopt(unstarted[0])
            return
        if unstarted:
            self._discard(jobs)
            return
        self._wait_for_late_arrival(
            "Before sending the job again, Mantik checks whether it is already there, so that it cannot run twice."
        )
        self._write(
            event=("submission.absent", "The site never received the job. Mantik sends it again."),
            posted_at=None,
            was_in_doubt=True,
        )

    def _adopt(self, job_url: str, **columns: Any) -> None:
        found = ("submission.found", "The site had received the job, although its answer was lost.")
        self._write(event=found, job_url=job_url, was_in_doubt=True, **columns)

    def _discard(self, jobs: FoundJobs) -> None:
        """Delete jobs that were never started, if this database does not know which code they were sent."""
        if jobs.preparing:
            raise SiteOutcomeUnknown(
                f"{self.run.site_name} has a job of this run and is still preparing it.", code="unknown.preparing"
            )
        self._require_lease()
        for job_url in jobs.ready:
            with suppress(JobGone):
                self._site.delete(job_url)
        message = "The site had a job from before the restore that was never started. Mantik sends it again."
        self._write(event=("submission.absent", message), posted_at=None, was_in_doubt=True)

    def _wait_for_late_arrival(self, what_mantik_does: str) -> None:
        """Let the run wait if its last POST is so young that it may still arrive. Raises SiteOutcomeUnknown then.

        `what_mantik_does` is the second sentence of the reason.
        """
        assert self.run.posted_at is not None
        if self.clock() - self.run.posted_at >= timedelta(seconds=settings.MANTIK_SUBMIT_SETTLE_SECONDS):
            return
        raise SiteOutcomeUnknown(
            f"{self.run.site_name} did not confirm the job. {what_mantik_does}", code="unknown.resting"
        )

    # Sending

    def _post(self) -> None:
        if self.run.commit_pending:
            columns, event = newest_of_branch(self.run, now=self.clock())
            self._write(event=event, **columns)
        with prepare(self.run, now=self.clock()) as prepared:
            self._write(event=prepared.what_is_missing, posted_at=self.clock(), **prepared.columns)
            job_url = self._submit(prepared)
        try:
            self._write(event=("submission.accepted", f"{self.run.site_name} accepted the job."), job_url=job_url)
        except LeaseLost:
            self._leave_or_delete(job_url)
            raise

    def _leave_or_delete(self, job_url: str) -> None:
        """Decide about a job that was made after this worker had lost the lease.

        The worker that has the run now finds the job by its tag, or has found it already. So the job is deleted only if
        the run has another one, or has ended without a job.
        """
        stored = Run.objects.filter(pk=self.run.pk).only("state", "job_url").first()
        if stored is not None and (stored.job_url == job_url or not (stored.job_url or stored.is_terminal)):
            return
        delete_quietly(lambda: self._site, job_url)

    def _submit(self, prepared: PreparedJob) -> str:
        """POST the job and return its URL. `posted_at` is taken back only if the site certainly has no job of ours."""
        try:
            return self._site.submit(prepared.description)
        except SiteOutcomeUnknown:
            raise
        except SiteError:
            self._write(posted_at=None)
            raise

    def _upload(self) -> None:
        run = self.run
        self._await_directory()
        with pack_run(run, now=self.clock()) as code:
            if code.sha256 != run.code_sha256:
                raise NotPossible(
                    "Packing the code again gave a different archive from the one announced to the site. Run it again."
                )
            with code.open() as content:
                self._site.upload(run.job_url, layout.CODE, content, code.size)
        self._write(code_uploaded=True)

    def _await_directory(self) -> None:
        for _ in range(TRIES_FOR_DIRECTORY):
            time.sleep(SECONDS_UNTIL_DIRECTORY)
            if self._site.ready_for_upload(self.run.job_url):
                return
        raise SiteUnavailable(
            f"{self.run.site_name} is still preparing the job's directory.", code="unavailable.directory"
        )

    def _start(self) -> None:
        run = self.run
        delete_doubles(self._site, run)
        if not run.start_sent_at:
            self._write(start_sent_at=self.clock())
        self._site.start(run.job_url)
        now = self.clock()
        moved = move(
            run,
            to=RunState.QUEUED,
            now=now,
            message=f"Submitted to {run.site_name}.",
            lease=self.lease,
            submitted_at=now,
            next_poll_at=now,
            next_attempt_at=None,
            refusals=0,
            **NO_LEASE,
        )
        if not moved:
            raise LeaseLost
        assert run.connection
        note_use(run.connection, now=now)

    # Ending, or waiting

    def _withdraw(self, to: RunState, message: str) -> None:
        """End a run whose job is not known to have started, and remove its jobs from the site."""
        run = self.run
        what_is_left = ""
        if run.connection is None and run.start_sent_at is not None:
            what_is_left = f" {JOB_OUT_OF_REACH}"
        elif run.connection is not None and (run.posted_at or run.job_url):
            what_is_left = self._remove_jobs_or_say_why_not()
        self._end(to, message + what_is_left)

    def _remove_jobs_or_say_why_not(self) -> str:
        """Remove the run's jobs. Returns what the outcome has to say if one is left, otherwise "".

        Raises the error if the run has to wait until they can be removed.
        """
        try:
            self._remove_jobs()
        except (SiteRefused, SealBroken) as error:
            is_worth_waiting = isinstance(error, SiteRefused) and concerns_login(error)
            if is_worth_waiting or self.run.start_sent_at is not None:
                raise
            return f" Its job, which was never started, could not be removed from {self.run.site_name}. {error}"
        return ""

    def _remove_jobs(self) -> None:
        run = self.run
        jobs = set(self._site.find_jobs(run.submission_tag)) | ({run.job_url} - {""})
        if not jobs:
            self._wait_for_late_arrival(
                "Before ending the run, Mantik checks whether the job is there, so that no job is left behind."
            )
        self._require_lease()
        for job_url in jobs:
            with suppress(JobGone):
                self._site.delete(job_url)

    def _refused(self, error: SiteRefused) -> None:
        if concerns_login(error):
            self._login_refused(error)
        else:
            self._give_up(error.message, site_message=error.site_words or "")

    def _login_refused(self, error: SiteRefused) -> None:
        """The run waits until the site's login service works again, or its owner replaces the secret."""
        run = self.run
        assert run.connection is not None
        note_refusal(run.connection, error, now=self.clock())
        ending = self._ending() if run.start_sent_at is None else None
        if ending is not None and run.refusals + 1 >= REFUSALS_BEFORE_ENDING:
            what_is_left = f" {run.site_name} does not let Mantik in to remove the job, which was never started there."
            self._end(ending[0], ending[1] + (what_is_left if run.posted_at else ""))
            return
        held = why_unused(run.connection)
        self._wait(held or error.message, pause=LONGEST_PAUSE if held else None, refusals=run.refusals + 1)

    def _note_silence(self, error: SiteError) -> bool:
        """Note the error for outages. True if the site was silent at the run's first attempt, so it keeps its place."""
        note_silence(self.run.connection, error, now=self.clock())
        return error.is_silence and self.run.attempts == 1

    def _git_failed(self, error: GitError) -> None:
        if error.permanent:
            self._give_up(error.message)
        else:
            self._wait(error.message)

    def _give_up(self, message: str, **columns: Any) -> None:
        if self.run.start_sent_at is not None:
            # The job may be running, whatever went wrong here.
            self._wait(message)
            return
        if self.run.job_url and self.run.connection is not None:
            self._require_lease()
            delete_quietly(lambda: self._site, self.run.job_url)
        self._end(RunState.FAILED, message, **columns)

    def _end(self, to: RunState, message: str, **columns: Any) -> None:
        now = self.clock()
        # `next_poll_at`: `runs.following.finish` has to close the MLflow run.
        move(
            self.run,
            to=to,
            now=now,
            message=message,
            lease=self.lease,
            next_poll_at=now,
            **columns,
        )

    def _wait(self, reason: str, *, pause: timedelta | None = None, keeps_place: bool = False, **columns: Any) -> None:
        """Give the run back with a reason and a time to try again.

        `keeps_place`: the time does not change. The site's outage holds the run, which is among the first after it.
        """
        now = self.clock()
        # `attempts` includes this one, and backoff counts from 0.
        pause = pause or backoff(self.run.attempts - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        wait(
            self.run,
            reason=reason,
            now=now,
            lease=self.lease,
            next_attempt_at=self.run.next_attempt_at if keeps_place else now + pause,
            **NO_LEASE,
            **columns,
        )

    def give_back(self) -> bool:
        """Give the run back after the database was away. The next worker continues from the row, whatever it says."""
        now = self.clock()
        pause = backoff(self.run.attempts - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        return self.lease.give_back(waiting_for=DATABASE_LOST, waiting_since=now, next_attempt_at=now + pause)

    def _require_lease(self) -> None:
        """Check the lease before deleting a job that another worker may have started. Raises LeaseLost."""
        self._write()

    def _write(self, *, event: tuple[str, str] | None = None, **columns: Any) -> None:
        """Store columns and their event, and lengthen the lease. Raises LeaseLost without storing anything."""
        now = self.clock()
        with transaction.atomic():
            self.lease.write(self.run, now=now, unchanged=("state",), **columns)
            if event:
                record(self.run, now=now, kind=event[0], message=event[1])

    @property
    def _site(self) -> SiteClient:
        assert self.run.connection is not None  # why_no_longer_allowed() ends runs without one
        return open_connection(self.run.connection)


def _load(run_id: int) -> Run:
    run: Run = Run.objects.select_related(
        "project",
        "experiment__project",
        "code_repository__connection__owner",
        "code_repository__project",
        "connection__site",
        "created_by",
        "cancel_requested_by",
    ).get(pk=run_id)
    return run
