"""The relay's journal: what a client was told is in it, whatever happens to the relay."""

from __future__ import annotations

import json
import random
import re
import signal
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.runs.job.relay.conftest import Start
from tests.runs.job.relay.relays import EXPERIMENT_ID, JOURNAL, OF_RUN, RUN_ID, Answer, Relay, ask
from tests.runs.job.relay.test_clients import all_that_is_told
from tests.support.places import TOP
from tests.support.proofs import Proved, trials
from tests.support.waiting import wait_until

METRIC = {"key": "loss", "value": 0.5, "timestamp": 1_700_000_000_000, "step": 3}
DATASET = {"dataset": {"name": "data", "digest": "d1", "source_type": "http", "source": "{}"}, "tags": []}


def log_all_kinds(relay: Relay) -> str:
    """At least one entry of each kind. The id of a child."""
    child = relay.post("runs/create", experiment_id="0", run_name="child", start_time=5, user_id="ada", tags=[])
    child_id = str(child["run"]["info"]["run_id"])
    for run_id in (RUN_ID, child_id):
        relay.post("runs/log-metric", run_id=run_id, **METRIC)
        relay.post("runs/log-parameter", run_id=run_id, key="rate", value="0.1")
        relay.post("runs/set-tag", run_id=run_id, key="team", value="blue")
        relay.post("runs/set-tag", run_id=run_id, key="gone", value="1")
        relay.post("runs/delete-tag", run_id=run_id, key="gone")
        relay.post("runs/log-inputs", run_id=run_id, datasets=[DATASET], models=[{"model_id": "m-1"}])
        relay.post("runs/log-model", run_id=run_id, model_json=json.dumps({"artifact_path": "model"}))
        relay.put("a/b.txt", b"small", place=f"{EXPERIMENT_ID}/{run_id}/artifacts")
    model = relay.post(
        "logged-models",
        experiment_id="0",
        name="model",
        model_type="pyfunc",
        source_run_id=child_id,
        params=[{"key": "depth", "value": "2"}],
        tags=[{"key": "stage", "value": "new"}, {"key": "mantik.id", "value": "stolen"}],
    )["model"]["info"]
    model_id = model["model_id"]
    path = f"api/2.0/mlflow/logged-models/{model_id}"
    relay.post(f"logged-models/{model_id}/params", params=[{"key": "width", "value": "3"}])
    assert relay.ask("PATCH", f"{path}/tags", {"tags": [{"key": "good", "value": "yes"}]}).status == 200
    assert relay.ask("DELETE", f"{path}/tags/stage").status == 200
    assert relay.ask("PATCH", path, {"status": "LOGGED_MODEL_READY"}).status == 200
    of_model = {"model_id": model_id, "dataset_name": "data", "dataset_digest": "d1"}
    relay.post("runs/log-metric", run_id=child_id, **METRIC, **of_model)
    relay.post("runs/outputs", run_id=child_id, models=[{"model_id": model_id, "step": 4}])
    relay.put("MLmodel", b"x" * 2_000_000, place=f"{EXPERIMENT_ID}/models/{model_id}/artifacts")
    relay.put("gone.txt", b"gone")
    assert relay.ask("DELETE", f"api/2.0/mlflow-artifacts/artifacts/{OF_RUN}/gone.txt").status == 200
    relay.post("registered-models/create", name="iris")
    relay.post("model-versions/create", name="iris", source=f"models:/{model_id}", run_id=child_id, model_id=model_id)
    relay.get("experiments/get-by-name", experiment_name="another")
    relay.post("runs/update", run_id=child_id, status="FINISHED", end_time=9, run_name="renamed")
    return child_id


KINDS = {
    *("start", "child", "metrics", "params", "tags", "untag", "update", "inputs", "outputs", "history", "model"),
    *("model_status", "model_params", "model_tags", "model_untag", "file", "unfile", "wish", "experiment", "end"),
}


