"""The answers to MLflow's clients at /tracking/, and what is refused there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from connections.mlflow.errors import TrackingError
from connections.mlflow.onward import Onward
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import make_token
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.states import ModelState
from tests.runs.registered_models.conftest import NOW, register, tend
from tests.support import factories
from tests.support.logged_models import FILES, log_classic_model

pytestmark = pytest.mark.django_db
API = "/tracking/api/2.0/mlflow/"
ARTIFACTS = "/tracking/api/2.0/mlflow-artifacts/artifacts"
SERVER_INFO = "/tracking/api/3.0/mlflow/server-info"
# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"

Ask = Callable[..., Any]


NOT_ON_THE_LIST = [
    *("ajax-api/2.0/mlflow/registered-models/get", "ajax-api/2.0/mlflow/runs/get", "api/2.0/mlflow/runs/delete"),
    *("model-versions/get-artifact", "graphql", "ajax-api/3.0/jobs", "ajax-api/3.0/mlflow/assistant/status"),
    *("api/2.0/mlflow-artifacts/presigned/models/x", "api/2.0/mlflow-artifacts/mpu/complete/models/x"),
    *("api/2.0/mlflow/webhooks", "v1/traces", "health", "metrics", "static-files/index.html", ""),
    *("API/2.0/mlflow/model-versions/get", "api/2.0/mlflow/model-versions/get/", "api/2.0//mlflow/x"),
]


NO_PATHS = [
    *("../MLmodel", "code/../MLmodel", "./MLmodel", "/MLmodel", "code//features.py", "MLmodel/", "code", ""),
    *("%2e%2e/MLmodel", "code/%2e%2e/MLmodel", "%252e%252e/MLmodel", "code%252ffeatures.py", "MLmodel%00"),
    *("MLmodel%0a", "MLMODEL", "..%5cMLmodel", "MLmodel%23", "MLmodel%3fpath=x", "nothing", "%2fetc/passwd"),
]


NO_VERSIONS = ["", "0", "01", "2", "latest", "1 ", "1\x00"]


OTHER_METHODS = ["HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def asker(user: User, *, scope: Scope = Scope.READ) -> Ask:
    now = timezone.now()
    _, token = make_token(user=user, name="notebook", scope=scope, expires_at=now + timedelta(days=1), now=now)

    def ask(url: str, method: str = "GET", **options: Any) -> Any:
        return Client().generic(method, url, headers={"authorization": f"Bearer {token}"}, **options)

    return ask


@pytest.fixture
def reader(model: RegisteredModel) -> User:
    return factories.join(model.project, Role.REPORTER)


@pytest.fixture
def ask(reader: User) -> Ask:
    return asker(reader)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that MLflow was asked for."""
    asked: list[str] = []
    real = Onward.model_address

    async def noted(self: Onward, source: ModelSource, path: str) -> Any:
        asked.append(path)
        return await real(self, source, path)

    monkeypatch.setattr(Onward, "model_address", noted)
    return asked


def calls(model: RegisteredModel) -> list[str]:
    """One address of each call that is answered."""
    name = model.registry_name
    return [
        f"{API}registered-models/get?name={name}",
        f"{API}registered-models/alias?name={name}&alias=champion",
        f"{API}model-versions/get?name={name}&version=1",
        f"{API}model-versions/get-download-uri?name={name}&version=1",
        f"{ARTIFACTS}?path=models/{model.uuid}",
        f"{ARTIFACTS}/models/{model.uuid}/MLmodel",
    ]


