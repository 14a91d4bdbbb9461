"""Journals that were changed by chance: what makes sense is applied, the rest counted with a sentence, and nothing else
happens to anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db.models import Model

from connections.mlflow.values import LoggedPoint
from runs.models import Journal, MetricSummary, Run, RunEvent, RunParam, RunSummaries, RunTag, TrackedItem
from runs.states import RunState
from runs.tracking.journals import passed_over
from tests.runs.tracking.journals.jobs import Job, NewJob
from tests.runs.tracking.journals.mutations import LAST_KEY, Mutations
from tests.runs.tracking.journals.test_strangers import a_journal
from tests.support import factories
from tests.support.proofs import Proved, trials

_SENTENCES = [
    re.compile(re.sub(r"\\{\w+\\}", "[a-z_, ]+", re.escape(text)))
    for text in vars(passed_over).values()
    if isinstance(text, str) and text.endswith(".")
]
_OURS: tuple[type[Model], ...] = (Journal, TrackedItem, RunEvent, MetricSummary, RunParam, RunTag, RunSummaries)
# In one test.
JOURNALS = 100


@dataclass
class Recorder:
    """Stands for MLflow's writer, which ten thousand journals would keep busy for a day: it takes all, and remembers to
    what it was to write. What a real one does with the same is below."""

    owners: set[str] = field(default_factory=set)
    last_steps: set[int] = field(default_factory=set)

    def knows_run(self, _: str) -> bool:
        return False

    knows_model = knows_run

    def log_batch(self, run: str, points: Iterable[LoggedPoint], _: object, __: object) -> None:
        self.owners.add(run)
        self.last_steps |= {point.step for point in points if point.key == LAST_KEY}

    def store_file(self, place: str, _: int, pieces: Iterator[bytes]) -> None:
        self.remove_file(place)
        b"".join(pieces)

    def remove_file(self, place: str) -> None:
        self.owners.add(place.split("/artifacts/")[0].rpartition("/")[2])

    def __getattr__(self, name: str) -> Any:
        return lambda owner, *_, **__: self.owners.add(owner)


@pytest.fixture
def stranger(db: None) -> Run:
    other = factories.make_run(RunState.RUNNING)
    other.mlflow_run_id, other.mlflow_experiment_id = "5" * 32, "7"
    other.save()
    for kind, mlflow_id in (("run", "6" * 32), ("model", f"m-{'7' * 32}")):
        factories.make_tracked_item(other, kind=kind, mlflow_id=mlflow_id)
    return other


def ids_of(run: Run) -> set[str]:
    return {run.mlflow_run_id, *run.tracked_items.values_list("mlflow_id", flat=True)}


def rows_of(run: Run) -> dict[str, int]:
    return {model.__name__: model._default_manager.filter(run=run).count() for model in _OURS}


def written_by_a_relay(job: Job) -> bytes:
    """By what a client of MLflow 3 asks of it."""
    run, experiment = job.run.mlflow_run_id, job.run.mlflow_experiment_id
    with job.relay() as relay:
        for step in range(60):
            relay.post("runs/log-metric", run_id=run, key="loss", value=step / 7, timestamp=step, step=step)
        metrics = [{"key": f"m{at}", "value": at, "timestamp": at, "step": 0} for at in range(30)]
        pairs = [{"key": f"p{at}", "value": str(at)} for at in range(10)]
        relay.post("runs/log-batch", run_id=run, metrics=metrics, params=pairs, tags=pairs)
        relay.post("runs/delete-tag", run_id=run, key="p1")
        tags = [{"key": "mlflow.parentRunId", "value": run}]
        child = relay.post("runs/create", experiment_id="0", run_name="child", start_time=1, tags=tags)
        child_id = child["run"]["info"]["run_id"]
        relay.post("runs/log-metric", run_id=child_id, key="inner", value="NaN", timestamp=1, step=0)
        model = relay.post("logged-models", experiment_id="0", name="model", source_run_id=child_id, params=pairs)
        model_id = model["model"]["info"]["model_id"]
        relay.post("runs/log-metric", run_id=child_id, key="q", value=1, timestamp=1, step=1, model_id=model_id)
        relay.post("runs/outputs", run_id=child_id, models=[{"model_id": model_id}])
        about = {"name": "data", "digest": "abc", "source_type": "http", "source": "{}"}
        relay.post("runs/log-inputs", run_id=run, datasets=[{"dataset": about, "tags": []}])
        assert relay.put("notes.txt", b"hello", place=f"{experiment}/{run}/artifacts").status == 200
        relay.post("registered-models/create", name="iris")
        relay.post("runs/update", run_id=child_id, status="FINISHED", end_time=2)
        relay.hang_up()
    return (job.folder / job.name).read_bytes()


def assert_all_is_said(counted: Mapping[str, int]) -> None:
    assert [why for why in counted if not any(one.fullmatch(why) for one in _SENTENCES)] == []
    assert all(count > 0 for count in counted.values())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(trials(2, 100)))
def test_nothing_stops_what_stands_behind_it_and_nothing_is_anybody_elses(
    job: Job, stranger: Run, monkeypatch: pytest.MonkeyPatch, proved: Proved, seed: int
) -> None:
    recorder = Recorder()
    for module in ("actions", "apply", "batches", "files", "tree"):
        monkeypatch.setattr(f"runs.tracking.journals.{module}.writer", lambda: recorder)
    originals = [written_by_a_relay(job)]
    (job.folder / job.name).unlink()
    a_journal(job)
    originals.append((job.folder / job.name).read_bytes())
    theirs, mutations = rows_of(stranger), Mutations(seed, sorted(ids_of(stranger)))
    passed = 0
    for number in range(JOURNALS):
        (job.folder / job.name).write_bytes(mutations.of(originals[number % 2]))
        assert job.apply(is_over=True).is_all
        assert 1 in recorder.last_steps
        assert recorder.owners <= ids_of(job.run)
        assert rows_of(stranger) == theirs
        assert_all_is_said(job.journal.passed_over)
        passed += sum(job.journal.passed_over.values()) > 0
        for model in _OURS:
            model._default_manager.filter(run=job.run).delete()
        recorder.owners.clear()
        recorder.last_steps.clear()
    proved(journals=JOURNALS, of_which_not_all_was_applied=passed, not_applied_behind_it=0, written_elsewhere=0)


def told_elsewhere(job: Job, others: Iterable[str]) -> list[Any]:
    return [job.mlflow_run(one) for one in others]


@pytest.mark.any_database
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(trials(1, 50)))
def test_a_real_mlflow_takes_or_refuses_each_of_it(new_job: NewJob, stranger: Run, proved: Proved, seed: int) -> None:
    """Never does it fail, which would be asked for again and again."""
    count = trials(4, 10)
    for number in range(count):
        job = new_job()
        others = [job.ask("POST", "runs/create", experiment_id="0")["run"]["info"]["run_id"] for _ in range(2)]
        before = told_elsewhere(job, others)
        a_journal(job)
        right = (job.folder / job.name).read_bytes()
        changed = Mutations(1000 + count * seed + number, [*others, *ids_of(stranger)]).of(right)
        (job.folder / job.name).write_bytes(changed)
        assert job.apply(is_over=True).is_all
        assert (1, 1, "1.0") in job.points(LAST_KEY)
        assert told_elsewhere(job, others) == before
        assert_all_is_said(job.journal.passed_over)
        assert summarised(job) == metrics_in_mlflow(job)
    proved(journals=count, not_applied_behind_it=0, written_elsewhere=0)


def summarised(job: Job) -> set[tuple[str, str]]:
    """The metrics in our rows, by run and name."""
    rows = MetricSummary.objects.filter(run=job.run).select_related("name")
    return {(row.owner or job.run.mlflow_run_id, row.name.key) for row in rows}


def metrics_in_mlflow(job: Job) -> set[tuple[str, str]]:
    runs = [one for one in ids_of(job.run) if not one.startswith("m-")]
    return {(run, one["key"]) for run in runs for one in job.mlflow_run(run)["data"].get("metrics", [])}
