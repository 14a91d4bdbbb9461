"""Submits a run to its site, exactly once.

UNICORE takes no idempotency key: two POSTs are two jobs. Three things together make one started job per run,
whatever dies and whatever gets lost:

1. The run's tag is in the database before the POST that carries it, and so is `posted_at`, which says that a
   POST may be under way. Whoever finds `posted_at` without `job_url` asks the site for the tag before anything
   else, and posts again only after the unknown outcome has rested for `MANTIK_SUBMIT_SETTLE_SECONDS`. After a restore
   from a backup every waiting run does so (`runs/restored/unsent_runs.py`).
2. Jobs are posted unstarted. A job whose URL we never learnt consumes nothing.
3. Only the job whose URL is committed on the run is started, and starting twice does nothing.

A worker holds a lease while it works on a run. The lease only saves work; the protocol does not depend on it. Every
write checks the lease's token, so a worker that was thought dead and comes back cannot commit a job URL. It never
starts the job it made: it leaves it to whoever has the run now, or deletes it if the run has another one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from connections.git.errors import GitError
from connections.logins.login_health import concerns_login, note_refusal, note_use, why_login_unused
from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.outages.breaker import note_silence
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from mantik.lib.backoff import Clock
from mantik.lib.database_loss import DATABASE_AWAY
from mantik.lib.leases import NO_LEASE, LeaseLost
from mantik.lib.sealing import SealBroken
from projects.permissions import Action, may
from runs.job import layout
from runs.lifecycle import JOB_OUT_OF_REACH, cancelled_message, move
from runs.models import Run
from runs.restored import marks
from runs.states import RunState
from runs.submission.adoption import FoundJobs, look_at, recover_columns
from runs.submission.assemble import newest_of_branch, pack_run, prepare
from runs.submission.claim import LONGEST_PAUSE, ClaimedRun, claim
from runs.submission.doubles import delete_doubles, delete_quietly
from runs.submission.run_files import NotPossible, has_relay
from runs.tracking.job_tracking import expect_journals
from runs.tracking.run_tokens import know_run_tokens, make_run_token

log = structlog.get_logger(__name__)

# After how many refused logins a run that is to end, and whose job never started, ends without asking the site.
REFUSALS_BEFORE_ENDING = 3
# Before the site is asked for a job whose POST was not answered. It does not grow: after
# MANTIK_SUBMIT_SETTLE_SECONDS the question is settled.
PAUSE_BEFORE_LOOKING = timedelta(seconds=5)
# The job's directory appears a moment after the POST; an upload before that fails.
SECONDS_UNTIL_DIRECTORY = 0.2
TRIES_FOR_DIRECTORY = 3
# The hard limit of `runs.tasks.submit_next`. A submission may fetch twice: its repository, and then the submodules and
# Git LFS files of the commit. Each fetch ends by itself after MANTIK_GIT_TIMEOUT, with an error that says so.
LONGEST_TURN = timedelta(seconds=2 * settings.MANTIK_GIT_TIMEOUT + 120)


def submit_run(*, run_id: int, clock: Clock) -> bool:
    """Bring one run as far towards a started job as is possible now. False if it is not due, or another worker has it.

    Safe to call at any time, by any number of workers, any number of times. Whatever the site, the git mirror or MLflow
    answer, the run ends up queued, waiting with a reason, or failed; only our own defects are raised. Does nothing in a
    restored database until `manage.py after_restore` was run.
    """
    if marks.watch.why_nothing_may_start():
        return False
    claimed = claim(run_id, clock)
    if claimed is None:
        return False
    try:
        with claimed.lease.kept(clock=clock, longest=LONGEST_TURN, give_back=claimed.give_back):
            Submission(claimed).advance()
    except LeaseLost:
        log.warning("submission_lease_lost", run=str(claimed.run.uuid))
    return True


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


class Submission:
    """One worker's attempt to submit the run that it has claimed."""

    def __init__(self, claimed: ClaimedRun) -> None:
        self.claimed, self.run, self.clock = claimed, claimed.run, claimed.clock

    def advance(self) -> None:
        was_told_to_start = self.run.start_sent_at is not None
        try:
            self._advance()
        except SiteOutcomeUnknown as error:
            self._not_answered(error, pause=PAUSE_BEFORE_LOOKING, was_in_doubt=True)
        except JobGone:
            may_have_run = "may have started" if was_told_to_start else "had not started yet"
            self.claimed.end(RunState.LOST, f"{self.run.site_name} no longer knows the job, which {may_have_run}.")
        except SiteRefused as error:
            self._refused(error)
        except SiteUnavailable as error:
            self._not_answered(error)
        except TrackingUnavailable as error:
            self.claimed.wait(str(error))
        except GitError as error:
            self._git_failed(error)
        except (NotPossible, TrackingRefused, SealBroken) as error:
            self._give_up(str(error))
        except (LeaseLost, *DATABASE_AWAY):
            raise
        except Exception:
            # Our own defect. The run waits, and operators find the traceback in the logs by the run's id.
            self.claimed.wait(
                "An error inside Mantik stopped the submission. Mantik tries again. If this does not change, give an "
                f"operator the id of this run: {self.run.uuid}."
            )
            raise

    def _advance(self) -> None:
        run = self.run
        ending = self._ending()
        unused = why_login_unused(run.connection) if run.connection else ""
        # With a refused login a run waits, unless it is to end and has started no job: `_login_refused` ends that.
        if unused and (ending is None or run.start_sent_at is not None):
            self.claimed.wait(unused, pause=LONGEST_PAUSE)
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
            found = "The site has a job of this run that was started before the database was restored."
            self._adopt(jobs.started[0], found, **recover_columns(self.run, now=self.clock()))
            return
        unstarted = (*jobs.ready, *jobs.preparing)
        if unstarted and self.run.code_sha256:
            self._adopt(unstarted[0], "The site already has a job of this run, so Mantik sends no other.")
            return
        if unstarted:
            self._discard(jobs)
            return
        self._wait_for_late_arrival(
            "Before sending the job again, Mantik checks whether it is already there, so that it cannot run twice."
        )
        self.claimed.write(
            event=("submission.absent", "The site has no job of this run. Mantik sends it."),
            posted_at=None,
            was_in_doubt=True,
        )

    def _adopt(self, job_url: str, message: str, **columns: Any) -> None:
        with transaction.atomic():
            # A database that was restored may not know the token and the relay that the job was sent.
            know_run_tokens(self.run, now=self.clock())
            if has_relay(self.run):
                expect_journals(self.run)
            self.claimed.write(event=("submission.found", message), job_url=job_url, was_in_doubt=True, **columns)

    def _discard(self, jobs: FoundJobs) -> None:
        """Delete jobs that were never started, if this database does not know which code they were sent."""
        if jobs.preparing:
            raise SiteOutcomeUnknown(
                f"{self.run.site_name} has a job of this run and is still preparing it.", code="unknown.preparing"
            )
        self.claimed.require_lease()
        for job_url in jobs.ready:
            with suppress(JobGone):
                self._site.delete(job_url)
        message = "The site had a job from before the restore that was never started. Mantik sends it again."
        self.claimed.write(event=("submission.absent", message), posted_at=None, was_in_doubt=True)

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
            self.claimed.write(event=event, **columns)
        with prepare(self.run, now=self.clock()) as prepared:
            with transaction.atomic():
                # Whatever becomes of the POST, the token of a job that it makes is known.
                token = make_run_token(self.run, now=self.clock())
                if prepared.has_relay:
                    expect_journals(self.run)
                self.claimed.write(event=prepared.what_is_missing, posted_at=self.clock(), **prepared.columns)
            job_url = self._submit(prepared.describe(token))
        try:
            self.claimed.write(
                event=("submission.accepted", f"{self.run.site_name} accepted the job."), job_url=job_url
            )
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

    def _submit(self, description: Mapping[str, Any]) -> str:
        """POST the job and return its URL. `posted_at` is taken back only if the site certainly has no job of ours."""
        try:
            return self._site.submit(description)
        except SiteOutcomeUnknown:
            raise
        except SiteError:
            self.claimed.write(posted_at=None)
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
        self.claimed.write(code_uploaded=True)

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
            self.claimed.write(start_sent_at=self.clock())
        self._site.start(run.job_url)
        now = self.clock()
        moved = move(
            run,
            to=RunState.QUEUED,
            now=now,
            message=f"Submitted to {run.site_name}.",
            lease=self.claimed.lease,
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
        self.claimed.end(to, message + what_is_left)

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
            return f" The job, which was never started, could not be removed from {self.run.site_name}. {error}"
        return ""

    def _remove_jobs(self) -> None:
        run = self.run
        jobs = set(self._site.find_jobs(run.submission_tag)) | ({run.job_url} - {""})
        if not jobs:
            self._wait_for_late_arrival(
                "Before ending the run, Mantik checks whether the job is there, so that no job is left behind."
            )
        self.claimed.require_lease()
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
            self.claimed.end(ending[0], ending[1] + (what_is_left if run.posted_at else ""))
            return
        unused = why_login_unused(run.connection)
        self.claimed.wait(unused or error.message, pause=LONGEST_PAUSE if unused else None, refusals=run.refusals + 1)

    def _not_answered(self, error: SiteError, *, pause: timedelta | None = None, **columns: Any) -> None:
        """Count the error for the site's outage, and wait. A run that was never tried before keeps its place."""
        note_silence(self.run.connection, error, now=self.clock())
        is_first = self.run.attempts == 1
        self.claimed.wait(error.message, pause=pause, keeps_next_attempt=error.is_silence and is_first, **columns)

    def _git_failed(self, error: GitError) -> None:
        if error.permanent:
            self._give_up(error.message)
        else:
            self.claimed.wait(error.message)

    def _give_up(self, message: str, **columns: Any) -> None:
        if self.run.start_sent_at is not None:
            # The job may be running, whatever went wrong here.
            self.claimed.wait(message)
            return
        if self.run.job_url and self.run.connection is not None:
            self.claimed.require_lease()
            delete_quietly(lambda: self._site, self.run.job_url)
        self.claimed.end(RunState.FAILED, message, **columns)

    @property
    def _site(self) -> SiteClient:
        assert self.run.connection is not None  # why_no_longer_allowed() ends runs without one
        return open_connection(self.run.connection)
