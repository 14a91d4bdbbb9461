"""A worker that dies at any request or write, an answer that is lost: each entry is applied once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from connections.mlflow.errors import TrackingUnavailable
from mantik.lib.leases import Lease
from runs.models import Journal, Run
from tests.runs.tracking.journals.jobs import Job, NewJob
from tests.runs.tracking.journals.test_strangers import a_journal
from tests.support.proofs import Proved, sample

# Tags that are there before the job is.
OF_THE_RUN = ("mantik.", "mlflow.source.", "mlflow.user", "mlflow.runName")


class Killed(BaseException):
    """Nobody handles it."""


class Killer:
    """Ends the worker at the `nth` call of what it watches, before or after that is done. Counts calls."""

    def __init__(self) -> None:
        self.nth, self.after, self.count = 0, False, 0

    def watch(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.nth and not self.after:
                raise Killed
            answer = usual(*arguments, **options)
            if self.count == self.nth:
                raise Killed
            return answer

        return watched


def state_of(job: Job) -> Any:
    """What MLflow and our tables have, without what differs from job to job: ids in the order of their names."""
    job.run.refresh_from_db()
    children = list(job.run.tracked_items.order_by("kind", "mlflow_id").values_list("kind", "mlflow_id"))
    runs = [job.run.mlflow_run_id, *(one for kind, one in children if kind == "run")]
    names = {one: f"id{number}" for number, one in enumerate([*runs, *(one for k, one in children if k == "model")])}
    models = [job.ask("GET", f"logged-models/{one}")["model"] for kind, one in children if kind == "model"]
    found = [job.mlflow_run(run) for run in runs]
    told = [
        [
            (run["info"]["status"], run["info"].get("end_time"), run.get("inputs"), run.get("outputs")),
            sorted((tag["key"], tag["value"]) for tag in run["data"]["tags"] if not tag["key"].startswith(OF_THE_RUN)),
            [(key, job.points(key, run["info"]["run_id"])) for key in ("loss", "q")],
            run["data"].get("params"),
        ]
        for run in found
    ]
    known = [(one["info"]["status"], one["info"].get("tags"), one["data"]) for one in models]
    text = str((told, known, job.events(), sorted(job.files()), job.journal.passed_over, job.run.tracked_bytes))
    for one, name in (names | {job.run.experiment.name: "experiment"}).items():
        text = text.replace(one, name)
    return text


def counted(monkeypatch: pytest.MonkeyPatch) -> Killer:
    killer = Killer()
    monkeypatch.setattr(requests.Session, "send", killer.watch(requests.Session.send))
    monkeypatch.setattr(httpx.Client, "send", killer.watch(httpx.Client.send))
    monkeypatch.setattr(Lease, "write", killer.watch(Lease.write))
    return killer


def apply_killed(job: Job, monkeypatch: pytest.MonkeyPatch, *, nth: int, after: bool) -> int:
    """Raises Killed; returns how many times a worker could have died, if it does not."""
    with monkeypatch.context() as patch:
        killer = counted(patch)
        killer.nth, killer.after = nth, after
        job.apply()
        return killer.count


@pytest.mark.timeout(1800)
def test_a_worker_killed_at_each_request_and_each_write(
    new_job: NewJob, monkeypatch: pytest.MonkeyPatch, proved: Proved
) -> None:
    job = new_job()
    a_journal(job)
    boundaries = apply_killed(job, monkeypatch, nth=0, after=False)
    assert boundaries > 40
    expected, wrong = state_of(job), []
    kills = sample([(nth, after) for nth in range(1, boundaries + 1) for after in (False, True)], one_in=7)
    for nth, after in kills:
        job = new_job()
        a_journal(job)
        with pytest.raises(Killed):
            apply_killed(job, monkeypatch, nth=nth, after=after)
        assert job.apply().is_all
        if state_of(job) != expected:
            wrong.append((nth, after))
    proved(kills=len(kills), wrong=len(wrong))
    assert wrong == []


def test_any_cursor_gives_the_same(job: Job) -> None:
    a_journal(job)
    job.apply()
    first = state_of(job)
    ends = [0]
    for line in (job.folder / job.name).read_bytes().splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    for number, offset in enumerate(ends):
        kept, stored = job.journal, job.run.tracked_bytes
        Journal.objects.update(offset=offset, number=number)
        assert job.apply().is_all
        # Files are counted when they are sent, and what is passed over when it is read.
        Journal.objects.update(passed_over=kept.passed_over)
        Run.objects.filter(pk=job.run.pk).update(tracked_bytes=stored)
        assert state_of(job) == first, number


def test_mlflow_that_is_away_is_waited_for(job: Job, settings: Any) -> None:
    a_journal(job)
    uri, settings.MANTIK_MLFLOW_URI = settings.MANTIK_MLFLOW_URI, "http://127.0.0.1:9"
    with pytest.raises(TrackingUnavailable):
        job.apply()
    assert job.journal.number == 0
    settings.MANTIK_MLFLOW_URI = uri
    assert job.apply().is_all