def no_call(answer: Any) -> bool:
    return (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_the_registry_s_questions_are_answered_from_our_rows(model: RegisteredModel, ask: Ask) -> None:
    services.set_alias(model=model, actor=model.created_by, alias="champion", now=NOW)
    with override_settings(MANTIK_MLFLOW_URI=NOWHERE):
        registered, by_alias, version, uri, listing = [ask(url) for url in calls(model)[:5]]
    found = version.json()["model_version"]
    assert found["source"] == uri.json()["artifact_uri"] == f"mlflow-artifacts:/models/{model.uuid}"
    assert (found["version"], found["run_id"], found["aliases"]) == ("1", model.run.mlflow_run_id, ["champion"])
    assert by_alias.json() == version.json()
    assert registered.json()["registered_model"]["latest_versions"] == [found]
    assert {entry["path"] for entry in listing.json()["files"]} == {path.partition("/")[0] for path in FILES}
    assert ask(SERVER_INFO).json()["workspaces_enabled"] is False


def test_folders_are_listed_as_clients_walk_them(model: RegisteredModel, ask: Ask) -> None:
    top = f"{ARTIFACTS}?path=models/{model.uuid}"
    assert {"path": "code", "is_dir": True} in ask(top).json()["files"]
    below = ask(f"{top}/code").json()["files"]
    assert below == [{"path": "features.py", "is_dir": False, "file_size": len(FILES["code/features.py"])}]
    assert ask(f"{top}/MLmodel").json() == {"files": []}


@pytest.mark.parametrize("kind", ["logged", "classic"])
def test_every_file_comes_as_it_was_logged(mlflow: str, run: Run, ada: User, logged: ModelSource, kind: str) -> None:
    log_classic_model(mlflow, run, "export/forest")
    source = {"logged": logged, "classic": ModelSource(run.mlflow_run_id, path="export/forest")}[kind]
    model = tend(register(run, ada, source))
    assert model
    ask = asker(ada)
    for path, content in FILES.items():
        answer = ask(f"{ARTIFACTS}/models/{model.uuid}/{path}")
        assert b"".join(answer.streaming_content) == content
        assert answer["Content-Length"] == str(len(content))
        assert (answer["Content-Security-Policy"], answer["X-Content-Type-Options"]) == ("sandbox", "nosniff")
        assert "no-store" in answer["Cache-Control"]
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None


def test_who_may_not_load_it_learns_no_more_than_of_a_model_that_is_not_there(
    model: RegisteredModel, opened: list[str]
) -> None:
    model.project.is_public = True
    model.project.save()
    elsewhere = RegisteredModel(registry_name="p0--no-such-one")
    people = [asker(factories.join(model.project, Role.GUEST)), asker(factories.make_user())]
    for ask in people:
        for there, not_there in zip(calls(model), calls(elsewhere), strict=True):
            real, other = ask(there), ask(not_there)
            assert real.status_code == other.status_code == 404
            said = [answer.content.decode() for answer in (real, other)]
            assert said[0].replace(model.registry_name, "?").replace(str(model.uuid), "!") == said[1].replace(
                elsewhere.registry_name, "?"
            ).replace(str(elsewhere.uuid), "!")
    assert opened == []


@pytest.mark.parametrize(
    "call", ["runs/get?run_id=", "metrics/get-history?metric_key=loss&run_id=", "artifacts/list?run_id="]
)
def test_a_run_of_a_public_project_is_there_for_those_with_a_role_alone(run: Run, call: str) -> None:
    run.project.is_public = True
    run.project.save()
    private = factories.make_run(mlflow_run_id="0" * 32).mlflow_run_id
    ask = asker(factories.make_user())
    with override_settings(MANTIK_MLFLOW_URI=NOWHERE):
        real, other = (ask(f"{API}{call}{one}") for one in (run.mlflow_run_id, private))
        assert asker(factories.join(run.project, Role.GUEST))(f"{API}{call}{run.mlflow_run_id}").status_code == 503
    assert real.status_code == other.status_code == 404
    assert real.content.decode().replace(run.mlflow_run_id, private) == other.content.decode()


def test_only_what_is_registered_is_there(model: RegisteredModel, ask: Ask) -> None:
    for state in (ModelState.REGISTERING, ModelState.UNREGISTERING):
        RegisteredModel.objects.filter(pk=model.pk).update(state=state)
        assert {ask(url).status_code for url in calls(model)} == {404}


def test_a_session_is_no_token(model: RegisteredModel, reader: User) -> None:
    browser = Client()
    browser.force_login(reader)
    for url in calls(model):
        answer = browser.get(url)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "PERMISSION_DENIED")
        assert "made under Settings > Tokens." in answer.json()["message"]


def test_a_token_counts_until_it_is_revoked(model: RegisteredModel, reader: User) -> None:
    ask = asker(reader, scope=Scope.SUBMIT)
    assert ask(calls(model)[0]).status_code == 200
    PersonalAccessToken.objects.update(revoked_at=timezone.now())
    assert {ask(url).status_code for url in calls(model)} == {401}


def test_nothing_but_get_is_answered(model: RegisteredModel, ask: Ask, opened: list[str]) -> None:
    """HEAD told whether a file was there, and its size, where it was led to what answers GET."""
    place = f"{ARTIFACTS}/models/{model.uuid}"
    answers = [ask(url, method) for url in [*calls(model), f"{place}/nothing"] for method in OTHER_METHODS]
    assert {answer.status_code for answer in answers} == {404}
    there, missing = ask(f"{place}/MLmodel", "HEAD"), ask(f"{place}/MLmodex", "HEAD")
    assert there.headers["Content-Length"] == missing.headers["Content-Length"]
    assert opened == []


