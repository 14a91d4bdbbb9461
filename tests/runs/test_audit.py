"""What members do with runs is on record."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from tests.conftest import ClientOf
from tests.runs.planning.test_new_run import post
from tests.support.factories import make_run
from tests.support.world import World

pytestmark = pytest.mark.django_db


def test_pressing_run_is_on_record_with_what_is_asked_of_whom(member: Client, world: World) -> None:
    post(member, world)

    run, event = Run.objects.get(), AuditEvent.objects.get(verb="run.added")
    assert (event.actor, event.target_uuid, event.project_uuid) == (world.user, run.uuid, world.project.uuid)
    assert event.after["commit"] == run.commit_sha
    assert event.after["compute budget account"] == "demo"


def test_a_form_that_is_wrong_is_not(member: Client, world: World) -> None:
    post(member, world, branch="nowhere")

    assert not AuditEvent.objects.filter(verb="run.added").exists()


def test_cancelling_is_on_record_once(client_of: ClientOf, project: Project, maintainer: User) -> None:
    run = make_run(RunState.RUNNING, project=project)
    url = reverse("runs:cancel", args=[project.slug, run.uuid])

    for _ in range(2):
        client_of(maintainer).post(url)

    assert [(event.verb, event.actor) for event in AuditEvent.objects.all()] == [("run.cancelled", maintainer)]


def test_what_is_known_of_a_deleted_run_is_who_deleted_it(
    client_of: ClientOf, project: Project, maintainer: User
) -> None:
    run = make_run(RunState.FINISHED, project=project)

    client_of(maintainer).post(reverse("runs:delete", args=[project.slug, run.uuid]))

    event = AuditEvent.objects.get()
    assert not Run.objects.exists()
    assert (event.words, event.actor_name) == (f"deleted the run {run.name}", "maria")
    assert event.before == {"state": "FINISHED", "created by": run.created_by.username}
