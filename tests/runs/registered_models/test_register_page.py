"""Register Model: the form, what it offers, and what it refuses; with a real MLflow server."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.models import Project
from runs import tasks
from runs.models import ModelListing, RegisteredModel, Run
from runs.registered_models import listing
from runs.registered_models.forms import suggested_name
from runs.states import RunState
from tests.runs.registered_models.conftest import NOW, finished_run, tend
from tests.support import factories
from tests.support.factories import make_listing
from tests.support.logged_models import log_classic_model, log_model
from tests.support.model_listings import ListingWorkers, list_at_once
from tests.support.pages import page_text
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def lists(monkeypatch: pytest.MonkeyPatch) -> ListingWorkers:
    return list_at_once(monkeypatch)


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
        ("", "Enter a name for the model."),
        ("a model", "A name may contain only letters A to Z"),
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
    assert f"The model of the run first light ({other.short_id}) is already named Yield. See Yield" in said
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
    assert "is already named yield." in page_text(answer)


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
    assert "A name may contain only letters" in ask(by_ada, run, "my yield")


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
    said = "Only the model of a finished run can be registered. This run's state is Running."
    assert said in page_text(by_ada.get(url(run)))
    answer = by_ada.post(url(run), {"model": "m-1", "name": "yield"})
    assert answer.status_code == 422
    assert said in page_text(answer)


def test_a_run_gives_one_model_only(by_ada: Client, project: Project, ada: User) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, created_by=ada, mlflow_run_id="1f" * 16)
    make_model(run=run, name="yield")
    assert "already registered as yield. See yield" in page_text(by_ada.get(url(run)))
    assert by_ada.post(url(run), {"model": "m-1", "name": "other"}).status_code == 422
    assert RegisteredModel.objects.count() == 1


# While the list is not there


MODELS_ASKED = 'hx-trigger="every 1s"'


def test_the_page_waits_for_nobody_and_asks_again_until_it_knows(
    by_ada: Client, run: Run, logged: ModelSource, lists: ListingWorkers
) -> None:
    lists.are_alive = False
    shown = by_ada.get(url(run))
    assert "Mantik is asking MLflow which models this run has logged." in page_text(shown)
    assert MODELS_ASKED in shown.content.decode()
    by_ada.get(url(run))
    assert lists.asked == 1
    ModelListing.objects.update(asked_at=timezone.now() - timedelta(seconds=6))
    lists.are_alive = True
    part = models_of(by_ada, run)
    assert f'value="{logged.model_id}" checked' in part
    assert MODELS_ASKED not in part
    assert "<html" not in part
    assert lists.asked == 2


def models_of(client: Client, run: Run) -> str:
    """Load the part of the page that asks again: the first time it asks a worker, the second time it has the list."""
    client.get(url(run, "register-models"), headers={"HX-Request": "true"})
    return client.get(url(run, "register-models"), headers={"HX-Request": "true"}).content.decode()


def test_without_javascript_that_part_is_the_page(by_ada: Client, run: Run) -> None:
    assert by_ada.get(url(run, "register-models"))["Location"] == url(run)


def test_a_run_that_turns_out_to_have_none_has_the_page_loaded_again(by_ada: Client, run: Run) -> None:
    answer = by_ada.get(url(run, "register-models"), headers={"HX-Request": "true"})
    answer = by_ada.get(url(run, "register-models"), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_what_is_known_is_shown_while_it_is_read_anew(
    by_ada: Client, mlflow: str, run: Run, logged: ModelSource, lists: ListingWorkers
) -> None:
    by_ada.get(url(run))
    late = log_model(mlflow, run, name="late")
    ModelListing.objects.update(looked_at=timezone.now() - timedelta(minutes=1))
    lists.are_alive = False
    shown = by_ada.get(url(run))
    assert values(shown)["model"] == logged.model_id
    tasks.list_models(run_id=run.pk)
    assert late in by_ada.get(url(run)).content.decode()


def test_a_run_that_had_none_is_asked_about_again(by_ada: Client, mlflow: str, run: Run, lists: ListingWorkers) -> None:
    by_ada.get(url(run))
    log_model(mlflow, run)
    ago = timezone.now() - timedelta(minutes=1)
    ModelListing.objects.update(looked_at=ago, listed_at=ago)
    lists.are_alive = False
    assert "Mantik is asking MLflow" in page_text(by_ada.get(url(run)))


def test_of_two_workers_one_asks_mlflow(run: Run, logged: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = make_listing(run)
    ModelListing.objects.update(lease_token=uuid4(), lease_until=timezone.now() + timedelta(minutes=1))
    tasks.list_models(run_id=run.pk)
    listed.refresh_from_db()
    assert listed.listed_at is None
    # The other one has died.
    ModelListing.objects.update(lease_until=timezone.now())
    tasks.list_models(run_id=run.pk)
    listed.refresh_from_db()
    assert [found["model_id"] for found in listed.found] == [logged.model_id]


def test_a_worker_that_loses_the_database_leaves_the_list_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it asks MLflow, its lease is kept, however long that takes."""
    run = factories.make_run(RunState.FINISHED)
    listed = make_listing(run)

    def lose(_run: Run, **_: object) -> None:
        assert [thread.name for thread in threading.enumerate()].count("keeper") == 1
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(listing, "find_candidates", lose)
    with pytest.raises(OperationalError):
        tasks.list_models(run_id=run.pk)
    listed.refresh_from_db()
    assert (listed.lease_token, listed.asked_at is None) == (None, False)


