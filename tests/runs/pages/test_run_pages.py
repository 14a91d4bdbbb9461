"""The pages of runs: lists, one run, its log, and what may be done with it."""

from __future__ import annotations

import json
import random
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.visits.places import Purpose, visiting
from mantik.accounts.models import User
from projects.models import Project
from projects.roles import Role
from runs.following.callback import notification_url
from runs.following.log_ranges import CHUNK
from runs.models import Run
from runs.states import RunState
from tests.support import factories
from tests.support.pages import neighbour

pytestmark = pytest.mark.django_db


def signed_in(project: Project, role: Role | None) -> Client:
    user = factories.join(project, role) if role else factories.make_user()
    client = Client()
    client.force_login(user)
    return client


def url(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def page(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


# Lists


def test_the_list_says_of_each_run_what_matters(project: Project) -> None:
    factories.make_run(RunState.QUEUED, project=project, name="waits", waiting_for="The queue is long.")
    factories.make_run(RunState.FAILED, project=project, name="broke", outcome="The job ended with exit code 3.")
    factories.make_run(RunState.FINISHED, project=project, name="done")

    shown = page(signed_in(project, Role.GUEST), reverse("runs:list", args=[project.slug]))

    for words in ("waits", "The queue is long.", "broke", "The job ended with exit code 3.", "done", "Finished"):
        assert words in shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "active"}, {"queued"}),
        ({"state": "failed"}, {"failed", "lost"}),
        ({"state": "finished"}, {"finished"}),
        ({"q": "fini"}, {"finished"}),
        ({"q": "a41f9c2"}, {"queued", "failed", "lost", "finished"}),
        ({"state": "nonsense"}, {"queued", "failed", "lost", "finished"}),
        ({"page": "nonsense"}, {"queued", "failed", "lost", "finished"}),
    ],
)
def test_the_list_is_filtered_by_its_address(project: Project, query: dict[str, str], expected: set[str]) -> None:
    names = {"queued", "failed", "lost", "finished"}
    for name in names:
        factories.make_run(RunState(name.upper()), project=project, name=f"run {name}")

    shown = page(signed_in(project, Role.GUEST), reverse("runs:list", args=[project.slug]), **query)

    assert {name for name in names if f"run {name}" in shown} == expected


def test_pages_of_the_list_follow_each_other_without_gap_or_overlap(project: Project) -> None:
    factories.make_run(project=project)
    template = Run.objects.get()
    for number in range(120):
        template.pk = None
        template.uuid = uuid.uuid4()
        template.submission_tag = f"mantik-{template.uuid}"
        template.name = f"number {number:03}."
        template.save()
    client = signed_in(project, Role.GUEST)
    address: str | None = reverse("runs:list", args=[project.slug])
    seen: list[str] = []

    while address:
        answer = client.get(address)
        seen += [row.name for row in answer.context["rows"]]
        address = neighbour(answer, "next")

    assert len(seen) == len(set(seen)) == 121
    assert seen[0] == "number 119."


@pytest.mark.parametrize("name", ["runs:list", "runs:submissions"])
def test_a_list_takes_the_same_queries_however_many_runs_there_are(
    project: Project, name: str, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(project, Role.OWNER)
    address = reverse(name, args=[project.slug])
    for _ in range(3):
        factories.make_run(RunState.FAILED, project=project)
    with django_assert_max_num_queries(15) as few:
        client.get(address)
    for _ in range(40):
        factories.make_run(RunState.RUNNING, project=project)

    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address)


def test_submissions_tell_of_the_handing_over(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project, attempts=3)

    shown = page(signed_in(project, Role.GUEST), reverse("runs:submissions", args=[project.slug]))

    assert run.batch_system_id in shown
    assert "3" in shown
    assert reverse("runs:new", args=[project.slug]) not in shown


def test_only_who_may_run_sees_the_button_for_it(project: Project) -> None:
    address = reverse("runs:submissions", args=[project.slug])

    assert "ADD" in page(signed_in(project, Role.RESEARCHER), address)
    assert reverse("runs:new", args=[project.slug]) not in page(signed_in(project, Role.REPORTER), address)


