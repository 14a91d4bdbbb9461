"""A worker that is killed at any line while it registers or unregisters a model leaves neither half."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.for_workers import registry
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.entry import TAG
from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.exactly_once.conftest import MINUTES_BETWEEN_TURNS, MOST_TURNS, PATIENCE, mlflow_label, worker_environment
from tests.exactly_once.pool import KILLED, Kill, Turn, Worker
from tests.support import factories
from tests.support.fault_proxy import Aim, Fault, FaultProxy
from tests.support.logged_models import MLMODEL, log_model
from tests.support.mlflow_server import MlflowServer
from tests.support.proofs import Proved, sample

FILES = {"MLmodel": MLMODEL, "model.skops": b"weights"}
# What a turn without any trouble writes and commits; the first test counts them.
BOUNDARIES = {"register": {"write": 6, "commit": 1}, "unregister": {"write": 5, "commit": 1}}
REQUESTS = {
    "register": [
        *("artifacts/directories", "artifacts/MLmodel", "runs/get"),
        *("registered-models/get", "registered-models/create", "model-versions/create"),
    ],
    "unregister": ["registered-models/get", "registered-models/delete"],
}
KILLS = [
    pytest.param(wish, Kill(kind, nth, after=after), id=f"{wish}-{Kill(kind, nth, after=after)}")
    for wish, counts in BOUNDARIES.items()
    for kind, count in counts.items()
    for nth in range(1, count + 1)
    for after in (False, True)
]
FAULTS = [
    pytest.param(wish, Aim(label, fault), id=f"{wish}-{label}-{fault}")
    for wish, labels in REQUESTS.items()
    for label in labels
    for fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.GATEWAY_PAGE)
]


@dataclass
class Shop:
    """A finished run that has logged a model, and a worker that reaches MLflow through a proxy."""

    mlflow: str
    worker: Worker
    proxy: FaultProxy
    run: Run
    user: User
    proved: Proved
    minutes: float = 0

    def wish(self, what: str) -> RegisteredModel:
        """A model that is to be registered; or one that was, and is to be unregistered."""
        source = ModelSource(self.run.mlflow_run_id, model_id=log_model(self.mlflow, self.run, files=FILES))
        model = services.register_model(
            run=self.run, actor=self.user, name="forecast", description="", source=source, now=timezone.now()
        )
        if what == "unregister":
            self.until_settled(model)
            services.unregister_model(model=model, actor=self.user, now=timezone.now())
        return model

    def turn(self, model: RegisteredModel, kill: Kill | None = None) -> Turn:
        turn = self.worker.take_turn(model.pk, task="model", minutes=self.minutes, kill=kill)
        self.minutes += MINUTES_BETWEEN_TURNS
        if turn.status == KILLED:
            self.proved(kills=1)
        return turn

    def until_settled(self, model: RegisteredModel) -> RegisteredModel | None:
        """Turns like those that the sweep would give it, until the row is registered or gone."""
        for _ in range(MOST_TURNS):
            found = RegisteredModel.objects.filter(pk=model.pk).first()
            if found is None or found.is_registered:
                return found
            self.turn(model)
        pytest.fail(f"After {MOST_TURNS} turns it is still not done: {found.waiting_for if found else ''}")


@pytest.fixture(scope="session")
def tools(
    django_db_setup: None, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, FaultProxy]]:
    workers: list[Worker] = []
    with ExitStack() as stack:
        proxy = stack.enter_context(
            FaultProxy(mlflow_server.uri, label=mlflow_label, patience=PATIENCE, kill=lambda: workers[0].kill())
        )
        log = tmp_path_factory.mktemp("worker") / "worker.log"
        workers.append(stack.enter_context(Worker(worker_environment(proxy.url), Path(log))))
        yield workers[0], proxy


@pytest.fixture
def shop(
    transactional_db: None,
    tools: tuple[Worker, FaultProxy],
    settings: Settings,
    mlflow_server: MlflowServer,
    proved: Proved,
) -> Iterator[Shop]:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    worker, proxy = tools
    proxy.aim(None)
    project = factories.make_project()
    user = factories.join(project, Role.RESEARCHER)
    run = factories.make_run(RunState.FINISHED, project=project, created_by=user)
    run.mlflow_experiment_id, run.mlflow_run_id = ensure_tracking_run(run, now=timezone.now())
    run.save()
    yield Shop(mlflow_server.uri, worker, proxy, run, user, proved)
    for model in RegisteredModel.objects.all():
        # The next test's project has the number of this one's.
        registry().delete(model.registry_name)


def assert_whole(shop: Shop, model: RegisteredModel) -> None:
    """Registered here and there, once; or in neither place."""
    found = RegisteredModel.objects.filter(pk=model.pk).first()
    entry = registry().find(model.registry_name)
    shop.proved(models=1, halves=int((found is None) != (entry is None)))
    if found is None:
        assert entry is None
        assert shop.run.events.filter(kind="model.unregistered").count() == 1
        return
    assert found.is_registered
    assert entry
    assert entry.tags[TAG] == str(model.uuid)
    assert [version.source for version in registry().versions(model.registry_name)] == [found.source.uri]
    assert shop.run.events.filter(kind="model.registered").count() == 1


@pytest.mark.parametrize("wish", BOUNDARIES)
def test_the_boundaries_that_are_tried_are_all_there_are(shop: Shop, wish: str) -> None:
    model = shop.wish(wish)
    shop.proxy.aim(None)

    turn = shop.turn(model)

    assert turn.status == 0
    assert dict(turn.boundaries) == BOUNDARIES[wish]
    assert set(REQUESTS[wish]) <= set(shop.proxy.seen)
    assert_whole(shop, model)


@pytest.mark.parametrize(("wish", "kill"), sample(KILLS, one_in=7))
def test_a_worker_killed_at_a_write_or_a_commit(shop: Shop, wish: str, kill: Kill) -> None:
    model = shop.wish(wish)

    assert shop.turn(model, kill).status == KILLED
    found = shop.until_settled(model)

    assert (found is None) == (wish == "unregister")
    assert_whole(shop, model)


@pytest.mark.parametrize(("wish", "aim"), sample(FAULTS, one_in=9))
def test_a_request_that_is_lost_or_kills(shop: Shop, wish: str, aim: Aim) -> None:
    model = shop.wish(wish)
    shop.proved(disturbed_requests=1)
    shop.proxy.aim(aim)

    shop.turn(model)
    assert shop.proxy.hit.is_set()
    found = shop.until_settled(model)

    assert (found is None) == (wish == "unregister")
    assert_whole(shop, model)
