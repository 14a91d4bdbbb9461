"""What the page prints under "How to load it", run as it is printed, with MLflow's own client."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from projects.roles import Role
from runs.models import RegisteredModel
from runs.registered_models import services
from runs.registered_models.files import files_of
from runs.registered_models.snippets import loading_help
from runs.states import RunState
from tests.runs.registered_models.conftest import NOW, register, tend
from tests.runs.registered_models.real_models import ANSWER, command, python, train
from tests.support import factories
from tests.support.mlflow_server import MlflowServer

pytestmark = pytest.mark.django_db(transaction=True)

PREDICT = "import numpy; print(model.predict(numpy.array([[2.0]]))[0])"
Models = dict[str, RegisteredModel]


def token_of(user: User) -> str:
    now = timezone.now()
    _, token = make_token(user=user, name="notebook", scope=Scope.READ, expires_at=now + timedelta(days=1), now=now)
    return token


@pytest.fixture(scope="module")
def trained(mlflow_server: MlflowServer) -> dict[str, ModelSource]:
    """Made only once, because it takes long."""
    return train(mlflow_server.uri)


@pytest.fixture
def models(mlflow: str, trained: dict[str, ModelSource]) -> Models:
    """One registered from a logged model, and one from a folder of artifacts."""
    project = factories.make_project(name="Solar cells")
    ada = factories.join(project, Role.RESEARCHER)
    made: Models = {}
    for name, source in trained.items():
        run = factories.make_run(RunState.FINISHED, project=project, created_by=ada, mlflow_run_id=source.run_id)
        found = tend(register(run, ada, source, name))
        assert found
        assert found.is_registered
        made[name] = found
    services.set_alias(model=made["logged"], actor=ada, alias="champion", now=NOW)
    return made


def reporter(model: RegisteredModel) -> User:
    return factories.join(model.project, Role.REPORTER)


def printed(model: RegisteredModel, server: LiveServer, title: str) -> str:
    return {snippet.title: snippet.code for snippet in loading_help(model, base_url=server.url)}[title]


def test_what_is_printed_loads_the_model(models: Models, live_server: LiveServer) -> None:
    token = token_of(reporter(models["logged"]))
    for model in models.values():
        code = printed(model, live_server, "Load it in Python") + PREDICT
        done = python(code, MLFLOW_TRACKING_TOKEN=token)
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) == pytest.approx(ANSWER)


def test_what_is_printed_downloads_the_model(models: Models, live_server: LiveServer, tmp_path: Path) -> None:
    model = models["classic"]
    token = token_of(reporter(model))
    done = python(printed(model, live_server, "Download it in Python"), cwd=str(tmp_path), MLFLOW_TRACKING_TOKEN=token)
    assert done.returncode == 0, done.stderr
    _is_downloaded(model, tmp_path / model.name)


def test_what_is_printed_for_a_shell_asks_for_the_token(
    models: Models, live_server: LiveServer, tmp_path: Path
) -> None:
    model = models["logged"]
    lines = printed(model, live_server, "Sign in, in a shell") + printed(model, live_server, "Then download it")
    token = token_of(reporter(model))
    done = command("bash", "-c", lines, cwd=str(tmp_path), typed=f"{token}\n")
    assert done.returncode == 0, done.stderr
    _is_downloaded(model, tmp_path / model.name)


def _is_downloaded(model: RegisteredModel, folder: Path) -> None:
    found = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    # A note that MLflow's client writes there itself.
    assert found.pop("registered_model_meta")
    assert found == {file.path: file.size for file in files_of(model)}


def test_an_alias_and_the_registry_s_own_questions_work(models: Models, live_server: LiveServer) -> None:
    model = models["logged"]
    name = model.registry_name
    code = f"""
import mlflow
client = mlflow.MlflowClient()
print(client.get_registered_model("{name}").aliases, client.get_model_version("{name}", "1").source)
print(client.get_model_version_by_alias("{name}", "champion").version)
model = mlflow.pyfunc.load_model("models:/{name}@champion")
{PREDICT}
print(open(mlflow.artifacts.download_artifacts("models:/{name}/1/MLmodel")).read())
"""
    given = {"MLFLOW_TRACKING_URI": f"{live_server.url}/tracking", "MLFLOW_TRACKING_TOKEN": token_of(reporter(model))}
    done = python(code, **given)
    assert done.returncode == 0, done.stderr
    first, version, answer, *mlmodel = done.stdout.splitlines()
    assert first == f"{{'champion': '1'}} mlflow-artifacts:/models/{model.uuid}"
    assert version == "1"
    assert float(answer) == pytest.approx(ANSWER)
    assert any("sklearn" in line for line in mlmodel)


@pytest.mark.parametrize("who", ["guest", "outsider", "nobody"])
def test_who_may_not_load_it_is_told_so_by_the_client(models: Models, live_server: LiveServer, who: str) -> None:
    model = models["logged"]
    person = factories.join(model.project, Role.GUEST) if who == "guest" else factories.make_user()
    token = "none" if who == "nobody" else token_of(person)
    done = python(printed(model, live_server, "Load it in Python"), MLFLOW_TRACKING_TOKEN=token)
    sentence = "elsewhere a personal access token, made under" if who == "nobody" else "that this token may see"
    assert done.returncode == 1
    assert sentence in re.sub(r"\s+", " ", done.stderr)
