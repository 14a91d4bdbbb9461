"""MLflow does not answer, or refuses: the row says so, nothing is left half done, and workers try again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import registry
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from mantik.lib.backoff import SHORTEST_PART
from runs.models import RegisteredModel, RetiredModel, Run
from runs.registered_models import services, worker
from runs.registered_models.entry import TAG, make_entry, what_changed
from runs.registered_models.states import ModelState
from runs.tracking.last_entries import note_status
from runs.tracking.run_tokens import make_run_token, run_of_token
from tests.runs.registered_models.conftest import NOW, register, tend
from tests.support.factories import append_log
from tests.support.logged_models import model_version

pytestmark = pytest.mark.django_db

NOBODY = "http://127.0.0.1:1"


def test_registering_waits_for_mlflow_and_says_so(
    settings: Settings, mlflow: str, run: Run, ada: User, logged: ModelSource
) -> None:
    settings.MANTIK_MLFLOW_URI = NOBODY
    waiting = tend(register(run, ada, logged))
    assert waiting
    assert waiting.state == ModelState.REGISTERING
    assert waiting.waiting_for == "MLflow cannot be reached at the moment."
    assert waiting.waiting_since == NOW
    assert waiting.lease_until is None
    settings.MANTIK_MLFLOW_URI = mlflow
    later = NOW + timedelta(minutes=1)
    assert worker.due_models(now=later, limit=5) == [waiting.pk]
    done = tend(waiting, later)
    assert done
    assert (done.state, done.waiting_for, done.attempts) == (ModelState.REGISTERED, "", 0)
    registry().delete(done.registry_name)


def test_it_is_tried_less_and_less_often(settings: Settings, run: Run, ada: User, logged: ModelSource) -> None:
    settings.MANTIK_MLFLOW_URI = NOBODY
    model, now, pauses = register(run, ada, logged), NOW, []
    for _ in range(9):
        found = tend(model, now)
        assert found
        assert found.next_attempt_at
        pauses.append((found.next_attempt_at - now).total_seconds())
        now = found.next_attempt_at
        assert found.waiting_since == NOW
    wholes = [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert all(whole * SHORTEST_PART <= pause <= whole for whole, pause in zip(wholes, pauses, strict=True))


def test_unregistering_waits_and_the_name_stays_taken(
    settings: Settings, mlflow: str, model: RegisteredModel, run: Run, ada: User, logged: ModelSource
) -> None:
    services.unregister_model(model=model, actor=ada, now=NOW)
    settings.MANTIK_MLFLOW_URI = NOBODY
    waiting = tend(model)
    assert waiting
    assert waiting.state == ModelState.UNREGISTERING
    with pytest.raises(services.Taken) as refused:
        register(run, ada, logged)
    assert "It is being unregistered; try again in a moment." in refused.value.message
    settings.MANTIK_MLFLOW_URI = mlflow
    assert tend(waiting, NOW + timedelta(minutes=1)) is None
    assert model_version(mlflow, model.registry_name) is None


def test_a_name_that_somebody_else_has_in_mlflow_is_left_alone(
    mlflow: str, run: Run, ada: User, logged: ModelSource
) -> None:
    model = register(run, ada, logged)
    registry().create(model.registry_name, tags={})
    assert tend(model) is None
    entry = registry().find(model.registry_name)
    assert entry
    assert TAG not in entry.tags
    assert "that Mantik did not put there" in run.events.get(kind="model.refused").message
    assert "that Mantik did not put there" in ada.notices.get().text
    registry().delete(model.registry_name)


def test_what_mlflow_does_not_let_mantik_remove_after_a_refusal_is_tried_again(
    mlflow: str, run: Run, ada: User, logged: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is raised, and no lease is held until it expires."""

    def refuse(*_: object) -> None:
        raise TrackingRefused("MLflow refused to unregister it.")

    model = register(run, ada, logged)
    registry().create(model.registry_name, tags={})
    monkeypatch.setattr("runs.registered_models.worker.remove_entry", refuse)
    waiting = tend(model)
    assert waiting
    assert (waiting.state, waiting.waiting_for) == (ModelState.UNREGISTERING, "MLflow refused to unregister it.")
    assert (waiting.waiting_since, waiting.lease_until) == (NOW, None)
    monkeypatch.undo()
    assert tend(waiting, NOW + timedelta(minutes=1)) is None
    assert "that Mantik did not put there" in run.events.get(kind="model.refused").message
    registry().delete(model.registry_name)