def test_every_kind_of_entry_is_written_and_read_again(relay: Relay) -> None:
    child_id = log_all_kinds(relay)
    told = all_that_is_told(relay)
    relay.kill()
    relay.start()
    assert all_that_is_told(relay) == told
    assert relay.hang_up() == 0
    assert {entry["k"] for entry in relay.entries()} == KINDS

    run = next(run for run in told["runs"] if run["info"]["run_id"] == child_id)
    assert run["info"]["run_name"] == "renamed"
    assert (run["info"]["status"], run["info"]["end_time"], run["info"]["user_id"]) == ("FINISHED", 9, "ada")
    tags = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert json.loads(tags.pop("mlflow.log-model.history")) == [{"artifact_path": "model"}]
    assert tags == {"mlflow.parentRunId": RUN_ID, "mlflow.runName": "renamed", "team": "blue"}
    assert run["inputs"]["dataset_inputs"] == [DATASET]
    [model] = told["models"]
    assert {one["key"]: one["value"] for one in model["data"]["params"]} == {"depth": "2", "width": "3"}
    assert [tag["key"] for tag in model["info"]["tags"]] == ["good"]
    assert (model["info"]["status"], model["info"]["source_run_id"]) == ("LOGGED_MODEL_READY", child_id)
    assert model["data"]["metrics"][0]["dataset_name"] == "data"
    uri = relay_uri(relay, "iris")
    assert uri == f"mlflow-artifacts:/{EXPERIMENT_ID}/models/{model['info']['model_id']}/artifacts"


def relay_uri(relay: Relay, name: str) -> Any:
    relay.start()
    return relay.get("model-versions/get-download-uri", name=name, version="1")["artifact_uri"]


def test_the_document_has_every_kind() -> None:
    table = (TOP / "runs" / "tracking" / "README.md").read_text().partition("| kind | fields |")[2].partition("\n\n")[0]
    documented = {kind for row in table.splitlines()[2:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert documented == KINDS | {"unkept", "lost"}


def test_what_is_sent_again_makes_no_entry(relay: Relay) -> None:
    """Answers are lost; two ranks log the same; log_model sends all points that it was given."""

    def log() -> None:
        relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)
        relay.post("runs/log-metric", run_id=RUN_ID, **METRIC | {"value": "NaN"})
        relay.post("runs/log-batch", run_id=RUN_ID, metrics=[METRIC, METRIC, METRIC | {"value": "NaN"}])
        relay.post("runs/log-parameter", run_id=RUN_ID, key="rate", value="0.1")
        relay.post("runs/set-tag", run_id=RUN_ID, key="team", value="blue")
        relay.post("runs/log-inputs", run_id=RUN_ID, datasets=[DATASET], models=[{"model_id": "m-1"}])
        relay.post("runs/outputs", run_id=RUN_ID, models=[{"model_id": "m-1", "step": 0}])
        relay.post("runs/update", run_id=RUN_ID, status="RUNNING")
        relay.post("runs/log-model", run_id=RUN_ID, model_json='{"artifact_path": "model"}')
        version = relay.post("model-versions/create", name="iris", source="models:/m-1", run_id=RUN_ID)
        assert version["model_version"]["version"] == "1"
        relay.post("runs/delete-tag", run_id=RUN_ID, key="never")

    log()
    before = relay.entries()
    log()
    assert relay.entries() == before
    points = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="loss")["metrics"]
    assert [point["value"] for point in points] == [0.5, "NaN"]


def test_points_of_a_model_are_points_of_its_run_once(relay: Relay) -> None:
    model_id = relay.post("logged-models", name="model", source_run_id=RUN_ID)["model"]["info"]["model_id"]
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)
    for _ in range(2):
        relay.post("runs/log-batch", run_id=RUN_ID, metrics=[METRIC | {"model_id": model_id}])
    assert [entry.get("of") for entry in relay.of_kind("metrics")] == [None, [model_id, "", ""]]
    assert len(relay.get("metrics/get-history", run_id=RUN_ID, metric_key="loss")["metrics"]) == 1


def test_a_logged_model_shows_all_its_points_as_mlflow_does(relay: Relay) -> None:
    model_id = relay.post("logged-models", name="model", source_run_id=RUN_ID)["model"]["info"]["model_id"]
    metrics = [METRIC | {"model_id": model_id, "step": step, "value": step / 4} for step in range(3)]
    relay.post("runs/log-batch", run_id=RUN_ID, metrics=[*metrics, metrics[0] | {"dataset_name": "data"}])
    shown = relay.get(f"logged-models/{model_id}")["model"]["data"]["metrics"]
    assert [(one["step"], one["value"], one["dataset_name"]) for one in shown] == [
        (0, 0.0, ""),
        (1, 0.25, ""),
        (2, 0.5, ""),
        (0, 0.0, "data"),
    ]


def test_of_a_logged_model_with_very_many_the_latest_of_each_metric(relay: Relay) -> None:
    model_id = relay.post("logged-models", name="model", source_run_id=RUN_ID)["model"]["info"]["model_id"]
    for start in range(0, 11_000, 1000):
        points = [METRIC | {"model_id": model_id, "step": start + step} for step in range(1000)]
        relay.post("runs/log-batch", run_id=RUN_ID, metrics=points)
    shown = relay.get(f"logged-models/{model_id}")["model"]["data"]["metrics"]
    assert [one["step"] for one in shown] == [10_999]