# One run


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("tab", ["overview", "log", "configuration", "events"])
def test_a_run_has_a_page_in_every_state(project: Project, state: RunState, tab: str) -> None:
    run = factories.make_run(state, project=project)
    factories.add_event(run, "A worker has started to submit the run.")

    shown = page(signed_in(project, Role.OWNER), url("detail", run), tab=tab)

    assert run.name in shown
    assert state.label in shown


def test_a_failed_run_says_why_and_where_and_folds_the_sites_words(project: Project) -> None:
    words = "User application exited with non-zero exit code: <1>. See 'scratch/1/'."
    run = factories.make_run(
        RunState.FAILED, project=project, outcome="IndexError: list index", outcome_line=1204, site_message=words
    )

    shown = page(signed_in(project, Role.GUEST), url("detail", run))

    assert '<p class="failure-reason" role="status">IndexError: list index</p>' in shown
    assert f'Exit code 1 · <a href="{url("detail", run)}?tab=log#log-title">line 1,204 of the log</a>' in shown
    assert "<details" in shown.partition(words)[0].rpartition("</p>")[2]
    assert shown.count(words) == 1
    assert about(signed_in(project, Role.GUEST).get(url("log", run)))["reason"] == 1204


def test_what_a_site_said_is_not_shown_twice(project: Project) -> None:
    """Runs of earlier versions have the site's words in their sentence."""
    words = "Processing failed: x.ExecutionException: Resource request <Project=a> is out of range."
    run = factories.make_run(
        RunState.FAILED, project=project, outcome=f"Site A refused what the run asks for: {words}", site_message=words
    )

    shown = page(signed_in(project, Role.GUEST), url("detail", run))

    assert shown.count(words) == 1
    assert "<details" not in shown.partition("</section>")[0].rpartition("failure")[2]


def test_an_exit_code_is_not_said_twice(project: Project) -> None:
    run = factories.make_run(RunState.FAILED, project=project, outcome="Exit code 1. Last line: bye", outcome_line=3)
    shown = page(signed_in(project, Role.GUEST), url("live", run))
    assert '<p class="failure-note"><a href=' in shown


@pytest.mark.parametrize("name", ["runs:list", "runs:submissions", "projects:overview"])
def test_rows_say_why_in_one_line_and_all_of_it_as_a_title(project: Project, name: str) -> None:
    outcome = f"JUWELS does not know the compute budget account {'x' * 200}; it allows demo and other."
    # The site had it, and did not take it.
    factories.make_run(RunState.FAILED, project=project, outcome=outcome, running_at=None, batch_system_id="")

    shown = page(signed_in(project, Role.GUEST), reverse(name, args=[project.slug]))

    assert f'<span class="row-detail one-line" title="{outcome}">{outcome}</span>' in shown


@pytest.mark.parametrize("name", ["runs:list", "runs:submissions", "projects:overview"])
def test_lists_ask_again_until_the_log_has_said_why(project: Project, name: str) -> None:
    run = factories.make_run(RunState.FAILED, project=project, log_complete=False, ended_at=timezone.now())
    client, address = signed_in(project, Role.GUEST), reverse(name, args=[project.slug])

    assert "every 5s" in page(client, address)
    assert "every 2s" in page(client, url("live", run))
    Run.objects.filter(pk=run.pk).update(log_complete=True)
    assert "every 5s" not in page(client, address)
    assert "every 2s" not in page(client, url("live", run))


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.LOST])
def test_what_is_over_uses_nothing_so_far(project: Project, state: RunState) -> None:
    used = {"core_hours": None, "cpus": 4, "runtime_limit": timedelta(minutes=5)}
    run = factories.make_run(state, project=project, running_at=timezone.now() - timedelta(minutes=9), **used)
    shown = page(signed_in(project, Role.GUEST), url("live", run))
    assert "core-hours, estimated by Mantik" in shown
    assert "so far" not in shown


def test_a_waiting_run_says_for_what_and_since_when(project: Project) -> None:
    since = timezone.now() - timedelta(minutes=5)
    run = factories.make_run(
        RunState.SUBMITTING, project=project, waiting_for="JUWELS takes no jobs. It says: down.", waiting_since=since
    )

    shown = page(signed_in(project, Role.GUEST), url("detail", run))

    assert "JUWELS takes no jobs. It says: down." in shown
    assert "5 min ago" in shown


