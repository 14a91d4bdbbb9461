"""Each member's own stars."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from runs.models import Run, RunStar
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_run, make_run_star

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(project: Project, ada: User) -> Run:
    return make_run(RunState.FINISHED, project=project, created_by=ada, name="first try")


def star(run: Run) -> str:
    return reverse("runs:star", args=[run.project.slug, run.uuid])


def pages_of(run: Run) -> dict[str, str]:
    slug = run.project.slug
    return {
        "run": reverse("runs:detail", args=[slug, run.uuid]),
        "runs": reverse("runs:list", args=[slug]),
        "experiment": reverse("projects:experiment", args=[slug, run.experiment.uuid]),
        "overview": reverse("projects:overview", args=[slug]),
    }


@pytest.mark.parametrize("page", ["run", "runs", "experiment", "overview"])
def test_a_star_is_set_and_removed_without_a_script(
    client_of: ClientOf, run: Run, guest: User, ada: User, page: str
) -> None:
    client, here = client_of(guest), pages_of(run)[page]
    shown = client.get(here).content.decode()
    assert f'formaction="{star(run)}" name="starred" value="yes"' in shown
    # The button belongs to this form, which tells where to return to.
    form = shown.partition('<form id="stars" method="post">')[2].partition("</form>")[0]
    assert "csrfmiddlewaretoken" in form
    assert f'name="next" value="{here}"' in form
    for _ in range(2):
        assert client.post(star(run), {"starred": "yes", "next": here}).headers["Location"] == here
        assert RunStar.objects.filter(run=run, user=guest).count() == 1
    shown = client.get(here).content.decode()
    assert f'formaction="{star(run)}" name="starred" value="no"' in shown
    assert 'value="no"' not in client_of(ada).get(here).content.decode()
    for _ in range(2):
        client.post(star(run), {"starred": "no"})
        assert not RunStar.objects.exists()


def test_with_a_script_the_button_is_drawn_again(client_of: ClientOf, run: Run, guest: User) -> None:
    answer = client_of(guest).post(star(run), {"starred": "yes"}, headers={"HX-Request": "true"})
    assert answer.content.decode().startswith("<button")
    assert 'value="no"' in answer.content.decode()


def test_nobody_is_led_elsewhere(client_of: ClientOf, run: Run, guest: User) -> None:
    answer = client_of(guest).post(star(run), {"starred": "yes", "next": "https://elsewhere.example.org/"})
    assert answer.headers["Location"] == pages_of(run)["run"]


def test_who_is_not_signed_in_has_no_stars(client: Client, public_project: Project) -> None:
    run = make_run(RunState.FINISHED, project=public_project)
    assert star(run) not in client.get(pages_of(run)["runs"]).content.decode()
    assert star(run) not in client.get(pages_of(run)["run"]).content.decode()


def test_a_star_goes_with_the_run_and_with_the_member(run: Run, ada: User, outsider: User) -> None:
    make_run_star(run=run, user=ada)
    make_run_star(run=run, user=outsider)
    outsider.delete()
    assert RunStar.objects.get().user == ada
    run.delete()
    assert not RunStar.objects.exists()
