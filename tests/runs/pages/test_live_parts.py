"""Live parts of pages cost three queries while nothing is new; what is new is drawn, and of lists only the rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from mantik.accounts.models import User
from projects.models import Membership, Project
from projects.roles import Role
from runs.lifecycle import move
from runs.models import RegisteredModel, Run
from runs.pages import versions
from runs.registered_models.states import ModelState
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support import factories
from tests.support.registered_models import give_alias, make_model

pytestmark = pytest.mark.django_db
MOST_QUERIES = 3


@dataclass
class Part:
    """A live part in a browser, which says what it shows."""

    client: Client
    url: str
    stamp: str = ""
    rows: str = ""

    def ask(self) -> HttpResponse:
        headers = {"Mantik-Live": self.stamp, "Mantik-Rows": self.rows, "HX-Request": "true"}
        answer = cast("HttpResponse", self.client.get(self.url, headers=headers))
        if answer.status_code == 200:
            text = answer.content.decode()
            found = re.search(r'data-live="([^"]*)"', text)
            self.stamp = answer.headers.get("Mantik-Live") or (found[1] if found else "")
            known = dict(one.split(":") for one in self.rows.split())
            known |= dict(re.findall(r'<tr id="([\w-]+)" data-version="(\w+)"', text))
            self.rows = " ".join(f"{row}:{version}" for row, version in known.items())
        return answer

    def drawn(self) -> str:
        """What is new; fails if nothing is."""
        answer = self.ask()
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()


def rows_in(text: str) -> list[str]:
    return re.findall(r'<tr id="([\w-]+)" data-version', text)


def kept_in(text: str) -> list[str]:
    return re.findall(r'<tr id="([\w-]+)" data-same', text)


@pytest.fixture
def bob(researcher: User, client_of: ClientOf) -> Client:
    return client_of(researcher)


@pytest.fixture
def run(project: Project, researcher: User) -> Run:
    return factories.make_run(RunState.RUNNING, project=project, created_by=researcher, name="nightly")


def of_run(name: str) -> Callable[[Run], str]:
    return lambda run: reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def of_list(name: str, **query: str) -> Callable[[Run], str]:
    def address(run: Run) -> str:
        path = reverse(name, args=[run.project.slug])
        filled = {key: value.format(run=run) for key, value in query.items()}
        return f"{path}?{urlencode(filled)}"

    return address


def registering(project: Project) -> RegisteredModel:
    return make_model(run=factories.make_run(RunState.FINISHED, project=project), state=ModelState.REGISTERING)


def of_model(run: Run) -> str:
    model = registering(run.project)
    return reverse("registered_models:live", args=[run.project.slug, model.uuid])


def of_models(run: Run) -> str:
    registering(run.project)
    return reverse("registered_models:list", args=[run.project.slug])


def of_listing(run: Run) -> str:
    finished = factories.make_run(RunState.FINISHED, project=run.project)
    factories.make_listing(finished)
    return reverse("runs:register-models", args=[run.project.slug, finished.uuid])


def of_code(run: Run) -> str:
    repository = factories.make_code_repository(project=run.project, fetch_requested=1)
    return reverse("projects:code-state", args=[run.project.slug, repository.uuid])


PARTS = {
    "run": of_run("live"),
    "log": of_run("log"),
    "runs": of_list("runs:list"),
    "runs of a state": of_list("runs:list", state="active"),
    "runs of an experiment": of_list("runs:list", experiment="{run.experiment.uuid}"),
    "runs of a member": of_list("runs:list", member="{run.created_by.username}"),
    "runs by all filters": of_list(
        "runs:list",
        state="active",
        experiment="{run.experiment.uuid}",
        member="{run.created_by.username}",
        period="day",
        q="night",
    ),
    "submissions": of_list("runs:submissions"),
    "overview": of_list("projects:overview"),
    "model": of_model,
    "models": of_models,
    "models to register": of_listing,
    "code": of_code,
}


@pytest.mark.parametrize("address", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("is_public", [False, True], ids=["private", "public"])
def test_nothing_new_costs_three_queries_and_no_template(
    bob: Client, run: Run, address: Callable[[Run], str], is_public: bool
) -> None:
    Project.objects.update(is_public=is_public)
    part = Part(bob, address(run))
    assert part.drawn() is not None
    with CaptureQueriesContext(connection) as queries:
        answer = part.ask()
    assert answer.status_code == 204, answer.content.decode()
    assert answer.content == b""
    assert answer.templates == []  # type: ignore[attr-defined]
    assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]


@pytest.mark.parametrize("address", PARTS.values(), ids=PARTS)
def test_who_is_outside_by_now_is_told_no_more(bob: Client, run: Run, address: Callable[[Run], str]) -> None:
    part = Part(bob, address(run))
    part.drawn()
    Membership.objects.filter(user=run.created_by).delete()
    assert part.ask().status_code == 404


@pytest.mark.parametrize("address", PARTS.values(), ids=PARTS)
def test_what_ends_with_its_stamp_is_drawn_again(
    bob: Client, run: Run, address: Callable[[Run], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(bob, address(run))
    part.drawn()
    later = timezone.now() + timedelta(seconds=30)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    part.drawn()


CHANGES: dict[str, dict[str, Any]] = {
    "state": {"state": RunState.FAILED, "ended_at": timezone.now(), "outcome": "The job ended."},
    "waiting": {"waiting_for": "Waits for its turn."},
    "job": {"batch_system_id": "4711"},
    "cancelling": {"cancel_requested_at": timezone.now()},
    "core-hours": {"core_hours": 3.0},
}


@pytest.mark.parametrize("name", ["run", "runs", "submissions", "overview"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_a_run_is_new(bob: Client, run: Run, name: str, change: dict[str, Any]) -> None:
    part = Part(bob, PARTS[name](run))
    part.drawn()
    Run.objects.filter(pk=run.pk).update(**change)
    part.drawn()


def test_what_a_version_of_runs_leaves_out_is_looked_at_by_workers_or_too_long_or_of_the_log() -> None:
    """A new column of a run counts by itself; this is who says that one does not."""
    left_out = {field.attname for field in Run._meta.concrete_fields} - set(versions._SHOWN)
    assert left_out == {
        *("lease_token", "lease_until", "next_attempt_at", "next_poll_at", "poll_failures", "watched_until"),
        *("log_fetched_at", "log_size", "log_tail_from", "log_tail_to", "log_truncated"),
        *("mlproject_content", "backend_config_content", "job_script", "parameters", "notes", "tags"),
    }


@pytest.mark.parametrize("name", ["run", "runs"])
def test_another_role_is_new(bob: Client, run: Run, name: str) -> None:
    part = Part(bob, PARTS[name](run))
    part.drawn()
    Membership.objects.filter(user=run.created_by).update(role=Role.GUEST)
    assert "Run again" not in part.drawn()


def test_a_higher_role_by_another_group_is_new(project: Project, client_of: ClientOf) -> None:
    user = factories.join_by_group(project, Role.REPORTER)
    run = factories.make_run(RunState.RUNNING, project=project)
    part = Part(client_of(user), PARTS["run"](run))
    assert "Run again" not in part.drawn()
    factories.join_by_group(project, Role.RESEARCHER, user)
    assert "Run again" in part.drawn()


@pytest.mark.parametrize("name", ["run", "runs"])
def test_a_site_that_falls_silent_is_new_and_so_is_its_next_try(bob: Client, run: Run, name: str) -> None:
    part = Part(bob, PARTS[name](run))
    part.drawn()
    assert run.connection
    assert run.connection.site
    outage = factories.make_outage(run.connection.site)
    assert "does not answer" in part.drawn()
    outage.next_try_at += timedelta(minutes=1)
    outage.save()
    part.drawn()
    outage.ended_at = timezone.now()
    outage.save()
    assert "answers again" in part.drawn()


def test_an_outage_of_another_site_is_nothing_new(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["runs"](run))
    part.drawn()
    factories.make_outage(factories.make_site())
    assert part.ask().status_code == 204


def test_of_a_list_only_the_rows_that_differ_are_sent(bob: Client, run: Run) -> None:
    done = [factories.make_run(RunState.FINISHED, project=run.project) for _ in range(3)]
    page = bob.get(PARTS["runs"](run)).content.decode()
    versions_in_page = re.findall(r'<tr id="([\w-]+)" data-version="(\w+)"', page)
    part = Part(bob, PARTS["runs"](run), rows=" ".join(f"{row}:{version}" for row, version in versions_in_page))
    text = part.drawn()
    assert rows_in(text) == [f"run-{run.short_id}"]
    assert kept_in(text) == [f"run-{one.short_id}" for one in reversed(done)]
    assert "<html" not in text

    newest = factories.make_run(RunState.QUEUED, project=run.project)
    Run.objects.filter(pk=done[0].pk).delete()
    Run.objects.filter(pk=done[1].pk).update(outcome="Read again.", state=RunState.FAILED)
    text = part.drawn()
    assert rows_in(text) == [f"run-{one.short_id}" for one in (newest, done[1], run)]
    assert kept_in(text) == [f"run-{done[2].short_id}"]
    assert done[0].short_id not in text


def test_a_run_that_enters_or_leaves_a_filter_is_new(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["runs of a state"](run))
    part.drawn()
    other = factories.make_run(RunState.QUEUED, project=run.project)
    assert rows_in(part.drawn())[0] == f"run-{other.short_id}"
    now = timezone.now()
    assert move(run, to=RunState.FINISHED, now=now, message="It ended.")
    assert run.short_id not in part.drawn()


def test_runs_of_other_projects_are_nothing_new(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["runs"](run))
    part.drawn()
    factories.make_run(RunState.RUNNING)
    assert part.ask().status_code == 204


def test_an_address_that_another_project_has_now_tells_nothing_of_the_former_one(run: Run) -> None:
    slug, bob = run.project.slug, run.created_by.pk

    def version() -> str:
        return versions.list_version(slug, QueryDict(), user=bob, most=50, now=timezone.now())

    assert version()
    run.project.slug = "moved"
    run.project.save()
    assert version() == ""
    factories.make_project(slug=slug, is_public=True)
    assert version() == ""


def test_an_end_stops_it(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["run"](run))
    part.drawn()
    now = timezone.now()
    assert move(run, to=RunState.FINISHED, now=now, message="It ended.", log_complete=True)
    text = part.drawn()
    assert "data-live" not in text
    assert "hx-trigger" not in text


def test_another_alias_of_a_model_is_new(bob: Client, run: Run) -> None:
    model = registering(run.project)
    part = Part(bob, reverse("registered_models:live", args=[run.project.slug, model.uuid]))
    part.drawn()
    give_alias(model, "champion", by=run.created_by)
    assert "champion" in part.drawn()


def test_more_of_the_log_is_new(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["log"](run))
    part.drawn()
    factories.append_log(run, "epoch 1\n")
    assert part.drawn() == "epoch 1\n"


def test_somebody_who_only_looks_keeps_the_site_asked_often(bob: Client, run: Run) -> None:
    part = Part(bob, PARTS["run"](run))
    part.drawn()
    run.refresh_from_db()
    assert run.watched_until
    # Longer than until it is drawn again, which is what lengthens it.
    assert run.watched_until - timezone.now() > timedelta(seconds=45)


def test_without_javascript_a_list_is_a_whole_page(bob: Client, run: Run) -> None:
    answer = bob.get(PARTS["runs"](run), headers={"HX-Request": "true"})
    assert "<html" in answer.content.decode()
    assert "no-store" not in answer.headers.get("Cache-Control", "")


def test_a_durations_words_go_on_from_what_the_server_says(bob: Client, run: Run) -> None:
    text = Part(bob, PARTS["run"](run)).drawn()
    assert re.search(r'Running <span data-seconds="\d+\.\d" data-words="spoken">', text)
    finished = factories.make_run(RunState.FINISHED, project=run.project)
    assert "data-seconds" not in Part(bob, PARTS["run"](finished)).drawn()
