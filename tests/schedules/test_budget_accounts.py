"""The compute budget account of a schedule: a refused one would make every slot fail, so the form says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from mantik.accounts.models import User
from projects.roles import Role
from runs.models import Run
from schedules.firing import engine
from schedules.models import Schedule, Slot
from schedules.services import schedules
from schedules.states import Outcome
from tests.schedules.conftest import client_of
from tests.schedules.pages.test_pages import add_url, at, preview_url, typed
from tests.support.budget_accounts import error_at, field_of, offered, tell
from tests.support.factories import join, make_connection, make_run, make_schedule
from tests.support.messages import Message
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

LIMITS: dict[str, Any] = {"batch": {"Nodes": "1-4", "Project": ["acc_sol", "acc_wind"]}}
SOLE: dict[str, Any] = {"batch": {"Project": ["acc_sol"]}}
REFUSED = "Site A's queue batch takes acc_sol or acc_wind, not 'galaxies'."


@pytest.fixture(autouse=True)
def nobody_works(sent: list[Message]) -> None:
    """No message leaves for a broker."""


def preview(client: Client, run: Run, data: dict[str, Any], *, changed: str = "") -> Any:
    return client.post(f"{preview_url(run.project)}?changed={changed}", data, headers={"HX-Request": "true"})


def saved_form(client: Client, schedule: Schedule) -> dict[str, Any]:
    form = client.get(at("edit", schedule)).context["form"]
    return {name: form.value(name) for name in form.fields}


def test_what_the_site_takes_is_offered_with_what_was_used(by_ada: Client, run: Run, connection: Connection) -> None:
    tell(connection, LIMITS)
    answer = preview(by_ada, run, typed(run, connection, compute_budget_account=""))
    assert (field_of(answer), offered(answer)) == ("", ["acc_sol", "acc_wind"])
    tell(connection, {})
    make_schedule(run=run, compute_budget_account="only-scheduled", connection=connection)
    assert offered(preview(by_ada, run, typed(run, connection))) == ["acc_sol", "only-scheduled"]


def test_the_only_account_comes_with_the_connection(by_ada: Client, run: Run, connection: Connection) -> None:
    tell(connection, SOLE)
    assert offered(by_ada.get(add_url(run.project))) == []
    data = {"connection": connection.uuid, "compute_budget_account": "left-over"}
    chosen = preview(by_ada, run, data, changed="connection")
    assert (field_of(chosen), offered(chosen)) == ("acc_sol", ["acc_sol"])


def test_a_connection_that_was_never_tested_says_so(by_ada: Client, run: Run, connection: Connection) -> None:
    text = page_text(preview(by_ada, run, typed(run, connection)))
    assert "Test the connection to see which accounts Site A allows." in text


def test_an_account_that_every_due_time_would_be_refused_for_is_an_error_at_its_field(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    tell(connection, LIMITS)
    data = typed(run, connection, compute_budget_account="galaxies")
    answer = by_ada.post(add_url(run.project), data)
    assert answer.status_code == 422
    assert error_at(answer, "compute_budget_account") == REFUSED
    assert "According to the last successful test of the connection, 3 days ago" in page_text(answer)
    assert not Schedule.objects.exists()
    assert by_ada.post(add_url(run.project), data | {"run_anyway": "on"}).status_code == 302
    assert Schedule.objects.get().compute_budget_account == "galaxies"


def test_the_preview_says_so_while_one_types(by_ada: Client, run: Run, connection: Connection) -> None:
    tell(connection, LIMITS)
    data = typed(run, connection, compute_budget_account="galaxies")
    answer = preview(by_ada, run, data)
    assert error_at(answer, "compute_budget_account") == REFUSED
    assert error_at(preview(by_ada, run, data | {"run_anyway": "on"}), "compute_budget_account") == ""
    changed = preview(by_ada, run, data | {"run_anyway": "on"}, changed="connection")
    assert error_at(changed, "compute_budget_account") == REFUSED
    assert not re.search(r'name="run_anyway"[^>]* checked', changed.content.decode())


def test_a_queue_that_the_site_does_not_have_is_an_error_at_the_run(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    tell(connection, {"devel": {}})
    answer = by_ada.post(add_url(run.project), typed(run, connection))
    assert answer.status_code == 422
    assert "Site A lets you use the queue devel, not 'batch'." in error_at(answer, "run")


def test_an_edit_is_judged_as_well(by_ada: Client, schedule: Schedule, connection: Connection) -> None:
    tell(connection, LIMITS)
    data = saved_form(by_ada, schedule) | {"compute_budget_account": "galaxies"}
    refused = by_ada.post(at("edit", schedule), data)
    assert (refused.status_code, error_at(refused, "compute_budget_account")) == (422, REFUSED)
    assert by_ada.post(at("edit", schedule), data | {"run_anyway": "on"}).status_code == 302
    assert Schedule.objects.get().compute_budget_account == "galaxies"


def test_a_copy_is_judged_when_it_is_saved(by_ada: Client, schedule: Schedule, connection: Connection) -> None:
    tell(connection, {"batch": {"Project": ["acc_new"]}})
    by_ada.post(at("duplicate", schedule))
    copy = Schedule.objects.exclude(pk=schedule.pk).get()
    answer = by_ada.post(at("edit", copy), saved_form(by_ada, copy))
    assert answer.status_code == 422
    assert error_at(answer, "compute_budget_account") == "Site A's queue batch takes acc_new, not 'acc_sol'."


def test_what_a_site_told_somebody_else_is_theirs(schedule: Schedule, connection: Connection) -> None:
    """A maintainer may still move the times of what runs with another member's connection."""
    tell(connection, {"batch": {"Project": ["secret-account"]}})
    maintainer = client_of(join(schedule.project, Role.MAINTAINER))
    assert "secret-account" not in maintainer.get(at("edit", schedule)).content.decode()
    data = saved_form(maintainer, schedule) | {"cron_expression": "15 4 * * *"}
    assert maintainer.post(at("edit", schedule), data).status_code == 302


def test_schedules_of_others_and_of_other_sites_are_not_offered(
    by_ada: Client, ada: User, run: Run, connection: Connection
) -> None:
    other = join(run.project)
    make_schedule(run=run, created_by=other, connection=connection, compute_budget_account="of-somebody-else")
    make_schedule(run=run, connection=make_connection(owner=ada), compute_budget_account="elsewhere")
    assert offered(preview(by_ada, run, typed(run, connection))) == ["acc_sol"]


def test_a_due_time_is_left_to_the_site_whatever_we_knew(schedule: Schedule, connection: Connection) -> None:
    tell(connection, {"devel": {"Project": ["acc_new"]}})
    assert schedule.next_fire_at
    engine.fire_due(now=schedule.next_fire_at)
    assert Slot.objects.get().outcome == Outcome.FIRED


def test_run_now_is_left_to_the_site_too(ada: User, schedule: Schedule, connection: Connection) -> None:
    tell(connection, {"devel": {"Project": ["acc_new"]}})
    run = schedules.run_now(schedule=schedule, actor=ada, now=timezone.now())
    assert run.compute_budget_account == schedule.compute_budget_account


def test_a_run_whose_config_is_not_read_any_more_is_judged_by_its_own_errors(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    tell(connection, LIMITS)
    old = make_run(project=run.project, created_by=run.created_by, backend_config_content="Resources: 5\n")
    assert preview(by_ada, run, typed(old, connection)).status_code == 200
