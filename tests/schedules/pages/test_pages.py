"""The pages of schedules, as members of each role see and use them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection
from mantik.accounts.models import User
from projects.models import Project
from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from schedules.cron import accept
from schedules.models import Schedule
from schedules.services import schedules
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap, ScheduleState
from schedules.views.form import PRESETS
from tests.schedules.conftest import client_of
from tests.support.factories import (
    join,
    make_connection,
    make_project,
    make_run,
    make_schedule,
    make_slot,
    make_user,
)
from tests.support.forms import as_browser_posts, said_at
from tests.support.messages import Message
from tests.support.pages import count_queries, neighbour, page_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_works(sent: list[Message]) -> None:
    """No message leaves for a broker."""


def at(name: str, schedule: Schedule) -> str:
    return reverse(f"schedules:{name}", args=[schedule.project.slug, schedule.uuid])


def typed(run: Run, connection: Connection, **changed: Any) -> dict[str, Any]:
    """The form, filled in."""
    usual = {
        "name": "weekly",
        "run": run.uuid,
        "connection": connection.uuid,
        "compute_budget_account": "acc_sol",
        "cron_expression": "0 3 * * 1-5",
        "time_zone": "Europe/Berlin",
        "end_date": "",
        "code_policy": "same",
        "overlap": "skip",
        "missed": "one",
        "missed_cap": 10,
        "missed_grace": 6,
        "jitter_seconds": 0,
        "pause_after_failures": 5,
        "most_runs_per_day": "",
    }
    return usual | changed


def add_url(project: Project) -> str:
    return reverse("schedules:add", args=[project.slug])


def preview_url(project: Project) -> str:
    return reverse("schedules:add-preview", args=[project.slug])


# The list


def test_the_list_says_when_each_is_due_in_its_own_zone_and_how_the_last_went(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    make_schedule(
        run=run,
        name="nightly",
        cron_expression="30 2 * * *",
        time_zone="Asia/Kolkata",
        last_due_at=timezone.now(),
        last_outcome=Outcome.MISSED,
    )
    text = page_text(by_ada.get(reverse("schedules:list", args=[run.project.slug])))
    for words in ("nightly", "every day at 02:30, Asia/Kolkata", "02:30 IST (+05:30)", "Missed", "Enabled"):
        assert words in text


def test_the_list_can_be_filtered_and_searched(by_ada: Client, run: Run, schedule: Schedule) -> None:
    schedules.pause_schedule(schedule=schedule, actor=run.created_by, now=timezone.now())
    make_schedule(run=run, name="hourly", cron_expression="0 * * * *")
    url = reverse("schedules:list", args=[run.project.slug])
    paused = page_text(by_ada.get(url, {"state": "paused"}))
    assert "nightly" in paused
    assert "hourly" not in paused
    assert "No schedule matches the filter." in page_text(by_ada.get(url, {"q": "never heard of"}))


def test_the_list_costs_the_same_whatever_is_in_it_and_goes_on_on_the_next_page(
    by_ada: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.views.pages.PAGE_SIZE", 2)
    url = reverse("schedules:list", args=[run.project.slug])
    make_schedule(run=run, name="oldest")
    alone = count_queries(by_ada, url)
    for name in ("second", "third"):
        make_schedule(run=run, name=name)
    assert count_queries(by_ada, url) == alone
    page = by_ada.get(url)
    assert "oldest" not in page_text(page)
    older = re.search(r'href="([^"]*page=[^"]*)" rel="next"', page.content.decode())
    assert older
    assert "oldest" in page_text(by_ada.get(older[1].replace("&amp;", "&")))


def test_the_sidebar_counts_the_paused_ones(by_ada: Client, ada: User, schedule: Schedule) -> None:
    url = reverse("projects:overview", args=[schedule.project.slug])
    assert "1 to look at" not in page_text(by_ada.get(url))
    schedules.pause_schedule(schedule=schedule, actor=ada, now=timezone.now())
    assert "Schedules 1 to look at" in page_text(by_ada.get(url))


def test_only_who_may_edit_finds_the_buttons_for_it(by_ada: Client, schedule: Schedule) -> None:
    reader = client_of(join(schedule.project, Role.GUEST))
    url = reverse("schedules:list", args=[schedule.project.slug])
    for client, sees in ((by_ada, True), (reader, False)):
        text = client.get(url).content.decode()
        assert (at("edit", schedule) in text) is sees
        assert (at("delete", schedule) in text) is sees
        assert at("detail", schedule) in text


# The form


def test_the_form_offers_usual_times(by_ada: Client, run: Run) -> None:
    page = by_ada.get(add_url(run.project)).content.decode()
    assert 'list="cron-presets"' in page
    assert '<option value="0 3 * * 1-5">every weekday at 03:00</option>' in page
    for expression in PRESETS:
        assert accept(expression).words


def test_a_schedule_is_added_with_all_that_was_typed(
    by_ada: Client, ada: User, run: Run, connection: Connection
) -> None:
    last = timezone.localdate() + timedelta(days=400)
    policies = {
        "code_policy": "newest",
        "overlap": "cancel",
        "missed": "all",
        "missed_cap": 3,
        "missed_grace": 1.5,
        "jitter_seconds": 30,
        "pause_after_failures": 0,
        "most_runs_per_day": 2,
        "end_date": last.isoformat(),
    }
    answer = by_ada.post(add_url(run.project), typed(run, connection, **policies))
    made = Schedule.objects.get(name="weekly")
    assert answer["Location"] == at("detail", made)
    assert (made.run, made.connection, made.created_by, made.compute_budget_account) == (
        run,
        connection,
        ada,
        "acc_sol",
    )
    assert (made.cron_expression, made.time_zone, made.end_date) == ("0 3 * * 1-5", "Europe/Berlin", last)
    assert (made.code_policy, made.overlap, made.missed) == (CodePolicy.NEWEST, Overlap.CANCEL, CatchUp.ALL)
    assert (made.missed_cap, made.missed_grace, made.jitter_seconds) == (3, timedelta(hours=1.5), 30)
    assert (made.pause_after_failures, made.most_runs_per_day) == (0, 2)
    assert made.is_enabled


def test_the_schedule_action_of_a_run_leads_to_a_form_that_knows_it(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    page = by_ada.get(reverse("runs:detail", args=[run.project.slug, run.uuid])).content.decode()
    link = f"{add_url(run.project)}?run={run.uuid}"
    assert link in page
    form = by_ada.get(link).context["form"]
    assert form.value("run") == str(run.uuid)
    assert form.value("connection") == str(connection.uuid)
    assert form.value("compute_budget_account") == "acc_sol"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("cron_expression", "@daily", "0 0 * * *"),
        ("cron_expression", "0 30 2 * * ?", "30 2 * * *"),
        ("cron_expression", "H 3 * * *", "17 3 * * *"),
        ("cron_expression", "0 0 30 2 *", "never"),
        ("cron_expression", "* * * * *", "Choose a longer interval."),
        ("cron_expression", "*/7 * * * *", "Two of its due times, 00:56 and 01:00, would be only"),
        ("cron_expression", "", "required"),
        ("time_zone", "Europe/Berln", "Did you mean Europe/Berlin?"),
        ("end_date", "2020-01-01", "The end date is in the past."),
        ("end_date", "soon", "valid date"),
        ("jitter_seconds", "900", "has to be shorter"),
        ("missed_cap", "0", "Enter 1 or more."),
        ("name", "", "required"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    by_ada: Client, run: Run, connection: Connection, field: str, value: str, words: str
) -> None:
    data = typed(run, connection, cron_expression="*/10 * * * *", name="my own name") | {field: value}
    answer = by_ada.post(add_url(run.project), data)
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    text = answer.content.decode()
    assert all(str(typed_value) in text for typed_value in data.values())
    assert not Schedule.objects.exists()


def test_a_taken_name_and_a_connection_to_another_site_are_refused_at_their_fields(
    by_ada: Client, ada: User, run: Run, connection: Connection, schedule: Schedule
) -> None:
    taken = by_ada.post(add_url(run.project), typed(run, connection, name="NIGHTLY"))
    assert taken.status_code == 422
    assert '"NIGHTLY" is taken by "nightly" in this project' in page_text(taken)
    Run.objects.filter(pk=run.pk).update(
        backend_config_content="UnicoreApiUrl: https://elsewhere.example.org/rest/core\nResources:\n  Queue: batch\n"
    )
    elsewhere = by_ada.post(add_url(run.project), typed(run, connection))
    assert elsewhere.status_code == 422
    assert set(elsewhere.context["form"].errors) & {"connection", "run"}


def test_runs_and_connections_of_others_cannot_be_chosen(by_ada: Client, run: Run, connection: Connection) -> None:
    strange = make_run(RunState.FINISHED, project=make_project())
    theirs = make_connection(owner=make_user())
    for changed, field in (({"run": strange.uuid}, "run"), ({"connection": theirs.uuid}, "connection")):
        answer = by_ada.post(add_url(run.project), typed(run, connection) | changed)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors


def test_runs_are_offered_with_their_times_by_the_readers_clock(by_ada: Client, ada: User, run: Run) -> None:
    User.objects.filter(pk=ada.pk).update(time_zone="Asia/Tokyo")
    Run.objects.filter(pk=run.pk).update(created_at=datetime(2026, 11, 23, 22, 2, tzinfo=UTC))
    assert "24 Nov 2026 07:02 JST" in page_text(by_ada.get(add_url(run.project)))


def test_a_run_is_found_by_a_search_however_old_it_is(
    by_ada: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.forms.MOST_RUNS_OFFERED", 1)
    make_run(RunState.FINISHED, project=run.project, name="later")
    offered = by_ada.get(add_url(run.project)).context["form"].fields["run"].widget.choices
    assert [label.split(" ·")[0] for _, label in offered[1:]] == ["later"]
    answer = by_ada.post(preview_url(run.project), {"run_search": "train"}, headers={"HX-Request": "true"})
    assert f'value="{run.uuid}"' in answer.content.decode()


# The preview


def test_the_preview_tells_words_due_times_count_and_cost(by_ada: Client, run: Run, connection: Connection) -> None:
    connection.facts = {"budgets": [{"account": "acc_sol", "remaining": 5, "unit": "core-h", "percent": 1}]}
    connection.save()
    answer = by_ada.post(
        preview_url(run.project),
        typed(run, connection, cron_expression="30 2 * * *", time_zone="Asia/Kolkata"),
        headers={"HX-Request": "true"},
    )
    text = page_text(answer)
    assert "Every day at 02:30" in text
    assert len(re.findall(r"02:30 IST \(\+05:30\)", text)) == 10
    assert "30 runs in 30 days" in text
    assert "60.0 core-hours in the next 30 days" in text
    assert "acc_sol had 5 core-h left" in text
    assert "is enough for about 2 runs" in text
    assert "<html" not in answer.content.decode()


def test_the_preview_marks_where_clocks_change_and_where_the_connection_has_ended(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    now = timezone.now()
    connection.expires_at = now + timedelta(days=3)
    connection.save()
    changes = typed(run, connection, cron_expression="30 2 1 * *", end_date=f"{now.year + 1}-12-31")
    text = page_text(by_ada.post(preview_url(run.project), changes, headers={"HX-Request": "true"}))
    assert "clocks go" in text
    assert "after the secret expires" in text
    assert " are due after that and will be refused unless the secret is replaced" in text


def test_a_preview_names_the_fault_at_its_field_and_not_what_is_not_filled_in_yet(by_ada: Client, run: Run) -> None:
    answer = by_ada.post(
        preview_url(run.project), {"cron_expression": "@hourly", "time_zone": ""}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "0 * * * *" in page_text(answer)
    assert set(answer.context["form"].errors) == {"cron_expression"}


def test_without_javascript_the_preview_is_the_whole_page_with_all_that_was_typed(
    by_ada: Client, run: Run, connection: Connection
) -> None:
    answer = by_ada.post(preview_url(run.project), typed(run, connection, name="typed so far"))
    text = answer.content.decode()
    assert "<html" in text
    assert 'value="typed so far"' in text
    assert "Every weekday at 03:00" in page_text(answer)
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("field", "refused", "offered"),
    [
        ("cron_expression", "@daily", "0 0 * * *"),
        ("cron_expression", "0 30 2 * * ?", "30 2 * * *"),
        ("cron_expression", "H 3 * * *", "17 3 * * *"),
        ("cron_expression", "0 22-2 * * *", "0 22-23,0-2 * * *"),
        ("time_zone", "Berlin", "Europe/Berlin"),
    ],
)
def test_what_means_the_same_is_offered_and_taken_by_a_press(
    by_ada: Client, run: Run, connection: Connection, field: str, refused: str, offered: str
) -> None:
    data = typed(run, connection, name="typed so far") | {field: refused}
    answer = by_ada.post(add_url(run.project), data)
    button = f'name="use-{field}" value="{offered}" formaction="{preview_url(run.project)}"'
    assert button in answer.content.decode()
    filled = by_ada.post(preview_url(run.project), data | {f"use-{field}": offered})
    form = filled.context["form"]
    assert (form[field].value(), form["name"].value(), dict(form.errors)) == (offered, "typed so far", {})
    assert f"use-{field}" not in filled.content.decode()


def test_without_an_equivalent_nothing_is_offered(by_ada: Client, run: Run, connection: Connection) -> None:
    answer = by_ada.post(add_url(run.project), typed(run, connection, cron_expression="0 0 L * *"))
    assert "use-cron_expression" not in answer.content.decode()


# One schedule


def test_the_page_tells_the_next_due_time_and_what_became_of_each(by_ada: Client, schedule: Schedule, run: Run) -> None:
    now = timezone.now()
    for hours, outcome in enumerate(Outcome, start=1):
        make_slot(
            schedule,
            now - timedelta(hours=hours),
            outcome,
            reason=f"Why {outcome}.",
            recorded_at=now,
            run=run if outcome == Outcome.FIRED else None,
        )
    text = page_text(by_ada.get(at("detail", schedule)))
    assert "every day at 02:30" in text
    assert "02:30 UTC" in text or "UTC (+00:00)" in text
    for outcome in Outcome:
        assert f"Why {outcome}." in text
    assert run.short_id in text
    only = page_text(by_ada.get(at("detail", schedule), {"outcome": "missed"}))
    assert "Why missed." in only
    assert "Why fired." not in only


def test_a_slot_whose_run_failed_says_why_in_one_line(by_ada: Client, schedule: Schedule, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state="FAILED", outcome="IndexError: list index out of range")
    now = timezone.now()
    make_slot(schedule, now, Outcome.FIRED, reason="Started on time.", run=run)
    html = by_ada.get(at("detail", schedule)).content.decode()
    told = "Failed: IndexError: list index out of range. Started on time."
    assert f'<span class="row-detail one-line" title="{told}">{told}</span>' in html


def test_the_list_of_slots_goes_back_and_forth_without_losing_a_slot(
    by_ada: Client, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schedules.pages.detail.SLOTS_PER_PAGE", 3)
    now = timezone.now()
    for number in range(8):
        make_slot(schedule, now - timedelta(hours=number), Outcome.SKIPPED, reason=f"slot{number}.", recorded_at=now)
    pages: list[list[str]] = []
    url: str | None = at("detail", schedule)
    while url:
        answer = by_ada.get(url)
        pages.append(re.findall(r"slot\d", page_text(answer)))
        url = neighbour(answer, "next")
    assert pages == [["slot0", "slot1", "slot2"], ["slot3", "slot4", "slot5"], ["slot6", "slot7"]]
    back = by_ada.get(neighbour(answer, "prev") or "")
    assert re.findall(r"slot\d", page_text(back)) == pages[1]
    assert re.findall(r"slot\d", page_text(by_ada.get(at("detail", schedule), {"page": "-nonsense"}))) == pages[0]


def test_a_schedule_that_this_version_cannot_read_any_more_still_has_a_page(by_ada: Client, schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(cron_expression="R R * * *", time_zone="Mars/Olympus")
    assert "R R * * *" in page_text(by_ada.get(at("detail", schedule)))
    assert by_ada.get(reverse("schedules:list", args=[schedule.project.slug])).status_code == 200
    assert "How often it was due during the pause cannot be computed." in page_text(by_ada.get(at("resume", schedule)))
    assert by_ada.get(at("edit", schedule)).status_code == 200
    assert by_ada.get(reverse("schedules:calendar", args=[schedule.project.slug])).status_code == 200


def test_pause_and_resume_ask_what_becomes_of_what_was_missed(by_ada: Client, schedule: Schedule) -> None:
    assert by_ada.post(at("pause", schedule))["Location"] == at("detail", schedule)
    asked = page_text(by_ada.get(at("resume", schedule)))
    assert "It was not due during the pause." in asked
    assert "Run none of them" not in asked
    past = timezone.now() - timedelta(days=3)
    Schedule.objects.filter(pk=schedule.pk).update(dealt_with_until=past)
    asked = page_text(by_ada.get(at("resume", schedule)))
    assert "During the pause it was due 3 times." in asked
    assert "Run all of them" not in asked, "its runs do not overlap"
    Schedule.objects.update(overlap=Overlap.ALLOW, missed_cap=7)
    assert "Run all of them, up to the latest 7" in page_text(by_ada.get(at("resume", schedule)))
    Schedule.objects.update(missed=CatchUp.ALL, missed_cap=1)
    assert "Run all of them" not in page_text(by_ada.get(at("resume", schedule)))
    assert "Run only the latest, at most 6 h late" in page_text(by_ada.get(at("detail", schedule)))
    assert by_ada.post(at("resume", schedule), {"catch_up": "nonsense"}).status_code == 422
    by_ada.post(at("resume", schedule), {"catch_up": "one"})
    schedule.refresh_from_db()
    assert schedule.is_enabled
    assert sorted(schedule.slots.values_list("outcome", flat=True)) == ["fired", "held", "held"]


def test_what_stands_in_the_way_of_resuming_is_said(by_ada: Client, schedule: Schedule) -> None:
    by_ada.post(at("pause", schedule))
    Schedule.objects.filter(pk=schedule.pk).update(connection=None)
    answer = by_ada.post(at("resume", schedule), {"catch_up": "skip"}, follow=True)
    assert "was not resumed. Its connection was deleted." in page_text(answer)
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PAUSED


def test_run_now_asks_first_and_leads_to_the_run_which_names_its_schedule(by_ada: Client, schedule: Schedule) -> None:
    assert "One more run starts now, billed to" in page_text(by_ada.get(at("run-now", schedule)))
    assert not schedule.slots.exists()
    answer = by_ada.post(at("run-now", schedule), follow=True)
    started = Run.objects.get(slot__schedule=schedule)
    assert answer.request["PATH_INFO"] == reverse("runs:detail", args=[schedule.project.slug, started.uuid])
    assert at("detail", schedule) in answer.content.decode()
    again = by_ada.post(at("run-now", schedule), follow=True)
    assert "runs of this schedule do not overlap. Cancel that run first" in page_text(again)


def test_run_now_sent_twice_is_one_run(by_ada: Client, schedule: Schedule) -> None:
    Schedule.objects.update(overlap=Overlap.ALLOW)
    form = hidden_fields(by_ada, at("run-now", schedule))
    first, again = (by_ada.post(at("run-now", schedule), form) for _ in range(2))
    assert first["Location"] == again["Location"]
    assert Run.objects.filter(slot__schedule=schedule).count() == 1
    by_ada.post(at("run-now", schedule), hidden_fields(by_ada, at("run-now", schedule)))
    assert Run.objects.filter(slot__schedule=schedule).count() == 2, "who opens the page again asks for another run"


def test_run_now_sent_twice_says_if_its_run_was_deleted_meanwhile(by_ada: Client, schedule: Schedule) -> None:
    form = hidden_fields(by_ada, at("run-now", schedule))
    by_ada.post(at("run-now", schedule), form)
    Run.objects.filter(slot__schedule=schedule).delete()
    again = by_ada.post(at("run-now", schedule), form, follow=True)
    assert "The run that this started was deleted. To start another run, press Run now again." in page_text(again)


def hidden_fields(client: Client, url: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', client.get(url).content.decode()))


def test_an_edited_schedule_keeps_what_was_not_changed(by_ada: Client, schedule: Schedule, run: Run) -> None:
    page = by_ada.get(at("edit", schedule))
    assert "The old rules still apply to due times that have already come." in page_text(page)
    data = {name: page.context["form"].value(name) for name in page.context["form"].fields}
    answer = by_ada.post(at("edit", schedule), data | {"cron_expression": "15 4 * * *"})
    assert answer["Location"] == at("detail", schedule)
    edited = Schedule.objects.get(pk=schedule.pk)
    assert edited.cron_expression == "15 4 * * *"
    assert (edited.run, edited.missed_grace, edited.overlap) == (run, schedule.missed_grace, schedule.overlap)


def test_who_saves_an_older_form_is_told_so(by_ada: Client, ada: User, schedule: Schedule) -> None:
    page = by_ada.get(at("edit", schedule))
    data = as_browser_posts(page)
    by_ada.post(at("edit", schedule), data | {"name": "first to save"})
    late = by_ada.post(at("edit", schedule), data | {"name": "too late"})
    assert late.status_code == 422
    assert "“first to save”. You entered “too late”" in said_at(late, "name")
    assert late.context["form"].value("name") == "too late"
    assert Schedule.objects.get(pk=schedule.pk).name == "first to save"


def test_an_older_form_takes_over_what_was_changed_elsewhere_and_keeps_what_was_typed(
    by_ada: Client, schedule: Schedule, run: Run
) -> None:
    data = as_browser_posts(by_ada.get(at("edit", schedule)))
    other = make_run(RunState.FINISHED, project=run.project, created_by=run.created_by)
    Schedule.objects.filter(pk=schedule.pk).update(cron_expression="15 4 * * 1", run=other)
    late = by_ada.post(at("edit", schedule), data | {"name": "typed", "most_runs_per_day": "7"})
    assert late.status_code == 422
    form = late.context["form"]
    assert (form.value("name"), form.value("most_runs_per_day")) == ("typed", "7")
    assert (form.value("cron_expression"), form.value("run")) == ("15 4 * * 1", str(other.uuid))
    # The fields beside the expression say the same.
    assert (form.value("repeat"), form.value("repeat_at"), form.value("repeat_of")) == ("week", "04:15", "15 4 * * 1")
    assert "“15 4 * * 1”, which the form has now" in said_at(late, "cron_expression")


def test_a_preview_of_an_older_form_neither_complains_nor_forgets_how_old_it_is(
    by_ada: Client, schedule: Schedule
) -> None:
    data = as_browser_posts(by_ada.get(at("edit", schedule)))
    Schedule.objects.filter(pk=schedule.pk).update(name="first to save")
    preview = by_ada.post(at("edit-preview", schedule), data | {"name": "typed"})
    assert "saved elsewhere" not in page_text(preview)
    late = by_ada.post(at("edit", schedule), as_browser_posts(preview))
    assert "“first to save”. You entered “typed”" in said_at(late, "name")


def test_a_maintainer_may_move_somebody_elses_times_but_not_what_it_runs(schedule: Schedule) -> None:
    maintainer = client_of(join(schedule.project, Role.MAINTAINER))
    page = maintainer.get(at("edit", schedule))
    assert "to-site-a" not in page.content.decode()
    data = {name: page.context["form"].value(name) for name in page.context["form"].fields}
    refused = maintainer.post(at("edit", schedule), data | {"compute_budget_account": "other"})
    assert refused.status_code == 422
    assert "connection of your own" in page_text(refused)
    assert maintainer.post(at("edit", schedule), data | {"cron_expression": "15 4 * * *"}).status_code == 302


def test_a_copy_is_paused_and_opens_for_editing(schedule: Schedule) -> None:
    other = join(schedule.project, Role.RESEARCHER)
    answer = client_of(other).post(at("duplicate", schedule), follow=True)
    copy = Schedule.objects.get(created_by=other)
    assert answer.request["PATH_INFO"] == at("edit", copy)
    assert copy.is_paused
    assert "It is paused: change what you want, then resume it." in page_text(answer)


def test_deleting_asks_first_and_leaves_the_runs(by_ada: Client, schedule: Schedule) -> None:
    by_ada.post(at("run-now", schedule))
    assert "Runs that it started are kept" in page_text(by_ada.get(at("delete", schedule)))
    assert Schedule.objects.filter(pk=schedule.pk).exists()
    by_ada.post(at("delete", schedule))
    assert not Schedule.objects.exists()
    assert Run.objects.filter(name="nightly").exists()


def test_of_another_project_a_schedule_is_not_found(by_ada: Client, ada: User, schedule: Schedule) -> None:
    other = make_project()
    join(other, Role.OWNER, ada)
    for name in ("detail", "edit", "resume", "delete"):
        assert by_ada.get(reverse(f"schedules:{name}", args=[other.slug, schedule.uuid])).status_code == 404
