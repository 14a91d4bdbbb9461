"""Runs one training from the form to its end, and says line by line what happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import TrackingClient
from mantik.demo import DemoFailed
from mantik.demo.repository import BRANCH
from mantik.demo.seed import Login, Seed
from mantik.demo.visitor import Visitor
from mantik.up.stack import Stack
from projects.models import CodeRepository
from runs.models import ModelListing, RegisteredModel, Run, RunEvent, RunLogChunk
from runs.states import RunState
from runs.tracking.carrying.due import is_home

METRIC = "test_accuracy"
MODEL = "digits"
ACCOUNT = "demo"
CONFIG = "configs/batch.yaml"
_TICK_SECONDS = 0.5
# Twenty times as long as it takes on a usual machine. After that, the demo says what it waited for.
_PATIENCE_SECONDS = 600
_LOG_PATIENCE_SECONDS = 20
_LAST_LOG_BYTES = 2000

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Ending:
    """A run that is FINISHED, its metric as MLflow has it, and its registered model. `path` is the run's page."""

    run: Run
    path: str
    metric: float
    model: RegisteredModel


def tell_story(*, stack: Stack, seed: Seed, login: Login, tell: Tell) -> Ending:
    """Submit one training through the form, follow it, and register its model.

    Raises DemoFailed, and what `Stack.sleep` raises.
    """
    _await_code(stack, seed.code_repository)
    with Visitor(stack.url) as visitor:
        visitor.sign_in(login.user.username, login.password)
        tell(f"signed in as {login.user.username}")
        path = visitor.start_run(seed.project.slug, _form(seed))
        tell(f"the page of the run: {stack.url}{path}")
        visitor.look_at(path)
        run = _follow(stack, _run_at(path), tell)
        visitor.look_at(path)
        metric = read_metric(stack, run)
        model = _register(stack, visitor, run, path)
    tell(f"its model is registered as {model.name}, for MLflow as {model.uri}")
    return Ending(run, path, metric, model)


def read_metric(stack: Stack, run: Run) -> float:
    """The metric's last value in MLflow. Raises DemoFailed if it is not there."""
    client = TrackingClient(uri=stack.mlflow_uri, token=stack.mlflow_token)
    try:
        value = client.run_data(run.mlflow_run_id).metrics.get(METRIC)
    except (TrackingRefused, TrackingUnavailable) as error:
        raise DemoFailed(f"The run is FINISHED, but its metric could not be read: {error}") from None
    finally:
        client.close()
    if value is None:
        raise DemoFailed(f"The run is FINISHED, but MLflow has no metric {METRIC} of it.")
    return value


def _await_code(stack: Stack, repository: CodeRepository) -> None:
    """Wait until a worker has fetched the code, as the seed asked."""
    for _ in _ticks(stack):
        repository.refresh_from_db()
        if repository.awaits_fetch:
            continue
        if repository.fetch_error:
            raise DemoFailed(f"The code repository could not be fetched: {repository.fetch_error}")
        return
    raise DemoFailed("No worker has fetched the code repository. See the worker's output above.")


def _form(seed: Seed) -> dict[str, str]:
    return {
        "name": f"Digits {seed.project.runs.count() + 1}",
        "experiment": str(seed.experiment.uuid),
        "code_repository": str(seed.code_repository.uuid),
        "branch": BRANCH,
        "mlproject_path": "MLproject",
        "backend_config_path": CONFIG,
        "connection": str(seed.connection.uuid),
        "compute_budget_account": ACCOUNT,
        "entry_point": "main",
        "param-epochs": "20",
        "param-hidden_units": "48",
        "param-learning_rate": "0.01",
        "param-seed": "7",
    }


def _run_at(path: str) -> UUID:
    try:
        return UUID(path.rstrip("/").rpartition("/")[2])
    except ValueError:
        raise DemoFailed(f"RUN! led to {path}, which is not the page of a run.") from None


def _follow(stack: Stack, uuid: UUID, tell: Tell) -> Run:
    last = 0
    run = Run.objects.get(uuid=uuid)
    for _ in _ticks(stack):
        run.refresh_from_db()
        for event in RunEvent.objects.filter(run=run, pk__gt=last).order_by("pk"):
            tell(event.message)
            last = event.pk
        if run.state == RunState.FINISHED and is_home(run):
            return run
        if run.is_terminal and run.state != RunState.FINISHED:
            _await_log(stack, run)
            raise DemoFailed(f"The run ended as {run.state}: {run.outcome}\n{_last_log(run)}")
    raise DemoFailed(
        f"The run is still {run.state} after {_PATIENCE_SECONDS} seconds. "
        f"{run.waiting_for or 'It does not say what it waits for.'}\n{_last_log(run)}"
    )


def _register(stack: Stack, visitor: Visitor, run: Run, path: str) -> RegisteredModel:
    taken = run.project.registered_models.count()
    _await_models(stack, visitor, run, path)
    visitor.register_model(path, MODEL if not taken else f"{MODEL}-{taken + 1}")
    waits_for = ""
    for _ in _ticks(stack):
        model = RegisteredModel.objects.filter(run=run).first()
        if model is None:
            last = RunEvent.objects.filter(run=run).order_by("pk").last()
            raise DemoFailed(f"The run is FINISHED, but its model was refused. {last.message if last else ''}")
        if model.is_registered:
            return model
        waits_for = model.waiting_for
    raise DemoFailed(f"The run is FINISHED, but its model is not registered yet. {waits_for}")


def _await_models(stack: Stack, visitor: Visitor, run: Run, path: str) -> None:
    """Open the form until a worker has found out which models the run has logged."""
    for _ in _ticks(stack):
        visitor.look_at(f"{path}register/")
        if ModelListing.objects.filter(run=run, listed_at__isnull=False).exists():
            return
    raise DemoFailed("No worker has listed the models of the run. See the worker's output above.")


def _await_log(stack: Stack, run: Run) -> None:
    """Wait a little for the end of the log, which arrives after the end of the run, or never if the site is down."""
    for _ in _ticks(stack, patience=_LOG_PATIENCE_SECONDS):
        run.refresh_from_db(fields=["log_complete"])
        if run.log_complete:
            return


def _ticks(stack: Stack, *, patience: float | None = None) -> Iterator[None]:
    """Yield twice a second until `patience` seconds are over. Raises what `Stack.sleep` raises."""
    deadline = time.monotonic() + (_PATIENCE_SECONDS if patience is None else patience)
    while time.monotonic() < deadline:
        yield
        stack.sleep(_TICK_SECONDS)


def _last_log(run: Run) -> str:
    chunks = RunLogChunk.objects.filter(run=run).order_by("-offset")[:2]
    content = b"".join(bytes(chunk.content) for chunk in reversed(chunks))[-_LAST_LOG_BYTES:]
    if not content:
        return "Its log is empty."
    lines = content.decode(errors="replace").splitlines()[-20:]
    return "\n".join(["The end of its log:", *(f"    {line}" for line in lines)])
