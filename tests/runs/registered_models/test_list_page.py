"""The list of registered models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Experiment, Project
from projects.roles import Role
from runs.models import RegisteredModel
from runs.registered_models.states import ModelState
from runs.registered_models.views import pages
from runs.states import RunState
from tests.support.factories import join, make_project, make_run
from tests.support.pages import count_queries, links, neighbour, page_text
from tests.support.registered_models import give_alias, make_model

pytestmark = pytest.mark.django_db
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def by_guest(project: Project) -> Client:
    client = Client()
    client.force_login(join(project, Role.GUEST))
    return client


@pytest.fixture
def by_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


def model_of(project: Project, member: User, name: str, run_name: str = "a run", **columns: Any) -> RegisteredModel:
    sha = columns.pop("commit_sha", SHA[::-1])
    run = make_run(RunState.FINISHED, project=project, created_by=member, name=run_name, commit_sha=sha)
    return make_model(run=run, name=name, **columns)


def url(project: Project, query: str = "") -> str:
    return reverse("registered_models:list", args=[project.slug]) + query


def test_the_list_says_of_each_model_what_matters(project: Project, ada: User, by_guest: Client) -> None:
    model = model_of(project, ada, "pv-yield", "nightly", commit_sha=SHA, metrics={"val_acc": 0.91344})
    give_alias(model, "champion", by=ada)
    model_of(project, ada, "dust", state=ModelState.REGISTERING, waiting_for="MLflow does not answer.")
    model_of(project, ada, "snow", trouble="Its version 1 was deleted in MLflow's registry.")

    shown = page_text(by_guest.get(url(project)))

    for words in ("Registered pv-yield Aliases: champion of nightly 0.9134 0123456", "8 kB", ada.display_name):
        assert words in shown
    assert "Registering dust MLflow does not answer." in shown
    assert "Changed in MLflow snow Its version 1 was deleted in MLflow's registry." in shown


def test_the_sidebar_counts_what_was_changed_in_mlflow(project: Project, ada: User, by_guest: Client) -> None:
    model_of(project, ada, "fine")
    model_of(project, ada, "changed", trouble="It was deleted in MLflow's registry.")
    model_of(make_project(), ada, "elsewhere", trouble="It was deleted in MLflow's registry.")
    assert "Models 1 to look at" in page_text(by_guest.get(url(project)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=YIELD", {"pv-yield"}),
        ("?q=nightly", {"dust"}),
        ("?q=champ", {"snow"}),
        ("?q=0123456", {"ice"}),
        ("?q=nothing", set()),
        ("?q=&page=nonsense", {"pv-yield", "dust", "snow", "ice"}),
    ],
)
def test_models_are_found_by_name_run_alias_and_commit(
    project: Project, ada: User, by_guest: Client, query: str, expected: set[str]
) -> None:
    model_of(project, ada, "pv-yield")
    model_of(project, ada, "dust", "nightly")
    give_alias(model_of(project, ada, "snow"), "champion", by=ada)
    model_of(project, ada, "ice", commit_sha=SHA)
    model_of(make_project(), ada, "yield-elsewhere")
    assert {row.name for row in by_guest.get(url(project, query)).context["rows"]} == expected


def test_a_model_with_two_aliases_is_found_once(project: Project, ada: User, by_guest: Client) -> None:
    model = model_of(project, ada, "pv-yield")
    give_alias(model, "champion", by=ada)
    give_alias(model, "championship", by=ada)
    assert len(by_guest.get(url(project, "?q=champion")).context["rows"]) == 1


def test_an_empty_room_says_how_a_model_gets_here(project: Project, by_ada: Client, by_guest: Client) -> None:
    assert "open the run and press Register Model" in page_text(by_ada.get(url(project)))
    text = page_text(by_guest.get(url(project)))
    assert "Models are listed here once a Researcher, a Maintainer or an Owner of this project has registered" in text
    assert "Register Model" not in text
    assert "Finished runs" not in text
    assert "No model matches the search." in page_text(by_guest.get(url(project, "?q=x")))


def test_older_models_are_a_page_further(
    project: Project, ada: User, by_guest: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    for name in ("first", "second", "third"):
        model_of(project, ada, name)
    newest = by_guest.get(url(project, "?metric=loss"))
    assert [row.name for row in newest.context["rows"]] == ["third", "second"]
    older = by_guest.get(neighbour(newest, "next") or "")
    assert [row.name for row in older.context["rows"]] == ["first"]
    assert older.context["metrics"] == ["loss"]


# Metrics


def shown_metrics(client: Client, project: Project, query: str = "") -> list[str]:
    found: list[str] = client.get(url(project, query)).context["metrics"]
    return found


def test_the_usual_column_is_the_most_telling_of_what_most_models_have(
    project: Project, ada: User, by_guest: Client
) -> None:
    model_of(project, ada, "one", metrics={"loss": 0.3, "lr": 0.1, "val_acc": 0.9})
    model_of(project, ada, "two", metrics={"loss": 0.2, "lr": 0.2, "val_acc": 0.8, "test_acc": 0.7})
    assert shown_metrics(by_guest, project) == ["val_acc"]


def test_what_an_experiment_has_pinned_is_the_usual_column(project: Project, ada: User, by_guest: Client) -> None:
    pinned = model_of(project, ada, "one", metrics={"loss": 0.3, "speed": 7.0})
    model_of(project, ada, "two", metrics={"loss": 0.2})
    assert shown_metrics(by_guest, project) == ["loss"]
    Experiment.objects.filter(pk=pinned.run.experiment_id).update(pinned_metric="speed")
    assert shown_metrics(by_guest, project) == ["speed"]


def test_up_to_three_metrics_are_chosen_in_the_address(project: Project, ada: User, by_guest: Client) -> None:
    model_of(project, ada, "one", metrics={"loss": 0.3, "lr": 0.1, "acc": 0.9, "mae": None})
    assert shown_metrics(by_guest, project, "?metric=lr&metric=loss") == ["lr", "loss"]
    assert shown_metrics(by_guest, project, "?metric=a&metric=b&metric=c&metric=d") == ["a", "b", "c"]
    answer = by_guest.get(url(project, "?metric=mae&metric=unheard-of"))
    assert answer.context["rows"][0].values == [("mae", "not a number"), ("unheard-of", "")]


def test_the_menu_offers_the_metrics_on_the_page_and_keeps_the_search(
    project: Project, ada: User, by_guest: Client
) -> None:
    model_of(project, ada, "one", metrics={"loss": 0.3, "lr": 0.1, "acc": 0.9, "mae": 0.2})
    page = by_guest.get(url(project, "?q=one&metric=lr"))
    offered = {link.label: link for link in page.context["menu"].links}
    assert set(offered) == {"loss", "lr", "acc", "mae"}
    assert offered["lr"].is_chosen
    led_to = links(page)
    assert led_to["lr"] == led_to["Default"] == url(project, "?q=one")
    assert led_to["acc"] == url(project, "?q=one&metric=lr&metric=acc")


def test_a_fourth_metric_takes_the_place_of_the_first(project: Project, ada: User, by_guest: Client) -> None:
    model_of(project, ada, "one", metrics={"loss": 0.3, "lr": 0.1, "acc": 0.9, "mae": 0.2})
    menu = by_guest.get(url(project, "?metric=lr&metric=loss&metric=acc")).context["menu"]
    added = next(link.query.urlencode() for link in menu.links if link.label == "mae")
    assert shown_metrics(by_guest, project, f"?{added}") == ["loss", "acc", "mae"]


# What it costs, and who may do what


def test_the_list_costs_the_same_however_long_it_is_and_counts_nothing(
    project: Project, ada: User, by_ada: Client
) -> None:
    give_alias(model_of(project, ada, "first"), "champion", by=ada)
    few = count_queries(by_ada, url(project))
    for number in range(12):
        give_alias(model_of(project, ada, f"model-{number}"), f"alias-{number}", by=ada)
    with CaptureQueriesContext(connection) as queries:
        assert by_ada.get(url(project)).status_code == 200
    assert len(queries) == few
    assert not [query["sql"] for query in queries if "COUNT(" in query["sql"] and "registeredmodel" in query["sql"]]


def test_only_who_may_is_offered_to_unregister(project: Project, ada: User, by_ada: Client, by_guest: Client) -> None:
    mine = model_of(project, ada, "mine")
    model_of(project, join(project), "somebody-elses")
    model_of(project, ada, "leaving", state=ModelState.UNREGISTERING)
    way = reverse("registered_models:unregister", args=[project.slug, mine.uuid])
    offered = {row.name: row.unregister_url for row in by_ada.get(url(project)).context["rows"]}
    assert offered == {"mine": way, "somebody-elses": None, "leaving": None}
    assert {row.unregister_url for row in by_guest.get(url(project)).context["rows"]} == {None}


def test_the_list_asks_again_while_workers_have_one_of_them_in_hand(
    project: Project, ada: User, by_guest: Client
) -> None:
    model = model_of(project, ada, "dust", state=ModelState.REGISTERING, next_attempt_at=datetime.now(UTC))
    assert 'hx-trigger="every 5s"' in by_guest.get(url(project)).content.decode()
    model.delete()
    model_of(project, ada, "snow")
    assert 'hx-trigger="every 5s"' not in by_guest.get(url(project)).content.decode()