@pytest.mark.parametrize(
    ("state", "columns", "words"),
    [
        (RunState.PENDING, {}, "Mantik has not started work on this run yet."),
        (RunState.SUBMITTING, {"attempts": 2}, "Mantik stopped working on this run and has not continued."),
        (RunState.RUNNING, {"site_name": "JUWELS"}, "Mantik has not asked JUWELS about the job for a while."),
    ],
)
def test_a_run_that_nobody_attends_to_says_so_and_who_can_help(
    project: Project, state: RunState, columns: dict[str, Any], words: str
) -> None:
    long_ago = timezone.now() - timedelta(minutes=10)
    due = {"next_poll_at": long_ago} if state is RunState.RUNNING else {"next_attempt_at": long_ago}
    run = factories.make_run(state, project=project, **due, **columns)
    client = signed_in(project, Role.GUEST)

    for address in (url("live", run), reverse("runs:list", args=[project.slug])):
        shown = page(client, address)
        assert words in shown
        assert "ask an operator whether all processes of Mantik (workers and beat) are running" in shown


def test_a_run_that_a_worker_has_in_hand_is_not_unattended(project: Project) -> None:
    now = timezone.now()
    due = {"next_attempt_at": now - timedelta(minutes=10), "lease_until": now + timedelta(minutes=1)}
    run = factories.make_run(RunState.SUBMITTING, project=project, **due)

    assert "No worker" not in page(signed_in(project, Role.GUEST), url("live", run))


@pytest.mark.parametrize("full", ["max_processes", "max_processes_per_connection"])
def test_a_run_that_waits_for_its_turn_says_so_and_sends_nobody_to_an_operator(project: Project, full: str) -> None:
    now = timezone.now()
    run = factories.make_run(project=project, next_attempt_at=now - timedelta(minutes=10))
    assert run.connection
    assert run.connection.site
    setattr(run.connection.site, full, 1)
    run.connection.site.save()
    client = signed_in(project, Role.GUEST)

    with visiting(run.connection, purpose=Purpose.SUBMIT, longest=timedelta(minutes=1), clock=lambda: now) as has_place:
        assert has_place
        for address in (url("live", run), reverse("runs:list", args=[project.slug])):
            shown = page(client, address)
            assert f"Mantik is busy with other runs at {run.site_name}." in shown
            assert "No worker" not in shown
    assert "Mantik has not started work on this run yet." in page(client, url("live", run))


def test_live_parts_ask_again_only_while_the_run_is_active(project: Project) -> None:
    client = signed_in(project, Role.GUEST)

    assert "every 2s" in page(client, url("live", factories.make_run(RunState.RUNNING, project=project)))
    assert "every 2s" not in page(client, url("live", factories.make_run(RunState.FINISHED, project=project)))


def test_somebody_who_looks_has_the_site_asked_more_often(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project, next_poll_at=timezone.now() + timedelta(minutes=3))

    page(signed_in(project, Role.GUEST), url("detail", run))

    run.refresh_from_db()
    assert run.watched_until is not None
    assert run.next_poll_at is not None
    assert run.next_poll_at <= timezone.now()


def test_the_log_comes_in_parts_that_never_cut_a_character(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project)
    text = "grün → ✓\n" * 40_000
    content = text.encode()
    for start in range(0, len(content), 100_001):
        run.log_chunks.create(offset=start, content=content[start : start + 100_001])
    Run.objects.filter(pk=run.pk).update(log_size=len(content))
    client = signed_in(project, Role.GUEST)
    got, offset = "", 0

    while offset < len(content):
        answer = client.get(url("log", run), {"offset": offset})
        part = about(answer)
        assert part["next"] > offset
        got, offset = got + answer.content.decode(), part["next"]

    assert got == text
    assert part["following"] is True
    assert b"".join(client.get(url("raw-log", run)).streaming_content) == content  # type: ignore[attr-defined]


def about(answer: Any) -> dict[str, Any]:
    """What the answer says of its part of the log."""
    found: dict[str, Any] = json.loads(answer["Mantik-Log"])
    return found


