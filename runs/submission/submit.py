"""Handing a run to its site, exactly once.

UNICORE takes no idempotency key: two POSTs are two jobs. Three things together make one started job per run,
whatever dies and whatever gets lost:

1. The run's tag is in the database before the POST that carries it, and so is `posted_at`, which says that a
   POST may be under way. Whoever finds `posted_at` without `job_url` asks the site for the tag before anything
   else, and posts again only after the unknown outcome has rested for `MANTIK_SUBMIT_SETTLE_SECONDS`.
2. Jobs are posted unstarted. A job whose URL we never learnt consumes nothing.
3. Only the job whose URL is committed on the run is started, and starting twice does nothing.

A worker holds a lease while it works on a run. The lease saves work, the protocol does not rest on it: every
write is fenced by the lease's token, so a worker that was thought dead and comes back cannot commit a job URL
any more, deletes the job it made, and never starts it. The job of the run it leaves alone.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from connections.git.errors import GitError
from connections.logins.login_health import is_of_login, note_refusal, note_use, objection
from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError, SiteOutcomeUnknown, SiteRefused, SiteUnavailable
from mantik.lib.backoff import Clock, backoff
from mantik.lib.leases import NO_LEASE, Lease, LeaseLost, take
from mantik.lib.sealing import SealBroken
from projects.permissions import Action, may
from runs.lifecycle import cancelled_message, move, record, wait
from runs.models import Run
from runs.states import RunState
from runs.submission.assemble import CODE_ARCHIVE, NotPossible, PreparedJob, newest_of_branch, pack_run, prepare
from runs.submission.doubles import delete_doubles, delete_quietly

log = structlog.get_logger(__name__)

# Of the login, when all that is left to do is to remove a job that was never started.
REFUSALS_BEFORE_CANCELLING = 3
PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
PAUSE_BEFORE_LOOKING = timedelta(seconds=5)
# The job's directory appears a moment after the POST; an upload before that fails.
SECONDS_UNTIL_DIRECTORY = 0.2
TRIES_FOR_DIRECTORY = 3


def submit_run(*, run_id: int, clock: Clock) -> None:
    """Take one run as far towards a started job as is possible now.

    Safe to call at any time, by any number of workers, any number of times. What the site, the git mirror or
    MLflow answer ends as a waiting reason, a failure or a queued run; only our own defects are raised.
    """
    submission = _claim(run_id, clock)
    if submission is None:
        return
    try:
        submission.advance()
    except LeaseLost:
        log.warning("submission_lease_lost", run=str(submission.run.uuid))


def _claim(run_id: int, clock: Clock) -> Submission | None:
    """None if the run is not due, or in another worker's hands."""
    now = clock()
    with transaction.atomic():
        lease = take(
            Run.objects.due_for_submission(now),
            key=run_id,
            now=now,
            time=timedelta(seconds=settings.MANTIK_SUBMIT_LEASE_SECONDS),
            attempts=F("attempts") + 1,
            submitting_at=Coalesce("submitting_at", now),
        )
        if lease is None:
            return None
        run = _load(run_id)
        if run.state == RunState.PENDING:
            move(run, to=RunState.SUBMITTING, now=now, message="A worker took it up.", lease=lease)
    return Submission(run, lease, clock)


