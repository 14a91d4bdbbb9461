"""The token of a run's job on the page of the run: its beginning, its use, its end, and who may revoke it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import Project
from projects.roles import Role
from runs.models import Run, RunToken
from runs.states import RunState
from runs.tracking.run_tokens import GRACE, make_run_token, run_of_token
from tests.support import factories
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


def signed_in(project: Project, role: Role) -> Client:
    client = Client()
    client.force_login(factories.join(project, role))
    return client


def url(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def made(state: RunState, project: Project) -> tuple[Run, str]:
    run = factories.make_run(state, project=project)
    return run, make_run_token(run, now=timezone.now())


def shown(client: Client, run: Run) -> str:
    text = page_text(client.get(url("detail", run)))
    return text.partition("Run token")[2]


def test_members_see_its_beginning_and_its_use(project: Project) -> None:
    run, text = made(RunState.RUNNING, project)
    client = signed_in(project, Role.GUEST)

    assert f"{text[:-43]}… Since" in shown(client, run)
    assert "Last used never" in shown(client, run)
    assert shown(client, run).split()[0] == "Valid"
    assert "Revoke" not in shown(client, run)
    assert text not in client.get(url("detail", run)).content.decode()

    run_of_token(text, now=timezone.now())
    assert "Last used just now" in shown(client, run)


def test_a_run_that_was_not_sent_has_none(project: Project) -> None:
    assert shown(signed_in(project, Role.OWNER), factories.make_run(project=project)) == ""


def test_strangers_do_not_see_it() -> None:
    run, _ = made(RunState.RUNNING, factories.make_project(is_public=True))

    assert shown(Client(), run) == ""
    assert "Valid" in shown(signed_in(run.project, Role.GUEST), run)


def test_it_ends_with_the_run(project: Project) -> None:
    run, _ = made(RunState.FINISHED, project)
    client = signed_in(project, Role.OWNER)
    for ago, words in ((timedelta(minutes=1), "Valid"), (GRACE, "Ended with the run")):
        Run.objects.filter(pk=run.pk).update(ended_at=timezone.now() - ago)
        assert shown(client, run).startswith(f" {words}")
        assert "Until" in shown(client, run)


def test_who_may_cancel_the_run_revokes_it_after_a_question(project: Project) -> None:
    run, text = made(RunState.RUNNING, project)
    client = signed_in(project, Role.MAINTAINER)

    assert "Revoke" in shown(client, run)
    assert "Its job can no longer log to MLflow" in page_text(client.get(url("revoke-token", run)))
    assert run_of_token(text, now=timezone.now()) == run
    answer = client.post(url("revoke-token", run), follow=True)

    assert f"The token of {run.name} was revoked." in page_text(answer)
    assert run_of_token(text, now=timezone.now()) is None
    assert shown(client, run).startswith(" Revoked")
    assert "Revoke " not in shown(client, run)
    assert "revoked the run's token" in page_text(client.get(url("detail", run), {"tab": "events"}))


def test_revoking_what_is_not_there_says_so(project: Project) -> None:
    run = factories.make_run(project=project)

    answer = signed_in(project, Role.OWNER).post(url("revoke-token", run), follow=True)

    assert f"{run.name} has no token that could be revoked." in page_text(answer)
    assert not RunToken.objects.exists()
