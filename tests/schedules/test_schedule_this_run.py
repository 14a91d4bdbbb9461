"""Schedule, on a run's page: what its link asks for is had, or refused by name. Nothing takes its place."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection, Site
from mantik.accounts.models import User
from projects.models import CodeRepository, Project
from projects.roles import Role
from runs.models import Run
from runs.services import delete_run
from schedules.models import Schedule
from tests.schedules.conftest import client_of
from tests.support.factories import join, make_connection, make_run
from tests.support.forms import as_browser_posts, said_at
from tests.support.messages import Message
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_works(sent: list[Message]) -> None:
    """No message leaves for a broker."""


@dataclass(frozen=True)
class Case:
    """`spoil` takes away what the run has, and the form says so with `words` at the field `at`."""

    spoil: Callable[[Run], object]
    at: str
    words: str
    is_read_by_colleague: bool = False


def lead_code_elsewhere(run: Run) -> None:
    CodeRepository.objects.filter(runs=run).update(url="https://git.example.org/other.git")


def name_a_site(run: Run) -> None:
    """And then operators correct the address of the connection's."""
    assert run.connection
    assert run.connection.site
    content = f"UnicoreApiUrl: {run.connection.site.base_url}\n{run.backend_config_content}"
    Run.objects.filter(pk=run.pk).update(backend_config_content=content)
    Site.objects.filter(pk=run.connection.site.pk).update(base_url="https://elsewhere.example.org/rest/core")


GONE = "it was deleted, or the link is wrong. The form is not filled in"
CASES = {
    "run": Case(lambda run: delete_run(run=run, actor=run.created_by, now=timezone.now()), "run", GONE),
    "code repository": Case(lambda run: CodeRepository.objects.filter(runs=run).delete(), "run", "was deleted. Choose"),
    "address": Case(lead_code_elsewhere, "run", "to https://git.example.org/other.git"),
    "commit": Case(
        lambda run: Run.objects.filter(pk=run.pk).update(commit_pending=True), "run", "The commit of this run is not"
    ),
    "site": Case(name_a_site, "connection", "is for https://a.example.org/rest/core, but this connection is for https"),
    "connection": Case(
        lambda run: Connection.objects.filter(runs=run).delete(),
        "connection",
        "The connection to Site A that the run used was deleted. You have no connection to Site A.",
    ),
    "connection of somebody else": Case(lambda _: None, "connection", "only they can use. Choose of-mine.", True),
}
WHEN = {"cron_expression": "0 3 * * *", "time_zone": "Europe/Berlin"}


def address(project: Project, name: str = "add") -> str:
    return reverse(f"schedules:{name}", args=[project.slug])


@pytest.fixture
def colleague(project: Project, connection: Connection) -> User:
    user = join(project, Role.RESEARCHER)
    make_connection(owner=user, site=connection.site, name="of-mine")
    return user


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_gone_is_said_in_place_and_nothing_is_added(run: Run, ada: User, colleague: User, case: Case) -> None:
    case.spoil(run)
    client = client_of(colleague if case.is_read_by_colleague else ada)

    form = client.get(address(run.project), {"run": str(run.uuid)})
    told, posted = said_at(form, case.at), as_browser_posts(form) | WHEN

    assert form.status_code == 200
    assert case.words in told
    refused = client.post(address(run.project), posted | ({} if posted["name"] else {"name": "nightly"}))
    assert refused.status_code == 422
    assert said_at(refused, case.at) == told
    assert as_browser_posts(refused)["run"] == posted["run"]
    assert as_browser_posts(refused)["connection"] == posted["connection"]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("is_live", [True, False])
def test_no_preview_takes_the_sentence_away(run: Run, ada: User, colleague: User, case: Case, is_live: bool) -> None:
    case.spoil(run)
    client = client_of(colleague if case.is_read_by_colleague else ada)
    first = client.get(address(run.project), {"run": str(run.uuid)})
    headers = {"HX-Request": "true"} if is_live else {}

    preview = client.post(address(run.project, "add-preview"), as_browser_posts(first) | WHEN, headers=headers)

    assert said_at(preview, case.at) == said_at(first, case.at) != ""
    for name in ("run", "connection"):
        assert as_browser_posts(preview)[name] == as_browser_posts(first)[name]


@pytest.mark.parametrize(
    "asked", [lambda: str(make_run(name="secret-name").uuid), lambda: str(uuid.uuid4()), lambda: "x"]
)
def test_a_run_of_elsewhere_is_no_more_than_one_that_never_was(
    by_ada: Client, project: Project, asked: Callable[[], str]
) -> None:
    form = by_ada.get(address(project), {"run": asked()})

    assert GONE in said_at(form, "run")
    assert "secret-name" not in page_text(form)
    assert as_browser_posts(form)["name"] == ""


def test_what_is_all_there_is_filled_in_and_added(by_ada: Client, run: Run) -> None:
    form = by_ada.get(address(run.project), {"run": str(run.uuid)})

    assert "not everything is available any more" not in page_text(form)
    assert 'class="field-error"' not in form.content.decode()
    assert by_ada.post(address(run.project), as_browser_posts(form) | WHEN).status_code == 302
    schedule = Schedule.objects.get()
    assert (schedule.name, schedule.run, schedule.connection) == (run.name, run, run.connection)


def test_once_somebody_has_chosen_it_is_added(run: Run, colleague: User) -> None:
    client = client_of(colleague)
    posted: dict[str, Any] = as_browser_posts(client.get(address(run.project), {"run": str(run.uuid)}))
    own = Connection.objects.get(owner=colleague)

    assert client.post(address(run.project), posted | WHEN | {"connection": str(own.uuid)}).status_code == 302
    assert Schedule.objects.get().connection == own


def test_a_copy_says_that_it_has_no_connection_yet(run: Run, schedule: Schedule, colleague: User) -> None:
    duplicate = reverse("schedules:duplicate", args=[run.project.slug, schedule.uuid])

    text = page_text(client_of(colleague).post(duplicate, follow=True))

    assert "It has no connection yet: choose one of yours." in text
