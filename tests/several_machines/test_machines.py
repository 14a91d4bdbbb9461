"""Two machines with web server, worker and beat each, which share nothing but database, broker and MLflow.

What is done on one is seen on the other; when one is switched off, the other takes up what it had in hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.logins.site_clients import open_connection
from runs.models import Run
from runs.states import BEFORE_START, RunState
from schedules.models import Slot
from tests.exactly_once.conftest import come_of
from tests.runs.planning.test_new_run import filled_in
from tests.several_machines.machines import Machine
from tests.support.factories import make_schedule
from tests.support.pages import page_text
from tests.support.proofs import Proved, trials
from tests.support.schedules import make_many
from tests.support.waiting import wait_until
from tests.support.world import World

RUNS = trials(4, 40)
DUE = trials(2, 20)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.any_database,
    pytest.mark.timeout(300 + 10 * (RUNS + DUE)),
]


class Browser:
    """Of the world's member, at one machine."""

    def __init__(self, machine: Machine, world: World, cookies: Mapping[str, str]) -> None:
        self._http = machine.visitor(cookies)
        self._world = world
        self._slug = world.project.slug

    def get(self, name: str, /, *arguments: Any) -> httpx.Response:
        answer = self._http.get(reverse(name, args=[self._slug, *arguments]))
        assert answer.status_code == 200, (name, answer.status_code)
        return answer

    def post(self, name: str, /, *arguments: Any, **fields: Any) -> httpx.Response:
        token = {"csrfmiddlewaretoken": self._http.cookies[settings.CSRF_COOKIE_NAME]}
        return self._http.post(reverse(name, args=[self._slug, *arguments]), data=fields | token)

    def branches(self) -> tuple[list[str], list[str]]:
        """As the page of the code shows them: names and commits."""
        page = self.get("projects:code-detail", self._world.code.uuid).text
        names = re.findall(r'<th scope="row" class="col-main"><span class="mono">([^<]*)<', page)
        return names, re.findall(r"\b[0-9a-f]{40}\b", page)

    def preview(self, **fields: Any) -> str:
        answer = self.post("runs:new-preview", **self._filled_in(**fields))
        assert answer.status_code == 200
        return page_text(answer).partition("What will run")[2]

    def run(self, **fields: Any) -> Run:
        """Presses RUN!."""
        answer = self.post("runs:new", **self._filled_in(**fields))
        assert answer.status_code == 302, page_text(answer)
        return Run.objects.get(uuid=answer.headers["Location"].rstrip("/").rpartition("/")[2])

    def _filled_in(self, **fields: Any) -> dict[str, Any]:
        usual = {"param-marks": str(self._world.marks), "param-seconds": "0.5"}
        return filled_in(self._world, **usual | fields)


@pytest.fixture
def browsers(machines: list[Machine], world: World) -> list[Browser]:
    """One at each machine, with the same session."""
    client = Client()
    client.force_login(world.user)
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    made = [Browser(machine, world, cookies) for machine in machines]
    for browser in made:
        # The form sets the cookie against forged posts.
        browser.get("runs:new")
    return made


def are_over(runs: Any) -> bool:
    return all(run.is_terminal and run.next_poll_at is None for run in runs.all())


def test_pages_agree_and_nothing_is_lost_or_doubled_although_one_is_switched_off(
    machines: list[Machine], browsers: list[Browser], world: World, proved: Proved
) -> None:
    here, there = browsers
    # Pushed after the form was opened, fetched by either of them, shown by both.
    world.repository.write("notes.txt", "A branch.\n")
    pushed = world.repository.commit("Topic", branch="topic")
    here.post("projects:code-refresh", world.code.uuid)
    wait_until(lambda: pushed in there.branches()[1], seconds=60)
    assert here.branches() == there.branches()
    assert sorted(here.branches()[0]) == ["main", "topic"]
    shown = [browser.preview(branch="topic", name="alike") for browser in browsers]
    assert "3 files" in shown[0]
    assert shown[0] == shown[1]

    first = here.run(branch="topic", name="first")
    assert "first" in page_text(there.get("runs:detail", first.uuid))
    wait_until(lambda: are_over(Run.objects), seconds=90)

    # Both beats start what is due now, both workers send it, and one of the machines goes.
    due = timezone.now().replace(second=0, microsecond=0)
    yesterday = timezone.now() - timedelta(days=1)
    template = make_schedule(run=Run.objects.get(), now=yesterday, cron_expression="0 0 1 1 *")
    keys = make_many(template, DUE, due=lambda _: (f"{due.minute} {due.hour} * * *", due))
    for number in range(RUNS):
        browsers[number % 2].run(branch="topic", name=f"run {number}")
    wait_until(lambda: Run.objects.exclude(state__in=BEFORE_START).count() > 1, seconds=60)
    machines[0].switch_off()

    late = there.run(branch="topic", name="late")
    wait_until(lambda: Slot.objects.filter(schedule__in=keys).count() == DUE, seconds=60)
    wait_until(lambda: are_over(Run.objects), seconds=120)
    proved(switched_off=1, due_times=DUE, **come_of(world, Run.objects.all()))
    assert "Finished" in page_text(there.get("runs:detail", late.uuid))
    assert Run.objects.count() == 1 + RUNS + DUE + 1
    site = open_connection(world.connection)
    for run in Run.objects.all():
        assert (run.state, run.commit_sha) == (RunState.FINISHED, pushed), run.outcome
        assert world.starts_of(run) == 1
        assert len(site.find_jobs(run.submission_tag)) == 1