def test_what_the_list_leaves_out_is_said(
    by_ada: Client, mlflow: str, run: Run, logged: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.registered_models.candidates.MOST_OFFERED", 2)
    monkeypatch.setattr("runs.registered_models.candidates._MOST_FOLDERS", 1)
    for name in ("b", "c", "d"):
        newest = log_model(mlflow, run, name=name)
    log_classic_model(mlflow, run, "export")
    shown = by_ada.get(url(run))
    assert [card["title"] for card in shown.context["form"].cards] == ["c", "d"]
    assert newest in shown.content.decode()
    said = page_text(shown)
    assert "2 more models are not listed: Mantik lists at most 2, and prefers those that were logged last." in said
    assert "Mantik searched only 1 folder of the run's artifacts, beginning at the top." in said


def test_of_very_many_models_some_are_looked_at_and_that_is_said(
    by_ada: Client, mlflow: str, run: Run, logged: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.registered_models.candidates._MOST_ASKED", 1)
    log_model(mlflow, run, name="second")
    assert "Only 1 of the 2 models that the run has logged were looked at." in page_text(by_ada.get(url(run)))


# MLflow away


def test_while_mlflow_is_away_the_page_says_so_and_the_wish_is_kept(
    by_ada: Client, run: Run, logged: ModelSource, settings: Settings, mlflow: str
) -> None:
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"
    by_ada.get(url(run))
    shown = by_ada.get(url(run))
    problem = ModelListing.objects.get().problem
    assert problem
    assert "The models of this run cannot be listed now" in page_text(shown)
    assert problem in page_text(shown)
    form = {"model": logged.model_id, "name": "", "description": "Mine."}
    answer = by_ada.post(url(run), form)
    assert answer.status_code == 422
    assert values(answer) == form
    assert f'name="model" value="{logged.model_id}"' in answer.content.decode()
    assert by_ada.post(url(run), form | {"name": "yield"}).status_code == 302
    model = RegisteredModel.objects.get()
    waits = tend(model)
    assert waits
    assert waits.waiting_for
    settings.MANTIK_MLFLOW_URI = mlflow
    made = tend(model, now=NOW + timedelta(hours=1))
    assert made
    assert made.is_registered


def test_a_model_of_another_run_is_refused_by_the_worker(
    by_ada: Client, mlflow: str, project: Project, ada: User, run: Run, logged: ModelSource, lists: ListingWorkers
) -> None:
    """Before the list is there, anything can be sent."""
    lists.are_alive = False
    other = finished_run(mlflow, project, ada)
    assert by_ada.post(url(other), {"model": logged.model_id, "name": "theirs"}).status_code == 302
    assert tend(RegisteredModel.objects.get()) is None
    assert "The run has not logged this model, or has not finished logging it." in other.events.latest("pk").message
    unfinished = log_model(mlflow, other, name="half", ready=False)
    assert by_ada.post(url(other), {"model": unfinished, "name": "half"}).status_code == 302
    assert tend(RegisteredModel.objects.get()) is None


@pytest.mark.parametrize("key", ["../secret", "/etc", "a//b", "m/../../x"])
def test_what_can_be_no_model_is_refused_at_once(by_ada: Client, run: Run, lists: ListingWorkers, key: str) -> None:
    lists.are_alive = False
    assert by_ada.post(url(run), {"model": key, "name": "yield"}).status_code == 422


def test_a_choice_that_could_not_be_offered_is_asked_for_later(
    by_ada: Client, mlflow: str, project: Project, ada: User
) -> None:
    run = finished_run(mlflow, project, ada)
    log_model(mlflow, run)
    answer = by_ada.post(url(run), {"model": "", "name": "yield", "description": "Mine."})
    assert answer.status_code == 422
    assert "Choose which model to register." in page_text(answer)


def test_models_are_listed_when_all_that_was_logged_is_here(by_ada: Client, run: Run, logged: ModelSource) -> None:
    """A list of what is there so far would look as if the run had logged no more."""
    tracking = factories.make_job_tracking(run, due_at=timezone.now())
    page = page_text(by_ada.get(url(run)))
    assert f"What the training logged is still being fetched from {run.site_name}." in page
    assert "model Logged model" not in page
    tracking.due_at = None
    tracking.save()
    ModelListing.objects.update(looked_at=timezone.now() - listing.ASK_AGAIN_AFTER)
    assert "model Logged model" in page_text(by_ada.get(url(run)))