def test_what_a_worker_that_hung_did_too_late_is_taken_out_later(
    mlflow: str, model: RegisteredModel, ada: User
) -> None:
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None
    registry().create(model.registry_name, tags={TAG: str(model.uuid)})
    worker.look_once_more(now=NOW + timedelta(minutes=9))
    assert registry().find(model.registry_name)
    worker.look_once_more(now=NOW + timedelta(minutes=11))
    assert registry().find(model.registry_name) is None
    assert not RetiredModel.objects.exists()


def test_the_later_look_keeps_its_hands_off_who_has_the_name_now(
    mlflow: str, model: RegisteredModel, run: Run, ada: User, logged: ModelSource
) -> None:
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None
    again = tend(register(run, ada, logged))
    assert again
    worker.look_once_more(now=NOW + timedelta(minutes=11))
    assert model_version(mlflow, again.registry_name)
    registry().delete(again.registry_name)


def test_a_wish_while_a_worker_is_at_it_is_done_when_it_has_let_go(
    model: RegisteredModel, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker reads the aliases, then somebody gives one: it is not forgotten for an hour."""
    services.set_alias(model=model, actor=ada, alias="champion", now=NOW)

    def meanwhile(found: RegisteredModel) -> str:
        services.set_alias(model=model, actor=ada, alias="stable", now=NOW + timedelta(seconds=1))
        return what_changed(found)

    monkeypatch.setattr("runs.registered_models.worker.what_changed", meanwhile)
    tend(model)
    monkeypatch.undo()
    assert worker.due_models(now=NOW + timedelta(seconds=1), limit=5) == [model.pk]
    tend(model, NOW + timedelta(seconds=1))
    entry = registry().find(model.registry_name)
    assert entry
    assert entry.aliases == {"champion": "1", "stable": "1"}


def test_who_unregisters_while_a_worker_registers_wins(
    mlflow: str, run: Run, ada: User, logged: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = register(run, ada, logged)

    def meanwhile(found: RegisteredModel) -> str:
        services.unregister_model(model=model, actor=ada, now=NOW)
        return make_entry(found)

    monkeypatch.setattr("runs.registered_models.worker.make_entry", meanwhile)
    found = tend(model)
    assert found
    assert found.state == ModelState.UNREGISTERING
    assert tend(model) is None
    assert model_version(mlflow, model.registry_name) is None
    assert not run.events.filter(kind="model.registered").exists()


def test_it_waits_for_the_log_that_the_certificate_quotes(
    mlflow: str, run: Run, ada: User, logged: ModelSource
) -> None:
    Run.objects.filter(pk=run.pk).update(log_complete=False, ended_at=NOW - timedelta(seconds=1))
    waiting = tend(register(run, ada, logged))
    assert waiting
    assert (waiting.state, waiting.waiting_for) == (ModelState.REGISTERING, worker.AWAITS_LOG)
    append_log(run, '[mantik] env {"hostname": "node0412"}\n')
    done = tend(waiting, NOW + timedelta(minutes=1))
    assert done
    assert json.loads(done.certificate)["environment"] == {"hostname": "node0412"}
    registry().delete(done.registry_name)


def test_it_waits_for_what_the_job_logged_last(mlflow: str, run: Run, ada: User, logged: ModelSource) -> None:
    Run.objects.filter(pk=run.pk).update(ended_at=NOW - timedelta(seconds=1))
    assert run_of_token(make_run_token(run, now=NOW), now=NOW)
    waiting = tend(register(run, ada, logged))
    assert waiting
    assert (waiting.state, waiting.waiting_for) == (ModelState.REGISTERING, worker.AWAITS_ENTRIES)
    note_status(run, "FINISHED", now=NOW)
    done = tend(waiting, NOW + timedelta(minutes=1))
    assert done
    assert done.is_registered
    registry().delete(done.registry_name)


def test_a_log_that_never_comes_does_not_keep_a_model_from_its_name(
    mlflow: str, run: Run, ada: User, logged: ModelSource
) -> None:
    Run.objects.filter(pk=run.pk).update(log_complete=False, ended_at=NOW - timedelta(minutes=11))
    done = tend(register(run, ada, logged))
    assert done
    assert done.is_registered
    assert json.loads(done.certificate)["environment"] == {}
    registry().delete(done.registry_name)