@pytest.mark.parametrize("kind", ["noise", "escapes", "text"])
def test_a_part_of_the_log_travels_in_little_more_than_its_bytes(project: Project, kind: str) -> None:
    run = factories.make_run(RunState.RUNNING, project=project)
    content = {
        "noise": random.Random(5).randbytes(CHUNK),
        "escapes": b"\x00\x1b\x01\x02" * (CHUNK // 4),
        "text": b"epoch 17: loss 0.0312\n" * (CHUNK // 22),
    }[kind]
    run.log_chunks.create(offset=0, content=content)
    Run.objects.filter(pk=run.pk).update(log_size=len(content))
    client = signed_in(project, Role.GUEST)

    for encoding in ("", "gzip"):
        answer = client.get(url("log", run), headers={"Accept-Encoding": encoding})
        size = len(answer.content) + sum(len(f"{name}: {value}\r\n") for name, value in answer.items())
        assert size <= 1.2 * about(answer)["next"]
        assert answer.get("Content-Encoding", "") == (encoding if kind != "noise" else "")
        assert answer["X-Content-Type-Options"] == "nosniff"
    if kind == "text":
        assert size < len(content) / 20


def test_the_line_in_the_middle_of_a_log_is_part_of_it(project: Project) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, log_truncated=True)
    for offset in (0, 90):
        run.log_chunks.create(offset=offset, content=b"123456789\n")
    Run.objects.filter(pk=run.pk).update(log_size=10, log_tail_from=90, log_tail_to=100)
    client = signed_in(project, Role.GUEST)
    answer = client.get(url("log", run), {"offset": 10})
    assert (about(answer)["offset"], about(answer)["next"], about(answer)["complete"]) == (10, 90, False)
    assert (about(answer)["gap"], about(answer)["kept"]) == ("left out", 20)
    whole = b"".join(client.get(url("raw-log", run)).streaming_content)  # type: ignore[attr-defined]
    assert whole == b"123456789\n" + answer.content + b"123456789\n"
    assert answer.content.startswith(b"[mantik] 80 bytes")


def test_a_log_that_is_still_being_fetched_says_so(project: Project) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, log_complete=False, ended_at=timezone.now())
    client = signed_in(project, Role.GUEST)
    assert about(client.get(url("log", run)))["remark"] == "The log is still being fetched."
    assert "The log is still being fetched." in page(client, url("detail", run))
    Run.objects.filter(pk=run.pk).update(log_complete=True)
    assert about(client.get(url("log", run)))["remark"] == ""


def test_who_looks_has_the_rest_of_a_log_fetched_now_once(project: Project) -> None:
    """After failures the next try may be minutes off."""
    later = timezone.now() + timedelta(minutes=12)
    resting = {"log_complete": False, "poll_failures": 7, "next_poll_at": later}
    run = factories.make_run(RunState.FAILED, project=project, ended_at=timezone.now(), **resting)
    client = signed_in(project, Role.GUEST)
    page(client, url("detail", run))
    run.refresh_from_db()
    assert run.next_poll_at
    assert run.next_poll_at <= timezone.now()
    Run.objects.filter(pk=run.pk).update(next_poll_at=later)
    client.get(url("log", run))
    run.refresh_from_db()
    assert run.next_poll_at == later


def test_who_looks_does_not_double_the_work_on_a_log_that_comes_in(project: Project) -> None:
    soon = timezone.now() + timedelta(seconds=30)
    coming = {"log_complete": False, "poll_failures": 0, "next_poll_at": soon}
    run = factories.make_run(RunState.FAILED, project=project, ended_at=timezone.now(), **coming)
    page(signed_in(project, Role.GUEST), url("detail", run))
    run.refresh_from_db()
    assert run.next_poll_at == soon


def test_a_log_offset_that_is_no_number_is_refused_in_words(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project)

    answer = signed_in(project, Role.GUEST).get(url("log", run), {"offset": "x"})

    assert answer.status_code == 400
    assert "number of a byte" in answer.json()["problem"]


# Who may do what


