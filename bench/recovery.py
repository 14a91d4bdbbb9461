"""How soon everything goes on by itself: after a worker was killed, and after the database was away.

Both with the shipped defaults, on a whole stack. That no job is made twice and no run lost is counted by tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
from django.core.management import call_command
from django.db import connection
from django.db.models import Q

from bench.ground import Ground
from bench.harness import Result
from mantik.up.stack import Options, Stack
from runs.models import Run
from runs.states import BEFORE_START, RunState
from tests.exactly_once.trouble import kill_all
from tests.support.fault_proxy import Aim, Fault, FaultProxy
from tests.support.other_database import connected_to
from tests.support.postgres import cluster
from tests.support.world import World

# Where a worker is with a run when it is killed: it makes the MLflow run; the site has made the job and answers; it
# starts the job.
KILLED_AT = (
    Aim("POST runs/create", Fault.KILL_BEFORE),
    Aim("POST core/jobs", Fault.KILL_AFTER),
    Aim("POST actions/start", Fault.KILL_BEFORE),
)
RUNS = 12
SECONDS_AWAY = 10
_SECONDS_OF_A_JOB = 3
_PATIENCE_SECONDS = 300
_TICK_SECONDS = 0.05


# A worker is killed


def worker(ground: Ground) -> Iterator[Result]:
    """The longest time from the kill of its worker until a run was handed over, of all places of the kill."""
    stacks: list[Stack] = []
    kills: list[float] = []
    lost: list[float] = []

    def kill() -> None:
        kills.append(time.time())
        kill_all(stacks[0])

    with (
        ground.site(slots=4) as site,
        FaultProxy(site.base_url, label=label, patience=0, kill=kill) as to_site,
        FaultProxy(ground.mlflow_uri, label=label, patience=0, kill=kill) as to_mlflow,
        Stack(_options(ground, to_mlflow.url), output=ground.say) as stack,
        ground.world(replace(site, port=to_site.port)) as world,
    ):
        stacks.append(stack)
        for aim in KILLED_AT:
            for proxy in (to_site, to_mlflow):
                proxy.aim(aim)
            handed_over_at = _handed_over_at(world, aim.label)
            lost.append(handed_over_at - kills[-1])
            ground.say("recovery", f"{lost[-1]:5.1f} s after a kill at {aim.label}: {aim.fault}")
        stack.check()
    assert len(kills) == len(KILLED_AT), "The worker of each run was killed once."
    yield Result("recovery.worker", max(lost), "s")


def label(method: str, target: str) -> str:
    """What a request asks for: its method, and the end of its path."""
    return f"{method} {'/'.join(urlsplit(target).path.split('/')[-2:])}"


def _handed_over_at(world: World, name: str) -> float:
    """When (time.time) a run that is stored now was handed over."""
    run = world.start_run(name)
    _wait_until(lambda: not Run.objects.filter(pk=run.pk, state__in=BEFORE_START).exists())
    run.refresh_from_db()
    assert run.submitted_at, run.outcome
    return run.submitted_at.timestamp()


# The database is away


def database(ground: Ground) -> Iterator[Result]:
    """From the return of PostgreSQL until the web server is ready and the last of many runs is finished.

    Some of them are waiting, some in the hands of a worker and some at the site when it crashes. Raises UpError if
    PostgreSQL is not installed.
    """
    with cluster(careless=()) as server, connected_to(server.url):
        call_command("migrate", verbosity=0, interactive=False)
        options = replace(_options(ground, ground.mlflow_uri), environment={"MANTIK_DATABASE_URL": server.url})
        with ground.site(slots=RUNS) as site, Stack(options, output=ground.say) as stack, ground.world(site) as world:
            for number in range(RUNS):
                world.start_run(f"run {number}", parameters={"seconds": str(_SECONDS_OF_A_JOB)})
            _wait_until(_are_on_their_way)
            ground.say("recovery", f"the database goes, runs are {_states()}")
            connection.close()
            server.crash()
            stack.sleep(SECONDS_AWAY)
            server.start()
            begin = time.monotonic()
            ground.say("recovery", f"it is back, runs are {_states()}")
            _wait_until(lambda: not Run.objects.exclude(_is_done()).exists())
            _wait_until(lambda: _is_ready(stack))
            taken = time.monotonic() - begin
            stack.check()
            assert all(world.starts_of(run) == 1 for run in Run.objects.all()), "Each job was started once."
    yield Result("recovery.database", taken, "s")


def _are_on_their_way() -> bool:
    """A third is at the site, and of the others one is in the hands of a worker, unless none of them waits for one."""
    states = list(Run.objects.values_list("state", flat=True))
    # Quick workers may have handed over all of them before anybody looked.
    at_site = [state for state in states if state not in BEFORE_START]
    return len(at_site) >= RUNS // 3 and (RunState.SUBMITTING in states or RunState.PENDING not in states)


def _is_done() -> Q:
    """Finished, with its log fetched and its MLflow run ended."""
    return Q(state=RunState.FINISHED, next_poll_at=None)


def _is_ready(stack: Stack) -> bool:
    return httpx.get(f"{stack.url}/readyz", trust_env=False, timeout=10).status_code == 200


def _states() -> str:
    return ", ".join(sorted(Run.objects.values_list("state", flat=True)))


def _options(ground: Ground, mlflow_uri: str) -> Options:
    return Options(data_dir=ground.data_dir, port=ground.port, mlflow_uri=mlflow_uri)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"It took longer than {_PATIENCE_SECONDS} s."
        time.sleep(_TICK_SECONDS)
