"""What a personal token may do: by its scope, by the role of its owner in the project, and by the kind of call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import RequestFactory

from mantik.accounts.models import User
from mantik.tokens.models import PersonalAccessToken, Scope
from projects.models import Experiment, Membership, Project
from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from runs.tracking.gateway.views import answer
from tests.runs.tracking.gateway.asking import API, Call, sent_by, token_of_member
from tests.support import factories
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db
FILES = "api/2.0/mlflow-artifacts/artifacts"
PAIR = {"key": "a", "value": "b"}


@dataclass(frozen=True)
class Scene:
    """A project; `me` is whose token it is. `mine` and `others` are local runs that are under way."""

    me: User
    project: Project
    experiment: Experiment
    mine: Run
    others: Run
    model: str


@dataclass(frozen=True)
class Kind:
    """A kind of call, with the least scope and role that it needs; None: nobody has it.

    `too_low`: the status for a member whose role is too low.
    """

    call: Callable[[Scene], Call]
    scope: Scope | None
    role: Role | None
    too_low: int = 403

    def expected(self, scope: Scope, role: Role | None) -> set[int]:
        if self.scope is None or self.role is None:
            return {404}
        if role is None:
            # What is to be made in a project that is not there has no place yet.
            return {400, 404}
        if not role.at_least(self.role):
            return {self.too_low} if scope.covers(self.scope) else {403, self.too_low}
        return {200} if scope.covers(self.scope) else {403}


def _get(path: str, **query: str) -> Call:
    return Call("GET", path, query)


def _post(path: str, **body: object) -> Call:
    return Call("POST", f"{API}{path}", body=body)


def _place(run: Run) -> str:
    return f"{FILES}/{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts/notes.txt"


KINDS = {
    "see an experiment": Kind(
        lambda s: _get(f"{API}experiments/get", experiment_id=s.experiment.mlflow_experiment_id),
        *(Scope.READ, Role.GUEST),
    ),
    "see a run": Kind(lambda s: _get(f"{API}runs/get", run_id=s.others.mlflow_run_id), Scope.READ, Role.GUEST),
    "search runs": Kind(
        lambda s: _post("runs/search", experiment_ids=[s.experiment.mlflow_experiment_id]), Scope.READ, Role.GUEST
    ),
    "see a metric": Kind(
        lambda s: _get(f"{API}metrics/get-history", run_id=s.others.mlflow_run_id, metric_key="loss"),
        *(Scope.READ, Role.GUEST),
    ),
    "see the names of files": Kind(
        lambda s: _get(f"{API}artifacts/list", run_id=s.others.mlflow_run_id), Scope.READ, Role.GUEST
    ),
    "download a file": Kind(lambda s: _get(_place(s.others)), Scope.READ, Role.REPORTER),
    "load a registered model": Kind(
        lambda s: _get(f"{API}registered-models/get", name=s.model), Scope.READ, Role.REPORTER, too_low=404
    ),
    "start a run": Kind(
        lambda s: _post("runs/create", experiment_id=s.experiment.mlflow_experiment_id, start_time=1),
        *(Scope.SUBMIT, Role.RESEARCHER),
    ),
    "start a run below one's own": Kind(
        lambda s: _post(
            "runs/create",
            experiment_id=s.experiment.mlflow_experiment_id,
            tags=[{"key": "mlflow.parentRunId", "value": s.mine.mlflow_run_id}],
        ),
        *(Scope.SUBMIT, Role.RESEARCHER),
    ),
    "log to one's own run": Kind(
        lambda s: _post("runs/log-parameter", run_id=s.mine.mlflow_run_id, **PAIR), Scope.SUBMIT, Role.RESEARCHER
    ),
    "tag one's own run": Kind(
        lambda s: _post("runs/set-tag", run_id=s.mine.mlflow_run_id, **PAIR), Scope.SUBMIT, Role.RESEARCHER
    ),
    "upload a file to one's own run": Kind(
        lambda s: Call("PUT", _place(s.mine), body=b"text"), Scope.SUBMIT, Role.RESEARCHER
    ),
    "log a model in one's own run": Kind(
        lambda s: _post("logged-models", source_run_id=s.mine.mlflow_run_id, name="forest"),
        *(Scope.SUBMIT, Role.RESEARCHER),
    ),
    "end one's own run": Kind(
        lambda s: _post("runs/update", run_id=s.mine.mlflow_run_id, status="FINISHED"), Scope.SUBMIT, Role.RESEARCHER
    ),
    "log to a run of others": Kind(
        lambda s: _post("runs/log-parameter", run_id=s.others.mlflow_run_id, **PAIR), Scope.SUBMIT, Role.MAINTAINER
    ),
    "upload a file to a run of others": Kind(
        lambda s: Call("PUT", _place(s.others), body=b"text"), Scope.SUBMIT, Role.MAINTAINER
    ),
    "end a run of others": Kind(
        lambda s: _post("runs/update", run_id=s.others.mlflow_run_id, status="KILLED"), Scope.SUBMIT, Role.MAINTAINER
    ),
    "make an experiment": Kind(
        lambda s: _post("experiments/create", name=f"{s.project.slug}/Another"), Scope.SUBMIT, Role.RESEARCHER
    ),
    "rename an experiment": Kind(
        lambda s: _post("experiments/update", experiment_id=s.experiment.mlflow_experiment_id, new_name="x"), None, None
    ),
    "delete an experiment": Kind(
        lambda s: _post("experiments/delete", experiment_id=s.experiment.mlflow_experiment_id), None, None
    ),
    "delete a run": Kind(lambda s: _post("runs/delete", run_id=s.mine.mlflow_run_id), None, None),
    "register a model": Kind(lambda _: _post("registered-models/create", name="forest"), None, None),
    "delete a registered model": Kind(
        lambda s: Call("DELETE", f"{API}registered-models/delete", body={"name": s.model}), None, None
    ),
}


def make_scene(role: Role | None) -> Scene:
    project, me = factories.make_project(), factories.make_user("ada")
    owner = factories.join(project, Role.OWNER)
    experiment = factories.make_experiment(project=project, created_by=owner, mlflow_experiment_id="7")
    mine, others = (
        factories.make_local_run(project=project, experiment=experiment, created_by=user) for user in (me, owner)
    )
    finished = factories.make_run(RunState.FINISHED, project=project, experiment=experiment, created_by=owner)
    if role is not None:
        factories.join(project, role, me)
    return Scene(me, project, experiment, mine, others, make_model(run=finished).registry_name)


def status(token: str, call: Call) -> int:
    """Without asking MLflow: a request that may be handed on to it is 200."""
    return answer(sent_by(RequestFactory(), token, call)).status_code


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("role", [None, *Role])
def test_a_token_may_do_what_its_scope_and_the_role_of_its_owner_allow(role: Role | None, scope: Scope) -> None:
    scene = make_scene(role)
    token = token_of_member(scene.me, scope)
    found = {name: status(token, kind.call(scene)) for name, kind in KINDS.items()}
    wrong = {name: got for name, got in found.items() if got not in KINDS[name].expected(scope, role)}
    assert wrong == {}


def test_a_role_that_is_lost_takes_effect_with_the_next_call() -> None:
    scene = make_scene(Role.RESEARCHER)
    token = token_of_member(scene.me, Scope.ADMIN)
    membership = Membership.objects.filter(user=scene.me)
    log, see = (KINDS[name].call(scene) for name in ("log to one's own run", "see a run"))

    assert (status(token, log), status(token, see)) == (200, 200)
    membership.update(role=Role.GUEST)
    assert (status(token, log), status(token, see)) == (403, 200)
    membership.delete()
    assert (status(token, log), status(token, see)) == (404, 404)


def test_a_group_that_loses_its_role_takes_it_from_tokens() -> None:
    scene = make_scene(None)
    factories.join_by_group(scene.project, Role.RESEARCHER, scene.me)
    token = token_of_member(scene.me, Scope.SUBMIT)
    log = KINDS["log to one's own run"].call(scene)

    assert status(token, log) == 200
    scene.project.group_memberships.all().delete()
    assert status(token, log) == 404


@pytest.mark.parametrize("scope", list(Scope))
def test_what_a_restricted_token_is_not_for_is_as_if_its_owner_had_no_role_there(scope: Scope) -> None:
    scene = make_scene(Role.OWNER)
    only = factories.make_project(slug="only")
    factories.join(only, Role.GUEST, scene.me)
    token = token_of_member(scene.me, scope, only=[only])
    found = {name: status(token, kind.call(scene)) for name, kind in KINDS.items()}
    assert {name: got for name, got in found.items() if got not in KINDS[name].expected(scope, None)} == {}


def test_an_experiment_is_made_in_the_one_project_that_a_token_is_for() -> None:
    scene = make_scene(Role.OWNER)
    only = factories.make_project(slug="only")
    factories.join(only, Role.OWNER, scene.me)
    token = token_of_member(scene.me, Scope.SUBMIT, only=[only])

    assert status(token, _post("experiments/create", name="Baseline")) == 200

    assert only.experiments.get().name == "Baseline"
    assert PersonalAccessToken.objects.get().project_uuids == [str(only.uuid)]