@pytest.mark.parametrize(
    ("role", "own", "status"),
    [
        (Role.GUEST, False, 403),
        (Role.REPORTER, False, 403),
        (Role.RESEARCHER, False, 403),
        (Role.RESEARCHER, True, 302),
        (Role.MAINTAINER, False, 302),
        (Role.OWNER, False, 302),
        (None, False, 404),
    ],
)
@pytest.mark.parametrize("name", ["cancel", "delete", "revoke-token"])
def test_who_may_cancel_and_delete(project: Project, name: str, role: Role | None, own: bool, status: int) -> None:
    client = signed_in(project, role)
    user = client.session["_auth_user_id"]
    state = RunState.FINISHED if name == "delete" else RunState.RUNNING
    columns = {"created_by": User.objects.get(pk=user)} if own else {}
    run = factories.make_run(state, project=project, **columns)

    assert client.post(url(name, run)).status_code == status


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RunState.PENDING, "If the site already has the job of this run, Mantik deletes it there."),
        (RunState.RUNNING, "Mantik asks the site to abort the job."),
    ],
)
def test_who_cancels_reads_what_becomes_of_the_job(project: Project, state: RunState, words: str) -> None:
    run = factories.make_run(state, project=project)
    assert words in page(signed_in(project, Role.MAINTAINER), url("cancel", run))


def test_cancelling_is_a_wish_with_a_name(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project)
    client = signed_in(project, Role.MAINTAINER)

    client.post(url("cancel", run))

    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    assert run.cancel_requested_at is not None
    assert "asked to cancel the run." in page(client, url("detail", run), tab="events")


def test_events_that_are_not_listed_are_counted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    run = factories.make_run(project=project)
    for number in range(3):
        factories.add_event(run, f"Event {number}.")
    client = signed_in(project, Role.GUEST)
    assert "not listed" not in page(client, url("detail", run), tab="events")
    monkeypatch.setattr("runs.pages.run_page.MOST_EVENTS", 1)

    shown = page(client, url("detail", run), tab="events")

    assert "Event 2." in shown
    assert "Event 1." not in shown
    assert "2 older events are not listed." in shown


def test_cancelling_a_run_that_is_over_says_so(project: Project) -> None:
    run = factories.make_run(RunState.FINISHED, project=project)

    answer = signed_in(project, Role.OWNER).post(url("cancel", run), follow=True)

    assert "It cannot be cancelled" in answer.content.decode()


def test_deleting_asks_first_and_names_what_goes_with_it(project: Project) -> None:
    run = factories.make_run(RunState.FINISHED, project=project, name="nightly")
    client = signed_in(project, Role.OWNER)

    question = page(client, url("delete", run))
    assert "Delete nightly?" in question
    assert "its log and its events" in question
    assert "Its metrics and artifacts stay in MLflow. The files of its job stay at" in question
    assert Run.objects.exists()

    client.post(url("delete", run))
    assert not Run.objects.exists()


def test_an_active_run_is_not_deleted(project: Project) -> None:
    run = factories.make_run(RunState.RUNNING, project=project)

    answer = signed_in(project, Role.OWNER).post(url("delete", run), follow=True)

    assert "Only a run that has ended can be deleted" in answer.content.decode()
    assert Run.objects.exists()


def test_a_run_is_found_in_its_own_project_only(project: Project) -> None:
    run = factories.make_run(project=factories.make_project())

    answer = signed_in(project, Role.OWNER).get(reverse("runs:detail", args=[project.slug, run.uuid]))

    assert answer.status_code == 404


def test_a_public_project_shows_its_runs_to_everybody_and_lets_nobody_in() -> None:
    run = factories.make_run(RunState.RUNNING, project=factories.make_project(is_public=True))

    assert Client().get(url("detail", run)).status_code == 200
    assert Client().post(url("cancel", run)).status_code == 302
    run.refresh_from_db()
    assert run.cancel_requested_at is None


# Notifications of sites


def test_a_notification_makes_the_run_due(project: Project) -> None:
    run = factories.make_run(RunState.QUEUED, project=project, next_poll_at=timezone.now() + timedelta(minutes=5))
    address = notification_url(run.uuid)

    answer = Client().post(address[address.index("/notify") :], b"{}", content_type="application/json")

    run.refresh_from_db()
    assert answer.status_code == 204
    assert run.next_poll_at is not None
    assert run.next_poll_at <= timezone.now()


def test_a_notification_with_another_runs_token_does_not_exist(project: Project) -> None:
    run, other = (factories.make_run(RunState.QUEUED, project=project) for _ in range(2))
    token = notification_url(other.uuid).rstrip("/").rpartition("/")[2]

    assert Client().post(reverse("notify", args=[run.uuid, token])).status_code == 404