def test_what_is_not_on_the_list_is_not_there(db: None) -> None:
    ask = asker(factories.make_user())
    answered = [
        (method, call)
        for call in NOT_ON_THE_LIST
        for method in ("GET", "POST")
        if not no_call(ask(f"/tracking/{call}", method))
    ]
    assert answered == []


def test_nobody_is_led_on(db: None) -> None:
    ask = asker(factories.make_user())
    assert no_call(ask("/tracking"))
    assert no_call(ask(f"{SERVER_INFO}/"))


def test_a_path_is_one_of_the_certificate_or_nothing(model: RegisteredModel, ask: Ask, opened: list[str]) -> None:
    place = f"models/{model.uuid}"
    found = {path: ask(f"{ARTIFACTS}/{place}/{path}").status_code for path in NO_PATHS}
    assert found == {path: 400 if re.search("%25|%00", path) else 404 for path in NO_PATHS}
    listings = {path: ask(f"{ARTIFACTS}?path={place}/{path}").json().get("files") for path in NO_PATHS}
    assert {path for path, files in listings.items() if files} == {"", "code"}
    assert opened == []


def test_the_decoded_path_counts(model: RegisteredModel, ask: Ask, opened: list[str]) -> None:
    answer = ask(f"{ARTIFACTS}/m%6fdels/{model.uuid}/code%2Ffeatures%2Epy")
    assert b"".join(answer.streaming_content) == FILES["code/features.py"]
    assert opened == ["code/features.py"]


def test_a_model_has_one_place(model: RegisteredModel, ask: Ask, opened: list[str]) -> None:
    uuid = str(model.uuid)
    for place in (
        *("", "models", f"Models/{uuid}", f"models/{uuid.upper()}", f"models/{{{uuid}}}", f"models/{uuid[:-1]}"),
        *(f"models/{uuid.replace('-', '')}", f"models/../models/{uuid}", f"/models/{uuid}", f"x/models/{uuid}"),
    ):
        assert ask(ARTIFACTS, QUERY_STRING=f"path={place}").status_code == 404
        assert ask(f"{ARTIFACTS}/{place}/MLmodel").status_code == 404
    assert opened == []


def test_what_two_readers_could_take_differently_is_refused(model: RegisteredModel, ask: Ask) -> None:
    name = model.registry_name
    for url, options in (
        (f"{API}registered-models/get?name={name}&name=p0--other", {}),
        (f"{API}registered-models/get", {"data": f'{{"name": "{name}"}}', "content_type": "application/json"}),
        (f"{calls(model)[0]}", {"data": '{"name": "p0--other"}', "content_type": "application/json"}),
        (f"{ARTIFACTS}?path=models/{model.uuid}&path=models", {}),
    ):
        answer = ask(url, **options)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_there_is_no_other_version(model: RegisteredModel, ask: Ask) -> None:
    url, name = f"{API}model-versions/get", model.registry_name
    found = {version: ask(url, QUERY_STRING=f"name={name}&version={version}").status_code for version in NO_VERSIONS}
    assert found == {version: 400 if "\0" in version else 404 for version in NO_VERSIONS}


def test_names_that_no_database_can_hold_are_not_there(model: RegisteredModel, ask: Ask) -> None:
    for name in ("x" * 5000, "%ff", "'"):
        assert ask(f"{API}registered-models/get?name={name}").status_code == 404
    for name in ("%00", "p1--x%00"):
        assert ask(f"{API}registered-models/get?name={name}").status_code == 400


def test_while_mlflow_is_away_clients_are_told_to_ask_again(model: RegisteredModel, ask: Ask) -> None:
    with override_settings(MANTIK_MLFLOW_URI=NOWHERE):
        answer = ask(f"{ARTIFACTS}/models/{model.uuid}/MLmodel")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"


def test_a_file_that_has_changed_in_mlflow_is_not_handed_out_to_its_end(mlflow: str, run: Run, ada: User) -> None:
    log_classic_model(mlflow, run, "forest")
    model = tend(register(run, ada, ModelSource(run.mlflow_run_id, path="forest")))
    assert model
    ask, url = asker(ada), f"{ARTIFACTS}/models/{model.uuid}/model.skops"
    log_classic_model(mlflow, run, "forest", {"model.skops": b"Weights" * 1000})
    with pytest.raises(TrackingError, match="is no longer the file that was registered"):
        b"".join(ask(url).streaming_content)
    log_classic_model(mlflow, run, "forest", {"model.skops": b"less"})
    answer = ask(url)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_STATE")
    assert "it was changed in MLflow" in answer.json()["message"]
    services.unregister_model(model=model, actor=ada, now=NOW)
    assert tend(model) is None