def test_the_history_has_mlflow_s_order(relay: Relay) -> None:
    sent = [(when, step, value) for when in (3, 1, 2) for step in (2, 0, 1) for value in (1.5, "NaN", -1.0, 0.0)]
    metrics = [{"key": "x", "value": value, "timestamp": when, "step": step} for when, step, value in sent]
    random.shuffle(metrics)
    relay.post("runs/log-batch", run_id=RUN_ID, metrics=metrics[:18])
    relay.post("runs/log-batch", run_id=RUN_ID, metrics=metrics)
    found = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="x")["metrics"]
    order = [(one["timestamp"], one["step"], one["value"]) for one in found]
    assert order == [
        (when, step, value) for when in (1, 2, 3) for step in (0, 1, 2) for value in (-1.0, 0.0, 1.5, "NaN")
    ]
    page = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="x", max_results=30)
    rest = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="x", page_token=page["next_page_token"])
    assert [*page["metrics"], *rest["metrics"]] == found
    assert "next_page_token" not in rest


def test_an_entry_is_checked_and_compact(relay: Relay) -> None:
    points = [METRIC | {"step": step, "timestamp": 1_700_000_000_000 + step} for step in range(1000)]
    relay.post("runs/log-batch", run_id=RUN_ID, metrics=points)
    line = (relay.folder / JOURNAL).read_bytes().splitlines()[-1]
    assert line[:9] == b"%08x " % zlib.crc32(line[9:])
    [entry] = relay.of_kind("metrics")
    assert "run" not in entry
    assert entry["points"]["loss"][1][:3] == [1_700_000_000_000, 1, 1]
    assert len(line) < 12 * 1000


# The relay is killed


def test_a_relay_that_was_killed_loses_nothing_and_goes_on(start: Start, proved: Proved) -> None:
    """At points that nobody chose, while four clients log. Each acknowledged point is there once, with its value."""
    relay = start()
    kills, told = trials(4, 40), set()
    for attempt in range(kills):
        with ThreadPoolExecutor(4) as pool:
            logging = [pool.submit(log_until_it_dies, relay, attempt, rank) for rank in range(4)]
            # Some die before the first answer.
            signal_after(relay, random.uniform(0.0, 0.25))
            for one in logging:
                told |= one.result()
        port = relay.port
        relay.kill()
        relay.start()
        assert relay.port == port
    kept = {
        (key, step)
        for attempt in range(kills)
        for rank in range(4)
        for key in (f"m{attempt}.{rank}",)
        for step in steps_of(relay, key)
    }
    proved(kills=kills, acknowledged=len(told), lost=len(told - kept))
    assert told - kept == set()
    # One that was written, and of which nobody was told, for each client and kill at most.
    assert len(kept - told) <= 4 * kills
    # It may be killed before it has written that it started.
    assert 1 < len(relay.of_kind("start")) <= kills + 1


