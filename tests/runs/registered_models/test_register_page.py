"""Register Model: the form, what it offers, and what it refuses; with a real MLflow server."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.models import Project
from runs.models import RegisteredModel, Run
from runs.registered_models.forms import suggested_name
from runs.states import RunState
from tests.runs.registered_models.conftest import finished_run, tend
from tests.support import factories
from tests.support.logged_models import log_classic_model, log_model
from tests.support.pages import page_text
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def url(run: Run, name: str = "register") -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def values(answer: Any) -> dict[str, Any]:
    """What the form has in its fields."""
    form = answer.context["form"]
    return {name: form[name].value() for name in form.fields}


def test_pressing_register_model_gives_the_model_a_name(by_ada: Client, run: Run, logged: ModelSource) -> None:
    page = by_ada.get(url(run))
    assert "model Logged model" in page_text(page)
    assert values(page)["model"] == logged.model_id
    form = {"model": logged.model_id, "name": "yield", "description": "Of *thin film*."}
    answer = by_ada.post(url(run), form)
    model = RegisteredModel.objects.get()
    assert answer["Location"] == reverse("registered_models:detail", args=[run.project.slug, model.uuid])
    made = tend(model)
    assert made
    assert made.is_registered
    assert (made.name, made.description, made.logged_model_id) == ("yield", "Of *thin film*.", logged.model_id)


def test_one_chooses_among_the_models_of_the_run(mlflow: str, by_ada: Client, run: Run, logged: ModelSource) -> None:
    log_classic_model(mlflow, run, "export/forest")
    shown = by_ada.get(url(run))
    assert values(shown)["model"] is None
    assert "export/forest Folder among the run's artifacts" in page_text(shown)
    assert by_ada.post(url(run), {"model": "export/forest", "name": "forest"}).status_code == 302
    assert RegisteredModel.objects.get().artifact_path == "export/forest"


def test_a_name_that_a_link_asks_for_is_judged_at_once(
    by_ada: Client, project: Project, run: Run, logged: ModelSource
) -> None:
    """Without JavaScript this is how one asks whether a name is free."""
    make_model(project=project, name="yield")
    for name, words in (("Yield", "See yield"), ("y" * 250, "100"), ("", "")):
        answer = by_ada.get(url(run), {"name": name})
        assert values(answer)["name"] == (name or suggested_name(run))
        assert words in page_text(answer)
        assert set(answer.context["form"].errors) == ({"name"} if name else set())
        assert values(answer)["model"] == logged.model_id
    assert by_ada.post(url(run), {"model": logged.model_id, "name": "Yield"}).status_code == 422


def test_a_form_without_a_choice_comes_back_as_it_was(
    mlflow: str, by_ada: Client, run: Run, logged: ModelSource
) -> None:
    log_model(mlflow, run, name="second")
    for chosen in ("", "m-gone"):
        answer = by_ada.post(url(run), {"model": chosen, "name": "yield", "description": "Mine."})
        assert answer.status_code == 422
        assert answer.context["form"].errors["model"]
        assert values(answer) == {"model": chosen, "name": "yield", "description": "Mine."}
    assert not RegisteredModel.objects.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the model a name."),
        ("a model", "A name has only letters A to Z"),
        ("x" * 101, "at most 100 characters; this one has 101"),
    ],
)
def test_a_bad_name_is_refused_in_words(by_ada: Client, run: Run, logged: ModelSource, name: str, words: str) -> None:
    answer = by_ada.post(url(run), {"model": logged.model_id, "name": name, "description": "Mine."})
    assert answer.status_code == 422
    assert words in page_text(answer)
    assert values(answer) == {"model": logged.model_id, "name": name, "description": "Mine."}


def test_a_taken_name_leads_to_who_holds_it(by_ada: Client, run: Run, logged: ModelSource, project: Project) -> None:
    other = factories.make_run(RunState.FINISHED, project=project, name="first light")
    holder = make_model(run=other, name="Yield")
    answer = by_ada.post(url(run), {"model": logged.model_id, "name": "yield", "description": "Mine."})
    assert answer.status_code == 422
    said = page_text(answer)
    assert f"Yield is the name of the model of the run first light ({other.short_id}). See Yield" in said
    assert f'href="{reverse("registered_models:detail", args=[project.slug, holder.uuid])}"' in answer.content.decode()
    assert values(answer)["description"] == "Mine."


def test_the_same_name_in_another_project_is_free(by_ada: Client, run: Run, logged: ModelSource) -> None:
    make_model(name="yield")
    assert by_ada.post(url(run), {"model": logged.model_id, "name": "yield"}).status_code == 302


def test_a_race_for_a_name_that_looked_free_ends_in_the_same_sentence(
    by_ada: Client, run: Run, logged: ModelSource, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model(run=factories.make_run(RunState.FINISHED, project=project, name="first light"), name="yield")
    monkeypatch.setattr("runs.registered_models.forms.holder_of_name", lambda *_: None)
    answer = by_ada.post(url(run), {"model": logged.model_id, "name": "yield"})
    assert answer.status_code == 422
    assert "yield is the name of the model of the run first light" in page_text(answer)


# While one types


def ask(client: Client, run: Run, name: str) -> str:
    answer = client.get(url(run, "register-name"), {"name": name}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    return answer.content.decode()


def test_the_name_is_checked_while_one_types(by_ada: Client, project: Project, ada: User) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, created_by=ada)
    make_model(run=factories.make_run(RunState.FINISHED, project=project, name="first light"), name="yield")
    assert "is-good" in ask(by_ada, run, "yield-2")
    assert "has-error" not in ask(by_ada, run, "yield-2")
    taken = ask(by_ada, run, "YIELD")
    assert "of the run first light" in taken
    assert 'value="YIELD"' in taken
    assert "A name has only letters" in ask(by_ada, run, "my yield")


def test_without_javascript_the_check_is_the_form_with_that_name(by_ada: Client, run: Run, logged: ModelSource) -> None:
    answer = by_ada.get(url(run, "register-name"), {"name": "yield-2"}, follow=True)
    assert answer.status_code == 200
    assert values(answer)["name"] == "yield-2"


def test_the_name_that_is_proposed_is_free_and_good(project: Project) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, name="nightly · 23 Nov (large)")
    assert suggested_name(run) == "nightly-23-Nov-large"
    make_model(run=factories.make_run(RunState.FINISHED, project=project), name="NIGHTLY-23-nov-large")
    assert suggested_name(run) == ""
    assert suggested_name(factories.make_run(RunState.FINISHED, project=project, name="日本")) == ""


# Where there is nothing to register


def test_a_run_without_a_model_says_how_to_log_one(by_ada: Client, run: Run) -> None:
    shown = page_text(by_ada.get(url(run)))
    assert 'mlflow.sklearn.log_model(model, name="model", input_example=X[:3])' in shown
    assert by_ada.post(url(run), {"model": "m-1", "name": "yield"}).status_code == 422


def test_a_run_that_is_not_finished_says_so(by_ada: Client, project: Project, ada: User) -> None:
    run = factories.make_run(RunState.RUNNING, project=project, created_by=ada)
    said = "Only a finished run's model can be registered, and this one is running."
    assert said in page_text(by_ada.get(url(run)))
    answer = by_ada.post(url(run), {"model": "m-1", "name": "yield"})
    assert answer.status_code == 422
    assert said in page_text(answer)


def test_a_run_gives_one_model_only(by_ada: Client, project: Project, ada: User) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, created_by=ada, mlflow_run_id="1f" * 16)
    make_model(run=run, name="yield")
    assert "registered already, as yield. See yield" in page_text(by_ada.get(url(run)))
    assert by_ada.post(url(run), {"model": "m-1", "name": "other"}).status_code == 422
    assert RegisteredModel.objects.count() == 1


# MLflow away


def test_while_mlflow_is_away_nothing_that_was_typed_is_lost(
    by_ada: Client, run: Run, logged: ModelSource, settings: Settings, mlflow: str
) -> None:
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"
    shown = by_ada.get(url(run))
    assert shown.status_code == 200
    assert shown.context["problem"] in page_text(shown)
    form = {"model": logged.model_id, "name": "yield", "description": "Mine."}
    answer = by_ada.post(url(run), form)
    assert answer.status_code == 422
    assert answer.context["problem"] in page_text(answer)
    assert values(answer) == form
    assert f'name="model" value="{logged.model_id}"' in answer.content.decode()
    settings.MANTIK_MLFLOW_URI = mlflow
    assert by_ada.post(url(run), form).status_code == 302


def test_a_choice_that_could_not_be_offered_is_asked_for_later(
    by_ada: Client, mlflow: str, project: Project, ada: User
) -> None:
    run = finished_run(mlflow, project, ada)
    log_model(mlflow, run)
    answer = by_ada.post(url(run), {"model": "", "name": "yield", "description": "Mine."})
    assert answer.status_code == 422
    assert "Choose which model to register." in page_text(answer)
