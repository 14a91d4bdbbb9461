"""Several people, and several workers, at the same moment; the database decides."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from uuid import uuid4

import pytest

from connections.mlflow.for_workers import registry
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.models import Project
from projects.roles import Role
from runs.models import ModelAlias, RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.services import Taken
from runs.services import NotAllowed
from runs.states import RunState
from tests.runs.registered_models.conftest import NOW, finished_run, register, tend
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.logged_models import log_model
from tests.support.proofs import trials
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 6
# Of meetings by chance.
ROUNDS = trials(20, 500)


def test_of_people_who_want_the_same_name_one_gets_it(mlflow: str, project: Project, ada: User) -> None:
    runs = [finished_run(mlflow, project, ada) for _ in range(PEOPLE)]
    names = ["Forecast" if number % 2 else "forecast" for number in range(PEOPLE)]
    sources = [ModelSource(run.mlflow_run_id, path="model") for run in runs]
    found = at_once(
        [partial(register, run, ada, source, name) for run, name, source in zip(runs, names, sources, strict=True)]
    )
    models = [one for one in found if isinstance(one, RegisteredModel)]
    refused = [one for one in found if isinstance(one, Taken)]
    assert (len(models), len(refused)) == (1, PEOPLE - 1)
    winner = models[0]
    sentence = f"The model of the run {winner.run.name} ({winner.run.short_id}) is already named {winner.name}."
    assert {one.message for one in refused} == {sentence}
    assert {one.field for one in refused} == {"name"}


def test_of_people_who_register_the_same_run_one_does(mlflow: str, project: Project, run: Run) -> None:
    source = ModelSource(run.mlflow_run_id, model_id=log_model(mlflow, run))
    people = [factories.join(project, Role.RESEARCHER) for _ in range(PEOPLE)]
    found = at_once([partial(register, run, person, source, f"name-{number}") for number, person in enumerate(people)])
    models = [one for one in found if isinstance(one, RegisteredModel)]
    refused = [one for one in found if isinstance(one, Taken)]
    assert (len(models), len(refused)) == (1, PEOPLE - 1)
    assert {one.message for one in refused} == {f"The model of this run is already registered as {models[0].name}."}


def test_of_workers_who_get_the_same_message_one_registers(mlflow: str, run: Run, ada: User) -> None:
    model = register(run, ada, ModelSource(run.mlflow_run_id, model_id=log_model(mlflow, run)))
    assert [one for one in at_once([lambda: tend(model)] * 4) if isinstance(one, Exception)] == []
    tend(model)
    assert RegisteredModel.objects.get().is_registered
    assert len(registry().versions(model.registry_name)) == 1
    assert run.events.filter(kind="model.registered").count() == 1
    registry().delete(model.registry_name)


def test_an_alias_that_many_give_at_once_stands_for_one_model(mlflow: str, project: Project, ada: User) -> None:
    models = []
    for number in range(3):
        run = finished_run(mlflow, project, ada)
        source = ModelSource(run.mlflow_run_id, model_id=log_model(mlflow, run))
        models.append(tend(register(run, ada, source, f"m{number}")))
    found = at_once(
        [partial(services.set_alias, model=model, actor=ada, alias="champion", now=NOW) for model in models if model]
    )
    assert [one for one in found if isinstance(one, Exception)] == []
    alias = ModelAlias.objects.get()
    for model in models:
        assert model
        tend(model)
        entry = registry().find(model.registry_name)
        assert entry
        assert entry.aliases == ({"champion": "1"} if model.pk == alias.model_id else {})
        registry().delete(model.registry_name)
    assert project.model_alias_changes.count() == 3


def test_models_that_are_unregistered_while_their_aliases_move(project: Project, ada: User) -> None:
    """There is no deadlock, and no alias stands for a model that is being unregistered."""

    def registered() -> RegisteredModel:
        run = factories.make_run(RunState.FINISHED, project=project, created_by=ada, mlflow_run_id=uuid4().hex)
        return make_model(run=run)

    for number in range(ROUNDS):
        one, other, alias = registered(), registered(), f"champion-{number}"
        services.set_alias(model=one, actor=ada, alias=alias, now=NOW)
        found = at_once(
            [
                partial(services.unregister_model, model=one, actor=ada, now=NOW),
                partial(_give, other, ada, alias),
                partial(services.remove_alias, model=one, actor=ada, alias=alias, now=NOW),
                partial(services.unregister_model, model=other, actor=ada, now=NOW),
            ]
        )
        assert found == [None] * 4
    assert not ModelAlias.objects.exists()


def _give(model: RegisteredModel, actor: User, alias: str) -> None:
    # It may be going already.
    with suppress(NotAllowed):
        services.set_alias(model=model, actor=actor, alias=alias, now=NOW)
