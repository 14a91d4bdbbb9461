"""From a stored run to a started job: how many requests it takes, and how long."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from bench.measure import interleaved, seconds
from bench.stock import STOCK, StockClient
from bench.watched_site import Site
from connections.logins.site_clients import open_connection
from runs.models import Run
from runs.states import RunState
from runs.submission.assemble import prepare
from runs.submission.submit import submit_run
from tests.support.world import World

FILES = 40
# Packed it is above the limit for code that travels inside the job description.
_BIG_FILE = 1_000_000
# Stock submissions are few: most of each is pyunicore's own pause of 6 s.
_RUNS = 4
_STOCK_RUNS = 2
_PER_ROUND = 10
_STOCK_PER_ROUND = 1
_ROUNDS = 4
_BASELINE = f"{STOCK}: new_job with {FILES} files"


def requests(ground: Ground) -> Iterator[Result]:
    """HTTP requests per run, counted by the site."""
    _ = ground.mlflow_uri
    big = {"data.txt": random.Random(1).randbytes(_BIG_FILE // 2).hex()}
    for name, files in (("submission.requests", {}), ("submission.requests.upload", big)):
        # No job runs: what is measured is the way to the queue.
        with ground.site(slots=0) as site, ground.world(site, files=_code(FILES - len(files)) | files) as world:
            ours = _requests_of_mantik(site, world)
            stock = _requests_of_stock(site, world)
        yield Result(name, ours, "requests per run", stock, _BASELINE)


def rate(ground: Ground) -> Iterator[Result]:
    """Submissions per second, one after the other.

    Ours are whole submissions: the run's row and events in the database, the code of its commit packed, its MLflow
    run made, the job posted and started. `.site` is what the site sees of it, POST and start, with the code inside.
    """
    _ = ground.mlflow_uri
    with ground.site(slots=0) as site, ground.world(site, files=_code(FILES)) as world:
        runs = _stored_runs(world, 1 + _PER_ROUND * _ROUNDS)
        # The first signs in, and reads what is kept from then on.
        _submit(runs.pop())
        client, stock = open_connection(world.connection), StockClient(site)
        with prepare(world.start_run("site only"), now=timezone.now()) as prepared:
            description = prepared.describe("")
        rates = interleaved(
            {
                "mantik": lambda: _rate(lambda: _submit(runs.pop())),
                "site": lambda: _rate(lambda: client.start(client.submit(description))),
                "stock": lambda: _rate(lambda: stock.submit(world.repository.path), _STOCK_PER_ROUND),
            },
            rounds=_ROUNDS,
        )
    ground.say("stock", f"{stock.paused:.1f} s of each submission pyunicore paused for the job's directory")
    for name, key in (("submission.rate", "mantik"), ("submission.rate.site", "site")):
        yield Result(name, rates[key], "submissions/s", rates["stock"], _BASELINE, more_is_better=True)


def _code(count: int) -> dict[str, str]:
    """Small files that, together with MLproject and backend config, are `count`."""
    words = random.Random(2)
    return {
        f"package/part_{number}.py": "".join(f"VALUE_{line} = {words.random()}\n" for line in range(60))
        for number in range(count - 2)
    }


def _requests_of_mantik(site: Site, world: World) -> float:
    runs = _stored_runs(world, _RUNS)
    before = site.requests()
    for run in runs:
        _submit(run)
    return (site.requests() - before) / _RUNS


def _requests_of_stock(site: Site, world: World) -> float:
    before = site.requests()
    client = StockClient(site)
    for _ in range(_STOCK_RUNS):
        client.submit(world.repository.path)
    return (site.requests() - before) / _STOCK_RUNS


def _stored_runs(world: World, count: int) -> list[Run]:
    return [world.start_run(f"run {number}") for number in range(count)]


def _submit(run: Run) -> None:
    submit_run(run_id=run.pk, clock=timezone.now)
    run.refresh_from_db(fields=["state", "waiting_for", "outcome"])
    assert run.state == RunState.QUEUED, run.waiting_for or run.outcome


def _rate(submit: Callable[[], None], count: int = _PER_ROUND) -> float:
    def all_of_them() -> None:
        for _ in range(count):
            submit()

    return count / seconds(all_of_them)
