"""Members give a run another name, notes and tags."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.forms import MAX_DESCRIPTION
from projects.models import Project
from runs.models import Run, RunEvent, RunTag
from runs.notes.services import edit_run
from runs.services import NotAllowed
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_run
from tests.support.forms import as_browser_posts, said_at
from tests.support.pages import page_text
from tests.support.tables import log

pytestmark = pytest.mark.django_db
IN_PLACE = {"HX-Request": "true"}


@pytest.fixture
def run(project: Project, ada: User) -> Run:
    return make_run(RunState.FINISHED, project=project, created_by=ada, name="first try")


@pytest.fixture
def by_ada(client_of: ClientOf, ada: User) -> Client:
    return client_of(ada)


def url_of(run: Run, name: str = "edit") -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def save(client: Client, run: Run, headers: dict[str, str] | None = None, **typed: str) -> Any:
    form = as_browser_posts(client.get(url_of(run)))
    return client.post(url_of(run), form | typed, headers=headers)


def tags_of(run: Run) -> dict[str, str]:
    """As filters and columns find them."""
    return dict(RunTag.objects.filter(run=run, owner="").values_list("name__key", "value"))


def test_all_three_are_saved_and_shown(by_ada: Client, run: Run) -> None:
    answer = save(by_ada, run, name="warm start", notes="Better **without** dropout.", tags="team=wind\n\nkeep")
    assert answer.headers["Location"] == url_of(run, "detail")
    page = by_ada.get(answer.headers["Location"])
    assert "warm start is saved." in page_text(page)
    assert "Better <strong>without</strong> dropout." in page.content.decode()
    assert "team = wind keep" in page_text(page)
    run.refresh_from_db()
    assert (run.name, run.tags) == ("warm start", "team = wind\nkeep")
    assert tags_of(run) == {"team": "wind", "keep": ""}
    assert "first try" not in page_text(by_ada.get(reverse("runs:list", args=[run.project.slug])))


def test_what_was_changed_is_on_record(by_ada: Client, run: Run) -> None:
    save(by_ada, run, name="warm start", tags="keep")
    event = RunEvent.objects.get(run=run, kind="edited")
    assert event.message == "ada changed its name and tags. It was named first try before."
    audit = AuditEvent.objects.get(verb="run.edited")
    assert audit.before == {"name": "first try", "tags": ""}
    assert audit.after == {"name": "warm start", "tags": "keep"}


def test_what_is_saved_as_it_was_changes_nothing(by_ada: Client, run: Run) -> None:
    assert save(by_ada, run).status_code == 302
    assert not AuditEvent.objects.filter(verb="run.edited").exists()


def test_in_place_the_answer_is_the_panel_and_the_new_name(by_ada: Client, run: Run) -> None:
    form = by_ada.get(url_of(run), headers=IN_PLACE).content.decode()
    assert 'hx-boost="true"' in form
    answer = save(by_ada, run, IN_PLACE, name="warm start").content.decode()
    assert answer.startswith("<title>warm start")
    assert '<h1 id="run-name" hx-swap-oob="true">warm start</h1>' in answer
    assert "<html" not in answer


def test_in_place_a_fault_comes_back_with_the_form(by_ada: Client, run: Run) -> None:
    answer = save(by_ada, run, IN_PLACE, tags="= x")
    assert answer.status_code == 422
    assert said_at(answer, "tags").startswith("Line 1: Before “=” the name of the tag is missing.")
    assert 'hx-boost="true"' in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "field", "fault"),
    [
        ({"name": "  "}, "name", "This field is required."),
        ({"notes": "x" * (MAX_DESCRIPTION + 1)}, "notes", "at most 20000 characters"),
        ({"tags": "keep\nkeep"}, "tags", "Line 2: The tag keep is there twice. Leave one out."),
        ({"tags": "epoch = 7"}, "tags", "The training has logged a tag named epoch. Choose another name for yours."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(
    by_ada: Client, run: Run, typed: dict[str, str], field: str, fault: str
) -> None:
    log(run, tags={"epoch": "3"})
    answer = save(by_ada, run, None, **{"name": "other"} | typed)
    assert answer.status_code == 422
    assert fault in said_at(answer, field)
    run.refresh_from_db()
    assert (run.name, tags_of(run)) == ("first try", {"epoch": "3"})


def test_a_run_that_is_gone_is_said_to_be(run: Run, ada: User) -> None:
    Run.objects.filter(pk=run.pk).delete()
    with pytest.raises(NotAllowed, match="The run was deleted meanwhile"):
        edit_run(run=run, actor=ada, name="other", notes="", tags={}, now=timezone.now())


def test_the_preview_stores_nothing(by_ada: Client, run: Run) -> None:
    part = by_ada.post(url_of(run, "edit-preview"), {"notes": "# Found"}, headers=IN_PLACE).content.decode()
    assert part.startswith('<div class="prose">')
    assert "Found</h" in part
    whole = by_ada.post(url_of(run, "edit-preview"), {"name": "other", "notes": "*so*", "tags": "a"})
    assert "<em>so</em>" in whole.content.decode()
    assert as_browser_posts(whole)["name"] == "other"
    long = by_ada.post(url_of(run, "edit-preview"), {"notes": "x" * (MAX_DESCRIPTION + 1)}, headers=IN_PLACE)
    assert "The notes have 20,001 characters; at most 20,000 are allowed." in page_text(long)
    run.refresh_from_db()
    assert (run.name, run.notes) == ("first try", "")


def test_a_researcher_edits_their_own_and_a_maintainer_any(
    client_of: ClientOf, run: Run, researcher: User, maintainer: User
) -> None:
    assert client_of(researcher).get(url_of(run)).status_code == 403
    assert url_of(run) not in client_of(researcher).get(url_of(run, "detail")).content.decode()
    assert url_of(run) in client_of(maintainer).get(url_of(run, "detail")).content.decode()
    assert save(client_of(maintainer), run, name="other").status_code == 302


def test_markup_in_notes_is_shown_as_text(by_ada: Client, run: Run) -> None:
    save(by_ada, run, notes="<script>alert(1)</script>", tags="<b>a</b> = <i>")
    page = by_ada.get(url_of(run, "detail")).content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>a</b>" not in page


def test_run_again_copies_no_notes(by_ada: Client, run: Run) -> None:
    save(by_ada, run, notes="Only for this one.", tags="mine")
    form = by_ada.get(f"{reverse('runs:new', args=[run.project.slug])}?from={run.uuid}")
    assert "Only for this one." not in form.content.decode()


def test_what_the_training_logs_later_does_not_replace_a_members_tag(by_ada: Client, run: Run) -> None:
    save(by_ada, run, tags="team = wind\nkeep")
    log(run, tags={"team": "of the training", "epoch": "3"})
    assert tags_of(run) == {"team": "wind", "keep": "", "epoch": "3"}
    assert "epoch 3" in page_text(by_ada.get(url_of(run, "detail")))
    save(by_ada, run, tags="team = rain")
    assert tags_of(run) == {"team": "rain", "epoch": "3"}