def standing_objection(run: Run) -> str:
    """Why `run` may not go on now, although it was allowed when it was stored; "" if it may.

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
    """One worker's turn at one leased run."""

    run: Run
    lease: Lease[Run]
    clock: Clock

    def advance(self) -> None:
        try:
            self._advance()
        except SiteOutcomeUnknown as error:
            self._wait(error.message, pause=PAUSE_BEFORE_LOOKING, was_in_doubt=True)
        except JobGone:
            self._end(RunState.LOST, f"{self.run.site_name} no longer knows the job, which had not started yet.")
        except SiteRefused as error:
            self._refused(error)
        except (SiteUnavailable, TrackingUnavailable) as error:
            self._wait(error.message)
        except GitError as error:
            self._git_failed(error)
        except (NotPossible, TrackingRefused, SealBroken) as error:
            self._give_up(str(error))
        except LeaseLost:
            raise
        except Exception:
            # Ours. The run is kept, the operators find the traceback by the run's id.
            self._wait(
                f"An error inside Mantik stopped the submission; it is tried again. Operators: see run {self.run.uuid}."
            )
            raise

    def _advance(self) -> None:
        run = self.run
        if run.cancel_requested_at:
            self._withdraw(RunState.CANCELLED, cancelled_message(run))
            return
        not_allowed = standing_objection(run)
        if not_allowed:
            self._withdraw(RunState.FAILED, not_allowed)
            return
        held = objection(run.connection) if run.connection else ""
        if held:
            self._wait(held, pause=LONGEST_PAUSE)
            return
        if run.posted_at and not run.job_url:
            self._find_posted_job()
        if not run.job_url:
            self._post()
        if not (run.code_is_inline or run.code_uploaded):
            self._upload()
        self._start()

    # What became of an earlier POST

    def _find_posted_job(self) -> None:
        """Adopt the job that carries our tag. Comes back without one only when it is safe to post again."""
        jobs = sorted(self._site.find_jobs(self.run.submission_tag))
        if jobs:
            self._write(
                event=("submission.found", "The site had received the job, though its answer was lost."),
                job_url=jobs[0],
                was_in_doubt=True,
            )
            return
        self._rest_before_repeating()
        self._write(
            event=("submission.absent", "The site never received the job; it is sent again."),
            posted_at=None,
            was_in_doubt=True,
        )

    def _rest_before_repeating(self) -> None:
        """A POST whose answer is missing may still be on its way; leave it the time to arrive."""
        assert self.run.posted_at is not None
        if self.clock() - self.run.posted_at >= timedelta(seconds=settings.MANTIK_SUBMIT_SETTLE_SECONDS):
            return
        raise SiteOutcomeUnknown(
            f"{self.run.site_name} did not confirm the job. Mantik looks for it there before sending it again, "
            "so that it cannot run twice.",
            code="unknown.resting",
        )

    # Sending

    def _post(self) -> None:
        if self.run.commit_pending:
            self._write(**newest_of_branch(self.run, now=self.clock()))
        with prepare(self.run, now=self.clock()) as prepared:
            self._write(event=prepared.what_is_missing, posted_at=self.clock(), **prepared.columns)
            job_url = self._submit(prepared)
        try:
            self._write(event=("submission.accepted", f"{self.run.site_name} accepted the job."), job_url=job_url)
        except LeaseLost:
            # Whoever speaks for the run now has not seen this job, and must not find two.
            delete_quietly(self._site, job_url)
            raise

    def _submit(self, prepared: PreparedJob) -> str:
        """POST. `posted_at` is taken back only where the site certainly has no job of ours."""
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
                    "The code archive could not be made again as it was announced to the site. Run it again."
                )
            with code.open() as content:
                self._site.upload(run.job_url, CODE_ARCHIVE, content, code.size)
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
            message=f"Handed to {run.site_name}.",
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

    # Not going on

    def _withdraw(self, to: RunState, message: str) -> None:
        """End the run before its job was known to start, leaving nothing of it at the site."""
        run = self.run
        if run.connection is not None and (run.posted_at or run.job_url):
            self._remove_jobs()
        self._end(to, message)

    def _remove_jobs(self) -> None:
        run = self.run
        jobs = set(self._site.find_jobs(run.submission_tag)) | ({run.job_url} - {""})
        if not jobs:
            self._rest_before_repeating()
        self._make_sure()
        for job_url in jobs:
            with suppress(JobGone):
                self._site.delete(job_url)

    def _refused(self, error: SiteRefused) -> None:
        if is_of_login(error):
            self._login_refused(error)
        elif self.run.start_sent_at is not None:
            # It may be running there; nothing that the site says about us changes that.
            self._wait(error.message)
        else:
            self._give_up(error.message, site_message=error.site_words or "")

    def _login_refused(self, error: SiteRefused) -> None:
        """The run waits: for a site that loses its own login service, or for its owner to replace the secret."""
        run = self.run
        assert run.connection is not None
        note_refusal(run.connection, error, now=self.clock())
        is_given_up = run.cancel_requested_at is not None and run.start_sent_at is None
        if is_given_up and run.refusals + 1 >= REFUSALS_BEFORE_CANCELLING:
            what_is_left = f" {run.site_name} does not let Mantik in to remove the job, which was never started there."
            self._end(RunState.CANCELLED, cancelled_message(run) + (what_is_left if run.posted_at else ""))
            return
        held = objection(run.connection)
        self._wait(held or error.message, pause=LONGEST_PAUSE if held else None, refusals=run.refusals + 1)

    def _git_failed(self, error: GitError) -> None:
        if error.permanent:
            self._give_up(error.message)
        else:
            self._wait(error.message)

    def _give_up(self, message: str, **columns: Any) -> None:
        if self.run.job_url and self.run.connection is not None:
            self._make_sure()
            delete_quietly(self._site, self.run.job_url)
        self._end(RunState.FAILED, message, **columns)

    def _end(self, to: RunState, message: str, **columns: Any) -> None:
        now = self.clock()
        # Followed once more, to close its MLflow run.
        move(
            self.run,
            to=to,
            now=now,
            message=message,
            lease=self.lease,
            next_poll_at=now,
            **columns,
        )

    def _wait(self, reason: str, *, pause: timedelta | None = None, **columns: Any) -> None:
        now = self.clock()
        # The one that is under way is counted already.
        pause = pause or backoff(self.run.attempts - 1, first=PAUSE, longest=LONGEST_PAUSE)
        wait(
            self.run,
            reason=reason,
            now=now,
            lease=self.lease,
            next_attempt_at=now + pause,
            **NO_LEASE,
            **columns,
        )

    def _make_sure(self) -> None:
        """Before a job is deleted of which another worker may know, too: they may have started it. Or LeaseLost."""
        self._write()

    def _write(self, *, event: tuple[str, str] | None = None, **columns: Any) -> None:
        """Columns, the event that tells of them, and a longer lease, or LeaseLost and nothing."""
        now = self.clock()
        with transaction.atomic():
            self.lease.write(self.run, now=now, unchanged=("state",), **columns)
            if event:
                record(self.run, now=now, kind=event[0], message=event[1])

    @property
    def _site(self) -> SiteClient:
        assert self.run.connection is not None  # standing_objection() has seen to it
        return open_connection(self.run.connection)


def due_runs(*, now: datetime, limit: int) -> list[int]:
    """Ids of runs whose submission is due and in nobody's hands, longest waiting first."""
    due = Run.objects.due_for_submission(now).order_by("next_attempt_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


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
