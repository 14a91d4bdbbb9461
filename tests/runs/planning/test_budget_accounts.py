"""The compute budget account in the new-run form: what is offered, and what a site would refuse is said before RUN!"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.models import Run
from runs.states import RunState
from runs.submission.assemble import newest_of_branch
from tests.runs.planning.test_new_run import filled_in, post, refetch
from tests.support import factories
from tests.support.budget_accounts import error_at, field_of, offered, tell
from tests.support.pages import page_text
from tests.support.world import BACKEND_CONFIG, World

pytestmark = pytest.mark.django_db

LIMITS: dict[str, Any] = {
    "batch": {"Nodes": "1-4", "Runtime": "1-86400", "Project": ["demo", "other"]},
    "gpu": {"Nodes": "1-2", "Runtime": "1-3600", "Project": ["gpu_acc"]},
}


def new_run_page(member: Client, world: World, **query: str) -> Any:
    return member.get(reverse("runs:new", args=[world.project.slug]), query)


def preview(member: Client, world: World, changed: str = "", **changes: Any) -> Any:
    url = reverse("runs:new-preview", args=[world.project.slug])
    data = filled_in(world, **changes)
    return member.post(f"{url}?changed={changed}", data, headers={"HX-Request": "true"})


# What is offered


def test_the_only_account_of_the_site_stands_in_the_field_already(member: Client, world: World) -> None:
    tell(world.connection, {"batch": {"Project": ["demo"]}})
    answer = new_run_page(member, world)
    assert (field_of(answer), offered(answer)) == ("demo", ["demo"])
    assert post(member, world, compute_budget_account=field_of(answer)).status_code == 302


def test_of_several_none_is_chosen_and_all_are_seen(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    answer = new_run_page(member, world)
    assert (field_of(answer), offered(answer)) == ("", ["demo", "other", "gpu_acc"])
    assert f"Accounts at {world.site.name} demo other gpu_acc" in page_text(answer)


def test_what_the_queue_of_the_config_takes_comes_first_and_the_rest_is_told(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    text = page_text(preview(member, world))
    assert "For the queue batch demo other For other queues only gpu_acc" in text


def test_the_only_account_of_the_queue_is_proposed_once_the_config_is_known(member: Client, world: World) -> None:
    tell(world.connection, {"batch": {"Project": ["demo"]}, "gpu": {"Project": ["gpu_acc"]}})
    assert field_of(new_run_page(member, world)) == ""
    answer = preview(member, world, compute_budget_account="")
    assert field_of(answer) == "demo"
    assert "account demo" in page_text(answer), "the script that is shown has it, too"


def test_a_site_that_only_tells_of_budgets_names_accounts_by_them(member: Client, world: World) -> None:
    budget = {"account": "acc_sol", "remaining": 1204, "unit": "core-h", "percent": 24}
    tell(world.connection, {"batch": {"Nodes": "1-4"}}, budgets=[budget])
    answer = new_run_page(member, world)
    assert field_of(answer) == "acc_sol"
    assert "1,204 core-h left (24 %)" in page_text(answer)
    assert post(member, world, compute_budget_account="another").status_code == 302, "any may be right there"


def test_a_connection_that_was_never_tested_says_so_where_the_account_is_asked_for(
    member: Client, world: World
) -> None:
    answer = new_run_page(member, world)
    assert f"Test the connection to see which accounts {world.site.name} allows." in page_text(answer)
    assert f'href="{reverse("connections:list")}#connection-{world.connection.uuid}"' in answer.content.decode()
    assert (field_of(answer), offered(answer)) == ("", [])


def test_a_site_that_names_no_accounts_is_told_apart_from_one_that_was_not_asked(member: Client, world: World) -> None:
    tell(world.connection, {})
    text = page_text(new_run_page(member, world))
    assert f"{world.site.name} named no accounts at the last successful test of the connection, 3 days ago" in text
    assert "Test the connection to see" not in text


def test_accounts_that_the_member_used_there_are_offered_latest_first(member: Client, world: World) -> None:
    same_site = factories.make_connection(owner=world.user, site=world.site)
    elsewhere = factories.make_connection(owner=world.user)
    for account, columns in (
        ("older", {"connection": world.connection}),
        ("newer", {"connection": same_site}),
        ("of-a-deleted-connection", {"connection": None, "site_name": world.site.name}),
        ("elsewhere", {"connection": elsewhere}),
        ("of-somebody-else", {"created_by": factories.join(world.project)}),
    ):
        usual: dict[str, Any] = {"project": world.project, "created_by": world.user, "compute_budget_account": account}
        factories.make_run(RunState.FINISHED, **usual | columns)
    answer = preview(member, world, compute_budget_account="")
    assert offered(answer) == ["of-a-deleted-connection", "newer", "older"]
    assert "Used before" in page_text(answer)
    assert field_of(answer) == ""


def test_the_only_one_that_was_used_is_proposed_where_the_site_names_none(member: Client, world: World) -> None:
    world.start_run(account="acc_sol")
    assert field_of(preview(member, world, compute_budget_account="")) == "acc_sol"


def test_what_a_site_refused_or_takes_no_more_is_not_offered_again(member: Client, world: World) -> None:
    usual: dict[str, Any] = {"project": world.project, "created_by": world.user, "connection": world.connection}
    refused: dict[str, Any] = {"running_at": None, "exit_code": None, "compute_budget_account": "galaxies"}
    factories.make_run(RunState.FAILED, **usual | refused)
    assert offered(preview(member, world)) == []
    factories.make_run(RunState.FINISHED, **usual | {"compute_budget_account": "closed-since"})
    assert offered(preview(member, world)) == ["closed-since"]
    tell(world.connection, LIMITS)
    assert offered(preview(member, world)) == ["demo", "other", "gpu_acc"]


def test_a_long_list_is_folded_and_says_how_long_it_is(member: Client, world: World) -> None:
    accounts = [f"acc{number}" for number in range(12)]
    tell(world.connection, {"batch": {"Project": accounts}})
    answer = new_run_page(member, world)
    assert offered(answer) == accounts
    assert "4 more" in page_text(answer)


def test_another_connection_brings_its_own_accounts(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    other = factories.make_connection(owner=world.user, site=factories.make_site(name="Elsewhere"))
    tell(other, {"batch": {"Project": ["only"]}})
    answer = preview(member, world, changed="connection", connection=str(other.uuid))
    assert "Replaces demo, which is not available here." in page_text(answer)
    assert (field_of(answer), offered(answer)) == ("only", ["only"])
    kept = preview(member, world, changed="connection", compute_budget_account="gpu_acc")
    assert field_of(kept) == "gpu_acc", "of several, none is chosen for somebody"


def test_what_somebody_types_is_never_replaced(member: Client, world: World) -> None:
    tell(world.connection, {"batch": {"Project": ["demo"]}})
    answer = preview(member, world, compute_budget_account="granted-today")
    assert field_of(answer) == "granted-today"
    assert (
        error_at(answer, "compute_budget_account")
        == f"{world.site.name}'s queue batch takes demo, not 'granted-today'."
    )


def test_an_account_is_taken_by_a_press_without_javascript(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    url = reverse("runs:new-preview", args=[world.project.slug])
    data = filled_in(world, compute_budget_account="", name="typed so far")
    answer = member.post(url, data | {"use-compute_budget_account": "other"})
    text = answer.content.decode()
    assert field_of(answer) == "other"
    assert 'value="typed so far"' in text
    assert re.search(r'value="other"[^>]*aria-pressed="true"', text)


# What a site would refuse


def test_an_account_that_the_queue_does_not_take_is_an_error_at_its_field(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    answer = post(member, world, compute_budget_account="galaxies")
    assert answer.status_code == 422
    assert not Run.objects.exists()
    told = error_at(answer, "compute_budget_account")
    assert told == f"{world.site.name}'s queue batch takes demo or other, not 'galaxies'."
    text = page_text(answer)
    assert "According to the last successful test of the connection, 3 days ago" in text
    assert 'name="run_anyway"' in answer.content.decode()
    assert offered(answer) == ["demo", "other", "gpu_acc"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("Queue: batch", "Queue: bach"), "lets you use the queues batch and gpu, not 'bach'. Did you mean batch?"),
        (("Nodes: 1", "Nodes: 12"), "Nodes is 12, and the queue batch takes 1 to 4."),
        (("Runtime: 10min", "Runtime: 3d"), "Runtime is 3 d, and the queue batch takes 1 s to 1 d."),
    ],
)
def test_what_the_config_asks_in_vain_is_an_error_at_its_path(
    member: Client, world: World, change: tuple[str, str], sentence: str
) -> None:
    tell(world.connection, LIMITS)
    world.repository.write("vain.yaml", BACKEND_CONFIG.replace(*change))
    world.repository.commit("Ask for too much")
    refetch(world)
    answer = post(member, world, backend_config_path="vain.yaml")
    assert answer.status_code == 422
    assert sentence in error_at(answer, "backend_config_path").replace("\N{NO-BREAK SPACE}", " ")
    assert post(member, world, backend_config_path="vain.yaml", run_anyway="on").status_code == 302


def test_run_anyway_leaves_it_to_the_site(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    shown = preview(member, world, compute_budget_account="galaxies", run_anyway="on")
    assert error_at(shown, "compute_budget_account") == ""
    assert "not 'galaxies'" in page_text(shown), "it is a warning now"
    assert re.search(r'name="run_anyway"[^>]* checked', shown.content.decode())
    assert post(member, world, compute_budget_account="galaxies", run_anyway="on").status_code == 302
    assert Run.objects.get().compute_budget_account == "galaxies"


@pytest.mark.parametrize("ticked", ["", "false", "0"])
def test_only_a_tick_is_one(member: Client, world: World, ticked: str) -> None:
    tell(world.connection, LIMITS)
    assert post(member, world, compute_budget_account="galaxies", run_anyway=ticked).status_code == 422


def test_a_tick_does_not_outlive_its_connection(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    answer = preview(member, world, "connection", compute_budget_account="galaxies", run_anyway="on")
    assert error_at(answer, "compute_budget_account")
    assert not re.search(r'name="run_anyway"[^>]* checked', answer.content.decode())


def test_run_anyway_excuses_nothing_else(member: Client, world: World) -> None:
    assert post(member, world, branch="mian", run_anyway="on").status_code == 422


def test_where_nothing_would_be_refused_nothing_is_asked(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    assert "run_anyway" not in preview(member, world).content.decode()
    assert post(member, world).status_code == 302


@pytest.mark.parametrize("limits", [{}, {"batch": {}}, {"batch": {"Project": []}}])
def test_any_account_is_taken_where_the_site_does_not_say(member: Client, world: World, limits: dict[str, Any]) -> None:
    tell(world.connection, limits)
    assert post(member, world, compute_budget_account="whatever").status_code == 302


def test_run_again_keeps_the_account_and_says_that_it_is_not_taken(member: Client, world: World) -> None:
    run = world.start_run(account="closed")
    tell(world.connection, {"batch": {"Project": ["demo"]}})
    answer = new_run_page(member, world, **{"from": str(run.uuid)})
    assert field_of(answer) == "closed"
    assert f"{world.site.name}'s queue batch takes demo, not 'closed'." in page_text(answer)
    assert "run_anyway" in answer.content.decode()


def test_an_empty_form_complains_of_nothing(member: Client, world: World) -> None:
    tell(world.connection, LIMITS)
    answer = preview(member, world, compute_budget_account="", backend_config_path="")
    assert (error_at(answer, "compute_budget_account"), error_at(answer, "backend_config_path")) == ("", "")


def test_a_commit_that_is_read_later_goes_to_the_site_whatever_we_knew(world: World) -> None:
    """Nobody is there to be asked."""
    run = world.start_run(account="closed-since")
    tell(world.connection, LIMITS)
    columns, _ = newest_of_branch(run, now=timezone.now())
    assert columns["queue"] == "batch"


def test_a_fresh_form_does_not_stand_on_an_account_that_was_refused(member: Client, world: World) -> None:
    usual: dict[str, Any] = {"project": world.project, "created_by": world.user, "connection": world.connection}
    refused: dict[str, Any] = {"running_at": None, "exit_code": None, "compute_budget_account": "galaxies"}
    url = f"/projects/{world.project.slug}/runs/submissions/add/"
    factories.make_run(RunState.FAILED, **usual | refused)
    assert field_of(member.get(url)) == ""
    factories.make_run(RunState.FINISHED, **usual | {"compute_budget_account": "acc_sol"})
    factories.make_run(RunState.FAILED, **usual | refused)
    assert field_of(member.get(url)) == "acc_sol"
