"""What members do on the pages of models, and what other pages say of them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from projects.roles import Role
from projects.services import deletion
from runs.models import ModelAlias, ModelAliasChange, RegisteredModel, Run
from runs.registered_models.services import set_alias
from runs.registered_models.states import ModelState
from runs.services import NotAllowed
from runs.states import RunState
from tests.support import factories
from tests.support.pages import count_queries, page_text
from tests.support.registered_models import give_alias, make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(project: Project, ada: User) -> Run:
    return factories.make_run(
        RunState.FINISHED, project=project, created_by=ada, name="nightly", mlflow_run_id="1f" * 16
    )


@pytest.fixture
def stored(done: Run) -> RegisteredModel:
    return make_model(run=done, name="pv-yield")


@pytest.fixture
def by_ada(ada: User) -> Client:
    return signed_in(ada)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, model: RegisteredModel) -> str:
    return reverse(f"registered_models:{name}", args=[model.project.slug, model.uuid])


def test_no_alias_stands_for_a_model_of_a_project_that_is_gone(stored: RegisteredModel, ada: User) -> None:
    RegisteredModel.objects.all().delete()
    Run.objects.all().delete()
    Project.objects.all().delete()
    with pytest.raises(NotAllowed, match="pv-yield is not registered"):
        set_alias(model=stored, actor=ada, alias="champion", now=timezone.now())


# Description


def test_a_description_is_previewed_and_saved(stored: RegisteredModel, by_ada: Client) -> None:
    written = {"description": "For *thin film*."}
    shown = by_ada.post(url("edit-preview", stored), written, headers={"HX-Request": "true"})
    assert "<em>thin film</em>" in shown.content.decode()
    assert "<html" not in shown.content.decode()
    whole = by_ada.post(url("edit-preview", stored), written)
    assert "<em>thin film</em>" in whole.content.decode()
    assert whole.context["form"]["description"].value() == "For *thin film*."
    assert by_ada.post(url("edit", stored), written).status_code == 302
    stored.refresh_from_db()
    assert stored.description == "For *thin film*."


def test_a_description_that_is_too_long_comes_back(stored: RegisteredModel, by_ada: Client) -> None:
    answer = by_ada.post(url("edit", stored), {"description": "x" * 20_001})
    assert answer.status_code == 422
    assert len(answer.context["form"]["description"].value()) == 20_001


# Aliases


def test_an_alias_is_given_moved_and_taken_away(
    stored: RegisteredModel, by_ada: Client, project: Project, ada: User
) -> None:
    other = make_model(run=factories.make_run(RunState.FINISHED, project=project, created_by=ada), name="pv-yield-2")
    assert by_ada.post(url("aliases", stored), {"alias": "champion"}).status_code == 302
    moved = page_text(by_ada.post(url("aliases", other), {"alias": "champion"}, follow=True))
    assert "champion now stands for pv-yield-2 instead of pv-yield." in moved
    assert ModelAlias.objects.get().model == other
    assert by_ada.post(url("aliases", other), {"remove": "champion"}).status_code == 302
    assert not ModelAlias.objects.exists()
    told = [(change.before, change.after) for change in ModelAliasChange.objects.order_by("pk")]
    assert told == [("", "pv-yield"), ("pv-yield", "pv-yield-2"), ("pv-yield-2", "")]


@pytest.mark.parametrize("alias", ["token", "secret-sauce", "private", "password1"])
def test_an_alias_may_be_any_word(stored: RegisteredModel, by_ada: Client, alias: str) -> None:
    assert by_ada.post(url("aliases", stored), {"alias": alias}).status_code == 302
    assert AuditEvent.objects.get(verb="model.alias_set").after == {"alias": alias, "model": "pv-yield"}


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ("", "Enter an alias, for example champion."),
        ("Best One", "An alias may contain only lower-case letters"),
        ("latest", "latest has a meaning of its own in MLflow."),
        ("v2", "v2 has a meaning of its own in MLflow."),
    ],
)
def test_a_bad_alias_comes_back_with_the_reason(
    stored: RegisteredModel, by_ada: Client, alias: str, words: str
) -> None:
    answer = by_ada.post(url("aliases", stored), {"alias": alias})
    assert answer.status_code == 422
    assert words in page_text(answer)
    assert answer.context["alias_form"]["alias"].value() == alias


def test_a_model_that_is_leaving_gets_no_alias(stored: RegisteredModel, by_ada: Client) -> None:
    RegisteredModel.objects.update(state=ModelState.UNREGISTERING)
    answer = by_ada.post(url("aliases", stored), {"alias": "champion"})
    assert answer.status_code == 422
    assert not ModelAlias.objects.exists()


# Unregister Model


def test_before_unregistering_the_page_says_what_goes_and_what_stays(
    stored: RegisteredModel, by_ada: Client, ada: User
) -> None:
    give_alias(stored, "champion", by=ada)
    shown = page_text(by_ada.get(url("unregister", stored)))
    for words in (
        "Its run nightly and the files of the model stay",
        f"its entry {stored.registry_name} in MLflow",
        "its aliases: champion",
    ):
        assert words in shown
    assert RegisteredModel.objects.get().is_registered


def test_unregistering_is_wished_once_and_shown(stored: RegisteredModel, by_ada: Client) -> None:
    shown = page_text(by_ada.post(url("unregister", stored), follow=True))
    assert "Mantik is removing it from MLflow's registry." in shown
    assert by_ada.post(url("unregister", stored)).status_code == 302
    assert AuditEvent.objects.filter(verb="model.unregistered").count() == 1


# Other pages


def test_the_page_of_a_run_leads_to_its_model_and_back(
    done: Run, by_ada: Client, project: Project, stored: RegisteredModel
) -> None:
    page = reverse("runs:detail", args=[project.slug, done.uuid])
    shown = by_ada.get(page)
    assert url("detail", stored) in shown.content.decode()
    assert url("unregister", stored) in shown.content.decode()
    stored.delete()
    assert reverse("runs:register", args=[project.slug, done.uuid]) in by_ada.get(page).content.decode()


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FAILED, RunState.CANCELLED])
def test_only_a_finished_run_offers_register_model(
    state: RunState, by_ada: Client, project: Project, ada: User
) -> None:
    run = factories.make_run(state, project=project, created_by=ada, mlflow_run_id="1f" * 16)
    pages = [reverse("runs:detail", args=[project.slug, run.uuid]), reverse("runs:list", args=[project.slug])]
    assert not [page for page in pages if "Register Model" in by_ada.get(page).content.decode()]


def test_only_who_may_is_offered_register_model(done: Run, by_ada: Client, project: Project) -> None:
    reporter = signed_in(factories.join(project, Role.REPORTER))
    pages = [reverse("runs:detail", args=[project.slug, done.uuid]), reverse("runs:list", args=[project.slug])]
    assert all("Register Model" in by_ada.get(page).content.decode() for page in pages)
    assert not [page for page in pages if "Register Model" in reporter.get(page).content.decode()]


def test_the_list_of_runs_marks_those_that_gave_a_model(
    by_ada: Client, project: Project, ada: User, stored: RegisteredModel
) -> None:
    runs = reverse("runs:list", args=[project.slug])
    content = by_ada.get(runs).content.decode()
    assert 'title="Registered as pv-yield"' in content
    assert url("unregister", stored) in content
    few = count_queries(by_ada, runs)
    for _ in range(8):
        make_model(run=factories.make_run(RunState.FINISHED, project=project, created_by=ada))
    assert count_queries(by_ada, runs) == few


def test_before_a_run_is_deleted_the_page_says_which_model_holds_it(
    done: Run, by_ada: Client, project: Project, stored: RegisteredModel
) -> None:
    shown = by_ada.get(reverse("runs:delete", args=[project.slug, done.uuid]))
    assert "Its model is registered as pv-yield" in page_text(shown)
    assert url("detail", stored) in shown.content.decode()
    assert "btn-danger" not in shown.content.decode()
    said = page_text(by_ada.post(reverse("runs:delete", args=[project.slug, done.uuid]), follow=True))
    assert "Unregister pv-yield first." in said


def test_the_overview_shows_the_newest_models(
    by_ada: Client, project: Project, ada: User, stored: RegisteredModel
) -> None:
    page = reverse("projects:overview", args=[project.slug])
    give_alias(stored, "champion", by=ada)
    assert "pv-yield Aliases: champion of nightly, just now val_acc 0.9134 Registered" in page_text(by_ada.get(page))
    few = count_queries(by_ada, page)
    for number in range(6):
        make_model(run=factories.make_run(RunState.FINISHED, project=project, created_by=ada), name=f"newer-{number}")
    shown = page_text(by_ada.get(page))
    assert "newer-5" in shown
    assert "newer-0" not in shown.partition("Newest models")[2]
    assert count_queries(by_ada, page) == few


def test_a_project_with_registered_models_stays(project: Project, stored: RegisteredModel, ada: User) -> None:
    with pytest.raises(deletion.ProjectInUse, match=r"PV yield has 1 registered model\. .*unregister"):
        deletion.delete_project(project=project, actor=ada)
    stored.delete()
    deletion.delete_project(project=project, actor=ada)
    assert not Project.objects.exists()


def test_operators_see_what_a_model_waits_for_and_change_nothing(stored: RegisteredModel) -> None:
    RegisteredModel.objects.update(trouble="It was deleted in MLflow's registry.", attempts=7)
    operator = signed_in(factories.make_user("otto", is_staff=True, is_superuser=True))
    listed = page_text(operator.get(reverse("admin:runs_registeredmodel_changelist")))
    assert "It was deleted in MLflow's registry." in listed
    change = reverse("admin:runs_registeredmodel_change", args=[stored.pk])
    assert operator.get(change).status_code == 200
    assert operator.post(change, {"name": "stolen"}).status_code == 403
    assert operator.get(reverse("admin:runs_registeredmodel_add")).status_code == 403
