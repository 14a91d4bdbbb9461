"""What becomes of each kind of entry, on a real MLflow; and of entries that no relay would write."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.errors import NOT_WELL, TrackingUnavailable
from connections.mlflow.for_workers import writer
from mantik.lib.leases import LeaseLost
from runs.models import JobTracking, Journal, Run
from runs.states import RunState
from runs.tracking.journals import passed_over as why
from runs.tracking.journals.apply import apply_journal
from tests.runs.tracking.journals.jobs import Job, line_of
from tests.support import factories

Entry = dict[str, Any]


def an_id() -> str:
    return uuid.uuid4().hex


def metrics(key: str, *points: tuple[Any, int, int], **more: Any) -> Entry:
    """Value, time and step of each."""
    times = [time - before for (_, time, _), before in zip(points, [0, *(one[1] for one in points)], strict=False)]
    steps = [step - before for (_, _, step), before in zip(points, [0, *(one[2] for one in points)], strict=False)]
    return {"k": "metrics", "points": {key: [[value for value, _, _ in points], times, steps]}, **more}


def child(run: str, **more: Any) -> Entry:
    return {"k": "child", "run": run, "name": "child", "user": "me", "start": 5, "tags": {}, **more}


def model(model_id: str, **more: Any) -> Entry:
    about = {"name": "net", "type": "t", "params": {"a": "1"}, "tags": {"b": "2"}, "time": 7}
    return {"k": "model", "model": model_id, **about, **more}


def file(job: Job, path: str, content: bytes, **more: Any) -> Entry:
    """Its bytes are added to the pack."""
    pack = job.folder / f"{job.name}.pack"
    at = pack.stat().st_size if pack.exists() else 0
    with pack.open("ab") as opened:
        opened.write(content)
    digest = hashlib.sha256(content).hexdigest()
    return {"k": "file", "path": path, "size": len(content), "sha256": digest, "at": at, **more}


# What the table says


def test_everything_of_one_child_and_one_model(job: Job) -> None:
    run, one = an_id(), f"m-{an_id()}"
    job.write(
        child(run, tags={"mlflow.note": "x", "mantik.run": "stolen"}),
        metrics("loss", (0.5, 10, 0), ("NaN", 20, 1), ("Infinity", 30, 2), run=run),
        {"k": "params", "run": run, "params": {"rate": "0.1"}},
        {"k": "tags", "run": run, "tags": {"note": "a", "gone": "1", "mlflow.runName": "renamed"}},
        {"k": "untag", "run": run, "key": "gone"},
        {"k": "untag", "run": run, "key": "never there"},
        {"k": "update", "run": run, "status": "FAILED", "end": 99},
        model(one, run=run),
        {"k": "model_params", "model": one, "params": {f"q{number}": "1" for number in range(250)}},
        {"k": "model_tags", "model": one, "tags": {"c": "3", "d": "4", "e/f": "5"}},
        {"k": "model_untag", "model": one, "key": "d"},
        {"k": "model_untag", "model": one, "key": "e/f"},
        metrics("quality", (0.9, 10, 0), run=run, of=[one, "data", "abc"]),
        {"k": "model_status", "model": one, "status": "LOGGED_MODEL_READY", "time": 8},
        {"k": "inputs", "run": run, "datasets": [dataset("data")], "models": [one]},
        {"k": "outputs", "run": run, "models": [{"model_id": one, "step": 3}]},
        file(job, "a/b.txt", b"hello", run=run),
        file(job, "MLmodel", b"model", model=one),
    )
    assert job.apply() == (True, True)
    assert job.apply() == (True, False)

    found = job.mlflow_run(run)
    assert (found["info"]["status"], found["info"]["start_time"], found["info"]["end_time"]) == ("FAILED", 5, 99)
    assert found["info"]["run_name"] == "renamed"
    assert job.points("loss", run) == [(10, 0, "0.5"), (20, 1, "nan"), (30, 2, "1.7976931348623157e+308")]
    assert job.params(run) == {"rate": "0.1"}
    tags = job.tags(run)
    assert (tags["note"], tags["mlflow.parentRunId"]) == ("a", job.run.mlflow_run_id)
    assert not {"gone", "mantik.run", "mantik.id"} & tags.keys()
    assert [entry["model_id"] for entry in found["outputs"]["model_outputs"]] == [one]
    assert [entry["dataset"]["name"] for entry in found["inputs"]["dataset_inputs"]] == ["data"]
    made = job.ask("GET", f"logged-models/{one}")["model"]
    assert made["info"]["status"] == "LOGGED_MODEL_READY"
    assert len(made["data"]["params"]) == 251
    assert {tag["key"] for tag in made["info"]["tags"]} == {"b", "c", "e/f"}
    assert [entry["key"] for entry in made["data"]["metrics"]] == ["quality"]
    assert job.files() == {f"{run}/artifacts/a/b.txt": b"hello", f"models/{one}/artifacts/MLmodel": b"model"}
    assert job.journal.passed_over == {why.REFUSED.format(kind="model untag"): 1}


def dataset(name: str) -> Entry:
    about = {"name": name, "digest": "abc", "source_type": "http", "source": "{}"}
    return {"dataset": about, "tags": [{"key": "mlflow.data.context", "value": "training"}]}


def test_models_of_clients_before_3_are_listed_once(job: Job) -> None:
    about = {"run_id": job.run.mlflow_run_id, "flavors": {}, "utc_time_created": "2026-12-02 11:00:00"}
    models = [json.dumps({**about, "artifact_path": name}) for name in "ab"]
    job.write(*({"k": "history", "model": one} for one in models))
    job.apply()
    Journal.objects.update(offset=0, number=0)
    job.apply()
    listed = json.loads(job.tags()["mlflow.log-model.history"])
    assert [one["artifact_path"] for one in listed] == ["a", "b"]


@pytest.mark.parametrize("tag", ["nonsense", "{}", "1", "[" * 5000])
def test_a_list_of_models_that_was_made_something_else(job: Job, tag: str) -> None:
    one = {"artifact_path": "a", "run_id": "x", "flavors": {}, "utc_time_created": "t"}
    job.write({"k": "tags", "tags": {"mlflow.log-model.history": tag}}, {"k": "history", "model": json.dumps(one)})
    assert job.apply().is_all
    assert job.journal.passed_over == {why.REFUSED.format(kind="history"): 1}


def test_what_people_are_told(job: Job) -> None:
    job.write(
        {"k": "start", "format": 1, "time": 1, "host": "n1", "python": "3.6"},
        {"k": "experiment", "name": "my own"},
        {"k": "experiment", "name": "my own"},
        {"k": "wish", "name": "iris"},
        {"k": "wish", "name": "iris", "version": "1", "source": "runs:/x/model", "of": "", "model": "", "time": 1},
        {"k": "unkept", "path": "big.bin", "size": 5, "sha256": "0" * 64, "why": "limit"},
        {"k": "lost", "why": "disk", "entries": {"metrics": 7, "<b>": 1}},
        {"k": "end", "time": 2, "why": "stdin", "clean": True, "requests": 0, "faults": 2, "unknown": {"GET /x": 3}},
    )
    job.apply()
    said = job.events()
    assert len(said) == 6
    assert said[0].startswith(
        "The code asked for the experiment my own. What it logged is in the experiment of this run"
    )
    assert "Register Model" in said[1]
    assert said[-1] == "The code logged nothing through Mantik. Does it set a tracking URI of its own?"
    journal = job.journal
    assert (journal.has_end, journal.unknown) == (True, {"GET /x": 3})
    assert journal.passed_over == {
        why.NOT_KEPT.format(why="it had stored as much as a job may store"): 1,
        why.LOST.format(kind="metrics"): 7,
        why.LOST.format(kind="other"): 1,
        why.FAULTS: 2,
    }
    job.write({"k": "start", "format": 1, "time": 3, "host": "n1", "python": "3.6"})
    job.apply()
    assert not job.journal.has_end


def test_notes_are_bounded(job: Job) -> None:
    job.write(*({"k": "experiment", "name": f"e{number}"} for number in range(2500)))
    job.apply()
    assert len(job.events()) == 20
    assert job.journal.passed_over == {why.UNSAID: 2480}


def test_the_end_that_the_jobs_exit_has_set_stays(job: Job) -> None:
    Run.objects.filter(pk=job.run.pk).update(state=RunState.FAILED)
    writer().update_run(job.run.mlflow_run_id, status="FAILED", end=1000)
    job.write({"k": "update", "status": "FINISHED", "end": 900, "name": "new"})
    job.apply(is_over=True)
    info = job.mlflow_run()["info"]
    assert (info["status"], info["end_time"], info["run_name"]) == ("FAILED", 1000, "new")


# Batches


def test_entries_are_joined_and_points_are_sent_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    usual = type(writer()).log_batch

    def counting(self: Any, run_id: str, points: Any, params: Any, tags: Any) -> None:
        sizes.append(len(points) + len(params) + len(tags))
        usual(self, run_id, points, params, tags)

    monkeypatch.setattr(type(writer()), "log_batch", counting)
    job.write(*(metrics("loss", (step / 2, step, step)) for step in range(5000)))
    job.write({"k": "params", "params": {f"p{number}": "1" for number in range(250)}})
    job.write(metrics("loss", *((step / 2, step, step) for step in range(4990, 5010))))
    job.apply()
    assert len(job.points("loss")) == 5010
    assert len(job.params()) == 250
    assert max(sizes) == 1000
    assert sizes[:20] == [100] * 20
    assert len(sizes) < 28


def test_long_texts_fit_into_a_request(job: Job) -> None:
    job.write({"k": "params", "params": {f"p{number}": "漢" * 6000 for number in range(100)}})
    job.apply()
    assert {len(value) for value in job.params().values()} == {6000}
    assert job.journal.passed_over == {}


def test_what_mlflow_refuses_takes_nothing_else_with_it(job: Job) -> None:
    job.write(
        {"k": "params", "params": {"a": "1"}},
        {"k": "tags", "tags": {"t": "1"}},
        metrics("loss", *((1.0, step, step) for step in range(50))),
        {"k": "untag", "key": "t"},
        {"k": "params", "params": {"a": "2", "b": "1", "c": "1"}},
        metrics("loss", (2.0, 100, 100)),
    )
    job.apply()
    assert job.params() == {"a": "1", "b": "1", "c": "1"}
    assert len(job.points("loss")) == 51
    assert job.journal.passed_over == {why.REFUSED.format(kind="params"): 1}


def test_a_model_keeps_one_point_for_a_time_and_step(job: Job) -> None:
    one = f"m-{an_id()}"
    of = {"of": [one, "", ""]}
    job.write(
        model(one),
        metrics("q", (1.0, 1, 1), (2.0, 1, 2)),
        metrics("q", (1.0, 1, 1), (2.0, 1, 2), **of),
        # In one batch with it, and in another.
        metrics("q", (3.0, 1, 1), **of),
        {"k": "untag", "key": "x"},
        metrics("q", (4.0, 1, 1), (5.0, 1, 5), **of),
    )
    job.apply()
    assert sorted(value for _, _, value in job.points("q")) == ["1.0", "2.0", "3.0", "4.0", "5.0"]
    kept = job.ask("GET", f"logged-models/{one}")["model"]["data"]["metrics"]
    assert sorted(point["value"] for point in kept) == [1.0, 2.0, 5.0]
    assert job.journal.passed_over == {why.CLASH: 2}
    # A worker that did not get to store the cursor.
    Journal.objects.update(offset=0, number=0)
    job.apply()
    assert len(job.points("q")) == 5


def test_a_run_that_was_deleted_in_mlflow(job: Job) -> None:
    job.ask("POST", "runs/delete", run_id=job.run.mlflow_run_id)
    job.write(metrics("loss", *((1.0, step, step) for step in range(300))), {"k": "update", "status": "FINISHED"})
    assert job.apply().is_all
    assert job.journal.passed_over == {why.DELETED: 3, why.REFUSED.format(kind="update"): 1}


# Files


def test_files_are_stored_whole_replaced_and_removed(job: Job) -> None:
    large = bytes(range(256)) * 20_000
    (job.folder / f"{job.name}.files").mkdir()
    (job.folder / f"{job.name}.files" / "000001").write_bytes(large)
    digest = hashlib.sha256(large).hexdigest()
    job.write(
        file(job, "a.txt", b"first"),
        file(job, "a.txt", b"second"),
        file(job, "empty", b""),
        file(job, "gone/x.txt", b"x"),
        file(job, "gone/y.txt", b"y"),
        {"k": "unfile", "path": "gone"},
        {"k": "unfile", "path": "never"},
        file(job, "late.bin", b"old"),
        {"k": "unkept", "path": "late.bin", "size": 5, "sha256": "0" * 64, "why": "disk"},
        {"k": "file", "path": "large", "size": len(large), "sha256": digest, "at": f"{job.name}.files/000001"},
        file(job, "50% #?ä.txt", b"odd"),
    )
    source = job.source
    assert job.apply(source=source).is_all
    assert source.longest <= 2**20
    top = f"{job.run.mlflow_run_id}/artifacts"
    assert job.files() == {
        f"{top}/a.txt": b"second",
        f"{top}/empty": b"",
        f"{top}/large": large,
        f"{top}/50\uff05 #?ä.txt": b"odd",
    }
    job.run.refresh_from_db()
    assert job.run.tracked_bytes == len(b"firstsecondxyoldodd") + len(large)
    assert "50% #?ä.txt" in job.events()[-1]


def test_files_that_are_not_what_their_entry_says(job: Job) -> None:
    (job.folder / "seed.json").write_text("the secret")
    places = ("seed.json", "../seed.json", "x.files/../1", "/")
    size = {"size": 10, "sha256": hashlib.sha256(b"the secret").hexdigest()}
    job.write(
        file(job, "bad-sum", b"x" * 3_000_000) | {"sha256": "0" * 64},
        *({"k": "file", "path": "stolen", **size, "at": at} for at in places),
        *(file(job, path, b"x") for path in ("../up", "/top", "a//b", "a\\b", "a\nb", "x" * 300, "%" * 200)),
        file(job, "beyond", b"") | {"size": 2**30},
    )
    assert not job.apply().is_all
    assert job.apply(is_over=True).is_all
    assert job.files() == {}
    assert job.journal.passed_over == {why.WRONG_SUM: 1, why.NO_BYTES: 5, why.BAD_PATH: 7}


def test_files_beyond_the_quota_are_not_stored(job: Job, settings: Settings) -> None:
    settings.MANTIK_TRACKING_RUN_MAX_BYTES = 10
    job.write(*(file(job, f"{size}", b"x" * size) for size in (6, 5, 4, 1, 1)))
    job.apply()
    assert len(job.files()) == 2
    assert job.journal.passed_over == {why.NO_ROOM: 3}
    assert len(job.events()) == 1


# Strangers


def test_what_is_somebody_elses_stays_as_it_is(job: Job) -> None:
    other = factories.make_run(RunState.RUNNING)
    other.mlflow_run_id = job.ask("POST", "runs/create", experiment_id="0")["run"]["info"]["run_id"]
    other.save()
    unknown = job.ask("POST", "runs/create", experiment_id="0")["run"]["info"]["run_id"]
    model_id = job.ask("POST", "logged-models", experiment_id="0", name="x")["model"]["info"]["model_id"]
    tracked = an_id()
    factories.make_tracked_item(other, mlflow_id=tracked)
    before = [job.mlflow_run(one) for one in (other.mlflow_run_id, unknown)]
    theirs = [other.mlflow_run_id, unknown, tracked, "x", "0" * 32, job.run.mlflow_run_id.upper()]
    for run in theirs:
        job.write(
            *([] if run == "0" * 32 else [child(run)]),
            metrics("loss", (1.0, 1, 1), run=run),
            {"k": "params", "run": run, "params": {"a": "1"}},
            {"k": "tags", "run": run, "tags": {"a": "1"}},
            {"k": "untag", "run": run, "key": "a"},
            {"k": "update", "run": run, "status": "FAILED"},
            {"k": "inputs", "run": run, "datasets": [], "models": []},
            {"k": "history", "run": run, "model": "{}"},
            {"k": "tags", "tags": {"mlflow.parentRunId": run}},
            child(an_id(), tags={"mlflow.parentRunId": run}),
            file(job, "a", b"a", run=run),
            {"k": "unfile", "path": "a", "run": run},
        )
    job.write(
        model(model_id),
        {"k": "model_status", "model": model_id, "status": "LOGGED_MODEL_READY", "time": 1},
        {"k": "model_tags", "model": model_id, "tags": {"a": "1"}},
        metrics("loss", (1.0, 1, 1), of=[model_id, "", ""]),
        {"k": "outputs", "models": [{"model_id": model_id, "step": 1}]},
        {"k": "inputs", "datasets": [], "models": [model_id]},
        file(job, "a", b"a", model=model_id),
    )
    assert job.apply().is_all
    assert [job.mlflow_run(one) for one in (other.mlflow_run_id, unknown)] == before
    assert job.files() == {}
    assert not job.run.tracked_items.exists()
    assert "metrics" not in job.mlflow_run()["data"]
    assert job.journal.passed_over == {why.NOT_NEW: 6, why.NOT_OF_JOB: 11 * 6 + 6}


def test_tags_of_mantik_stay_as_they_are(job: Job) -> None:
    before = job.tags()
    job.write(
        {"k": "tags", "tags": {"mantik.run": "x", "mantik.id": "y", "fine": "1"}}, {"k": "untag", "key": "mantik.run"}
    )
    job.apply()
    assert job.tags() == before | {"fine": "1"}
    assert job.journal.passed_over == {why.OWN_TAGS: 3}


def test_what_a_later_relay_writes_is_passed_over(job: Job) -> None:
    job.write({"k": "dream", "x": 1}, metrics("loss", (1.0, 1, 1), mood="new"), {"k": "start", "format": 2})
    job.apply()
    assert len(job.points("loss")) == 1
    assert job.journal.passed_over == {why.UNKNOWN_KIND: 1, why.UNKNOWN_FORMAT: 1}


# The cursor


def test_numbers_that_are_missing_or_there_twice_are_counted(job: Job) -> None:
    entries = [{"n": number, **metrics("loss", (number, number, number))} for number in (1, 2, 5, 5, 3, 6)]
    (job.folder / job.name).write_bytes(b"".join(map(line_of, entries)))
    job.apply()
    assert [step for _, step, _ in job.points("loss")] == [1, 2, 5, 6]
    assert job.journal.passed_over == {why.MISSING: 2, why.AGAIN: 2}


def test_a_worker_that_has_lost_its_lease_stores_nothing(job: Job) -> None:
    job.write(metrics("loss", (1.0, 1, 1)))
    lease, job_tracking = job.lease()
    JobTracking.objects.update(lease_token=uuid.uuid4())
    with pytest.raises(LeaseLost):
        apply_journal(
            job.run,
            job.journal,
            job.source,
            lease=lease,
            job_tracking=job_tracking,
            is_over=False,
            stop=lambda: False,
            clock=timezone.now,
        )
    assert (job.journal.offset, job.journal.number) == (0, 0)


def test_it_stops_between_requests_and_goes_on(job: Job) -> None:
    job.write(*(metrics("loss", (1.0, step, step)) for step in range(500)), {"k": "update", "status": "FINISHED"})
    calls = 0

    def after_two() -> bool:
        nonlocal calls
        calls += 1
        return calls % 3 == 0

    job.stop = after_two
    results = [job.apply()]
    while not results[-1].is_all:
        results.append(job.apply())
    assert len(results) > 2
    assert len(job.points("loss")) == 500
    assert job.mlflow_run()["info"]["status"] == "FINISHED"


def test_an_entry_at_which_mlflow_fails_again_and_again_is_passed_over(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow itself cannot be made to: every such input that was found is refused before."""

    def failing(*_: object, **__: object) -> None:
        raise TrackingUnavailable(NOT_WELL)

    monkeypatch.setattr(type(writer()), "log_inputs", failing)
    job.write({"k": "inputs", "datasets": [dataset("data")], "models": []}, metrics("loss", (1.0, 1, 1)))
    with pytest.raises(TrackingUnavailable):
        job.apply()
    JobTracking.objects.update(failures=20)
    assert job.apply().is_all
    assert job.journal.passed_over == {why.FAULTY.format(kind="inputs"): 1}
    assert len(job.points("loss")) == 1


def test_an_entry_that_takes_longer_than_a_turn_is_applied_all_the_same(job: Job) -> None:
    job.write(metrics("loss", *((1.0, step, step) for step in range(4000))), metrics("loss", (1.0, 5000, 5000)))
    asked = 0

    def every_third_time() -> bool:
        nonlocal asked
        asked += 1
        return asked % 3 == 0

    job.stop = every_third_time
    turns = 0
    while not job.apply().is_all:
        turns += 1
        assert turns < 5
    assert len(job.points("loss")) == 4001
    assert job.journal.passed_over == {}


def test_an_entry_with_more_points_than_any_relay_writes_is_not_applied(job: Job) -> None:
    job.write(
        {"k": "metrics", "points": {f"m{number}": [[1.0] * 600, [1] * 600, [1] * 600] for number in range(20)}},
        metrics("loss", (1.0, 1, 1)),
    )
    assert job.apply().is_all
    assert job.journal.passed_over == {why.MALFORMED.format(kind="metrics"): 1}
    assert len(job.points("loss")) == 1
