"""What somebody else deleted between the look of a page and what its service does is no error of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from mantik.account_deletion.services import delete_account
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project, UserGroup
from projects.roles import Role
from projects.services import deletion, experiments, groups, members, projects
from tests.conftest import ClientOf
from tests.support.factories import join, make_experiment, make_group, make_project, make_user
from tests.support.moments import just_before
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

SETTINGS = {"name": "PV", "slug": "pv-yield", "summary": "", "description": "", "visibility": "private", "labels": ""}


def test_of_two_who_delete_a_project_the_second_is_told_the_same(
    client_of: ClientOf, owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = partial(deletion.delete_project, project=project, actor=owner)
    just_before(monkeypatch, deletion, "delete_project", delete)
    response = client_of(owner).post("/projects/pv-yield/settings/delete/", {"name": project.name}, follow=True)
    assert "PV yield was deleted." in page_text(response)
    assert AuditEvent.objects.filter(verb="project.deleted").count() == 1


def test_settings_of_a_project_that_is_gone_are_not_saved(
    client_of: ClientOf, owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = partial(deletion.delete_project, project=project, actor=owner)
    just_before(monkeypatch, projects, "edit_project", delete)
    response = client_of(owner).post("/projects/pv-yield/settings/", SETTINGS, follow=True)
    assert "The project PV yield was just deleted." in page_text(response)


def test_of_two_who_delete_an_experiment_the_second_is_told_the_same(
    client_of: ClientOf, owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = make_experiment(project=project, name="Baseline")
    delete = partial(experiments.delete_experiment, experiment=experiment, actor=owner, now=timezone.now())
    just_before(monkeypatch, experiments, "delete_experiment", delete)
    path = f"/projects/pv-yield/experiments/{experiment.uuid}/delete/"
    assert "Baseline was deleted." in page_text(client_of(owner).post(path, follow=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda project, owner, _: members.change_role(project=project, user=owner, role=Role.GUEST, actor=owner),
        lambda project, owner, _: members.remove_member(project=project, user=owner, actor=owner),
        lambda project, owner, _: members.hand_over(project=project, owner=owner, to=owner),
        lambda project, owner, group: members.add_group(project=project, group=group, role=Role.GUEST, actor=owner),
        lambda project, owner, group: members.remove_group(project=project, group=group, actor=owner),
    ],
    ids=["role", "remove", "hand over", "add group", "remove group"],
)
def test_members_of_a_project_that_is_gone_are_not_changed(
    project: Project, owner: User, change: Callable[[Project, User, UserGroup], None]
) -> None:
    group = make_group(owner)
    Project.objects.filter(pk=project.pk).delete()
    with pytest.raises(members.NotAMember, match=r"The project PV yield was just deleted\."):
        change(project, owner, group)


def test_a_group_is_not_given_a_role_in_a_project_that_is_gone(
    client_of: ClientOf, owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(owner)
    delete = partial(deletion.delete_project, project=project, actor=owner)
    just_before(monkeypatch, members, "add_group", delete)
    data = {"group": str(group.uuid), "role": Role.GUEST}
    response = client_of(owner).post("/projects/pv-yield/members/groups/add/", data)
    assert response.status_code == 422
    assert "The project PV yield was just deleted." in page_text(response)


def test_a_group_that_is_gone_is_given_no_role(
    client_of: ClientOf, owner: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(owner, name="Modellers")
    delete = partial(groups.delete_group, group=UserGroup.objects.get(), actor=owner)
    just_before(monkeypatch, members, "add_group", delete)
    data = {"group": str(group.uuid), "role": Role.GUEST}
    response = client_of(owner).post("/projects/pv-yield/members/groups/add/", data)
    assert response.status_code == 422
    assert "The group Modellers was just deleted." in page_text(response)


def test_a_group_that_is_gone_is_not_renamed(client_of: ClientOf, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    group = make_group(admin=owner, name="Modellers")
    delete = partial(groups.delete_group, group=UserGroup.objects.get(), actor=owner)
    just_before(monkeypatch, groups, "rename_group", delete)
    response = client_of(owner).post(f"/settings/groups/{group.uuid}/rename/", {"name": "Others"})
    assert response.status_code == 422
    assert "The group Modellers was just deleted." in page_text(response)


def test_an_account_is_deleted_although_a_project_goes_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    user, project = make_user("leaver"), make_project()
    join(project, Role.GUEST, user)
    delete = partial(deletion.delete_project, project=project, actor=user)
    just_before(monkeypatch, members, "remove_member", delete)
    delete_account(user=user, now=timezone.now())
    user.refresh_from_db()
    assert user.deleted_at
