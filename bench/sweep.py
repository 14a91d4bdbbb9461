"""Asking a site about all active jobs, of which there is nothing new: what a sweep does most of the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from pyunicore.client import JobStatus

from bench.ground import Ground
from bench.harness import Result
from bench.measure import interleaved, seconds
from bench.stock import STOCK, StockClient
from connections.logins.site_clients import open_connection
from runs.following.poll import claim_due, due_connections, follow_runs
from runs.models import Run
from runs.states import RunState
from tests.support import factories
from tests.support.world import ACCOUNT, World


def thousand(ground: Ground) -> Iterator[Result]:
    yield _sweep(ground, "sweep.seconds.1000", 1000, rounds=3)


def three_thousand(ground: Ground) -> Iterator[Result]:
    yield _sweep(ground, "sweep.seconds.3000", 3000, rounds=1)


def _sweep(ground: Ground, name: str, count: int, *, rounds: int) -> Result:
    with ground.site(slots=0) as site, ground.world(site) as world:
        job_urls = _jobs(world, count)
        _rows(world, job_urls)
        stock = StockClient(site)
        # The first writes down what each job's state is.
        _follow_all(count)
        taken = interleaved(
            {
                "mantik": lambda: _follow_all(count),
                "stock": lambda: seconds(lambda: _ask_all(stock, job_urls)),
            },
            rounds=rounds,
        )
    return Result(name, taken["mantik"], "s", taken["stock"], f"{STOCK}: Job(transport, url).status in a loop")


def _jobs(world: World, count: int) -> list[str]:
    """Jobs that wait for their start, and do so until the site is gone."""
    client = open_connection(world.connection)
    description = {"Executable": "date", "Project": ACCOUNT, "haveClientStageIn": "true"}
    return [client.submit(description) for _ in range(count)]


def _rows(world: World, job_urls: Sequence[str]) -> None:
    with transaction.atomic():
        for job_url in job_urls:
            factories.make_run(
                RunState.QUEUED,
                project=world.project,
                created_by=world.user,
                experiment=world.experiment,
                code_repository=world.code,
                connection=world.connection,
                created_at=timezone.now() - timedelta(hours=1),
                job_url=job_url,
            )


def _follow_all(count: int) -> float:
    """Seconds for one sweep over all runs, in this process alone."""
    begin = timezone.now()
    Run.objects.update(next_poll_at=begin)
    taken = seconds(_sweep_once)
    seen = Run.objects.filter(state=RunState.QUEUED, site_status="READY", poll_failures=0, next_poll_at__gt=begin)
    assert seen.count() == count, "The sweep did not see every job."
    return taken


def _sweep_once() -> None:
    for connection_id in due_connections(now=timezone.now()):
        while batch := claim_due(connection_id=connection_id, now=timezone.now()):
            follow_runs(run_ids=batch, clock=timezone.now)


def _ask_all(client: StockClient, job_urls: Sequence[str]) -> None:
    for job_url in job_urls:
        assert client.status(job_url) is JobStatus.READY