def test_killed_between_any_two_calls_it_loses_nothing(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the call was about: the next ones build upon it."""
    ask_only = relay.ask

    def ask_and_kill(*args: Any, **more: Any) -> Answer:
        answer = ask_only(*args, **more)
        relay.kill()
        relay.start()
        return answer

    monkeypatch.setattr(relay, "ask", ask_and_kill)
    log_all_kinds(relay)
    told = all_that_is_told(relay)
    monkeypatch.undo()
    assert all_that_is_told(relay) == told
    assert relay.hang_up() == 0
    assert {entry["k"] for entry in relay.entries()} == KINDS


def signal_after(relay: Relay, seconds: float) -> None:
    time.sleep(seconds)
    relay.signal(signal.SIGKILL)


def log_until_it_dies(relay: Relay, attempt: int, rank: int) -> set[tuple[str, int]]:
    """The steps of which it was told that they are logged."""
    connection, told, key = relay.connect(), set(), f"m{attempt}.{rank}"
    try:
        for step in range(100_000):
            fields = {"run_id": RUN_ID, **METRIC, "key": key, "value": step / 7, "step": step}
            if ask(connection, "POST", "api/2.0/mlflow/runs/log-metric", fields).status == 200:
                told.add((key, step))
    except (OSError, HTTPException):
        pass
    finally:
        connection.close()
    return told


def steps_of(relay: Relay, key: str) -> list[int]:
    found = relay.get("metrics/get-history", run_id=RUN_ID, metric_key=key)["metrics"]
    assert all(point["value"] == point["step"] / 7 for point in found)
    steps = [point["step"] for point in found]
    assert steps == list(range(len(steps)))
    return steps


@pytest.fixture
def three_entries(relay: Relay) -> Relay:
    """The start and two points; then it was killed."""
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC | {"step": 4})
    relay.kill()
    return relay


def lengths(count: int) -> list[int]:
    """Of the last line, as far as it was written."""
    return sorted(random.Random(1).sample(range(1, count), min(count - 1, trials(6, count))))


def test_a_line_that_is_not_whole_is_cut_off(three_entries: Relay) -> None:
    journal = three_entries.folder / JOURNAL
    whole = journal.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for length in lengths(last):
        journal.write_bytes(whole[: len(whole) - length])
        three_entries.start()
        assert [point["step"] for point in history(three_entries)] == [3]
        three_entries.post("runs/log-metric", run_id=RUN_ID, **METRIC | {"step": 5})
        assert [entry["k"] for entry in three_entries.entries()] == ["start", "metrics", "start", "metrics"]
        three_entries.kill()


def history(relay: Relay) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="loss")["metrics"]
    return found


def test_a_last_line_that_is_damaged_is_cut_off(three_entries: Relay) -> None:
    journal = three_entries.folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-8] + b"xxxxxxx\n")
    three_entries.start()
    assert [point["step"] for point in history(three_entries)] == [3]
    wait_until(lambda: "was cut off" in three_entries.log())


def test_a_damaged_line_in_the_middle_costs_itself_alone(three_entries: Relay) -> None:
    """After the node itself died, there may be one. The reader misses its number."""
    journal = three_entries.folder / JOURNAL
    journal.write_bytes(journal.read_bytes().replace(b"[3]", b"[8]"))
    three_entries.start()
    assert [point["step"] for point in history(three_entries)] == [4]
    three_entries.post("runs/log-metric", run_id=RUN_ID, **METRIC | {"step": 5})
    last = journal.read_bytes().splitlines()[-1]
    assert json.loads(last[9:])["n"] == 5


def test_two_ranks_log_to_one_run(relay: Relay) -> None:
    """Each sets the end of the run: the first while the other still logs."""

    def log(rank: int) -> None:
        connection = relay.connect()
        for step in range(200):
            fields = {"run_id": RUN_ID, **METRIC, "key": f"rank{rank}", "step": step}
            assert ask(connection, "POST", "api/2.0/mlflow/runs/log-metric", fields).status == 200
        fields = {"run_id": RUN_ID, "status": "FINISHED", "end_time": 10 + rank}
        assert ask(connection, "POST", "api/2.0/mlflow/runs/update", fields).status == 200
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(log, range(2)))
    for rank in range(2):
        points = relay.get("metrics/get-history", run_id=RUN_ID, metric_key=f"rank{rank}")["metrics"]
        assert [point["step"] for point in points] == list(range(200))
    assert relay.run()["info"]["status"] == "FINISHED"
    assert len(relay.of_kind("update")) == 2


def test_another_attempt_of_the_job_has_a_journal_of_its_own(start: Start, tmp_path: Path) -> None:
    first = start()
    first.post("runs/log-metric", run_id=RUN_ID, **METRIC)
    first.kill()
    first.name = "attempt-2"
    first.start()
    assert history(first) == []
    assert [entry["k"] for entry in first.entries()] == ["start"]
    assert (tmp_path / JOURNAL).exists()


def test_a_point_of_the_run_says_so_when_it_is_linked_to_a_model(relay: Relay) -> None:
    """As clients do that log a model. Without it, who counts the points of the run would count it twice."""
    model_id = relay.post("logged-models", experiment_id="7", name="m", source_run_id=RUN_ID)["model"]["info"][
        "model_id"
    ]
    of = {"run_id": RUN_ID, "model_id": model_id}
    points = [{"key": "loss", "value": step / 2, "timestamp": step, "step": step} for step in range(3)]
    relay.post("runs/log-metric", run_id=RUN_ID, **points[0])
    # One that the run has, one that is new, and one that the same request has for the run as well.
    linked = [{**point, "model_id": model_id} for point in points]
    relay.post("runs/log-batch", run_id=RUN_ID, metrics=[*linked, points[2]])
    relay.post("runs/log-metric", **points[1], **of)
    found = [
        (entry.get("of", [""])[0], entry.get("again"), entry["points"]["loss"][0]) for entry in relay.of_kind("metrics")
    ]
    assert found == [("", None, [0.0]), (model_id, None, [0.5, 1.0]), (model_id, True, [0.0])]
