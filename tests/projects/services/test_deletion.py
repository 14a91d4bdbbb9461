"""The end of a project."""

from __future__ import annotations

import pytest

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import CodeRepository, Experiment, FormerAddress, Invitation, Membership, Project
from projects.roles import Role
from runs.models import Run, RunEvent, RunLogChunk
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import (
    add_event,
    append_log,
    join,
    join_by_group,
    make_former_address,
    make_invitation,
    make_project,
    make_run,
    make_user,
)
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

DELETE = "/projects/pv-yield/settings/delete/"


def fill(project: Project, state: RunState) -> Run:
    run = make_run(state, project=project)
    add_event(run, "It began.")
    append_log(run, "hello\n")
    return run


def test_a_project_goes_with_all_that_mantik_keeps_of_it(
    client_of: ClientOf, project: Project, owner: User, outsider: User
) -> None:
    for state in (RunState.FINISHED, RunState.FAILED, RunState.LOST):
        fill(project, state)
    make_invitation(project=project, user=make_user())
    make_former_address(project, "pv")
    member = join_by_group(project, Role.GUEST)
    kept = fill(make_project(), RunState.FINISHED)
    client = client_of(owner)
    page = page_text(client.get(DELETE))
    assert "Metrics, artifacts and models stay in MLflow" in page
    text = page_text(client.post(DELETE, {"name": "PV yield"}, follow=True))
    assert "PV yield was deleted." in text
    for model in (Project, Experiment, CodeRepository, Run, RunEvent, RunLogChunk):
        assert model._default_manager.count() == 1, model
    assert Run.objects.get() == kept
    assert not FormerAddress.objects.exists()
    assert not Invitation.objects.exists()
    assert Membership.objects.filter(user=owner).count() == 0
    assert User.objects.filter(pk=member.pk).exists()
    event = AuditEvent.objects.get(verb="project.deleted")
    assert (event.actor, event.target_name) == (owner, "PV yield")
    assert event.before == {"name": "PV yield", "address": "pv-yield"}
    response = client_of(outsider).post("/projects/add/", {"name": "New", "slug": "pv-yield"})
    assert response.status_code == 302


@pytest.mark.parametrize("state", [RunState.PENDING, RunState.QUEUED, RunState.RUNNING])
def test_while_a_run_is_active_the_project_stays(
    client_of: ClientOf, project: Project, owner: User, state: RunState
) -> None:
    fill(project, state)
    response = client_of(owner).post(DELETE, {"name": "PV yield"})
    assert response.status_code == 422
    assert "PV yield has 1 active run. Cancel or end what is active, unregister what" in page_text(response)
    assert Run.objects.count() == RunEvent.objects.count() == 1


@pytest.mark.parametrize("name", ["", "pv yield", "PV"])
def test_only_the_right_name_means_it(client_of: ClientOf, project: Project, owner: User, name: str) -> None:
    response = client_of(owner).post(DELETE, {"name": name})
    assert response.status_code == 422
    assert Project.objects.filter(pk=project.pk).exists()


def test_only_owners_are_shown_the_way_there(client_of: ClientOf, owner: User, maintainer: User) -> None:
    settings = "/projects/pv-yield/settings/"
    assert f'href="{DELETE}"' in client_of(owner).get(settings).content.decode()
    assert f'href="{DELETE}"' not in client_of(maintainer).get(settings).content.decode()
    assert client_of(maintainer).post(DELETE, {"name": "PV yield"}).status_code == 403


def test_a_project_with_many_runs_is_emptied_in_batches(
    monkeypatch: pytest.MonkeyPatch, client_of: ClientOf, project: Project, owner: User
) -> None:
    monkeypatch.setattr("runs.dependents.projects.RUNS_PER_DELETE", 2)
    member = join(project)
    for _ in range(5):
        make_run(RunState.FINISHED, project=project, created_by=member)
    assert client_of(owner).post(DELETE, {"name": "PV yield"}).status_code == 302
    assert not Run.objects.exists()
