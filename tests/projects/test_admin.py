"""What operators change of projects: owners are not lost by it, and it leaves events."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import GroupMember, GroupMembership, Label, Membership, Project, RetiredExperiment
from projects.roles import Role
from tests.conftest import ClientOf
from tests.support.factories import (
    join,
    make_experiment,
    make_former_address,
    make_group,
    make_invitation,
    make_label,
    make_project,
    make_user,
)
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_of: ClientOf, operator: User) -> Client:
    return client_of(operator)


def admin_url(model: type[Any], page: str, *args: Any) -> str:
    return reverse(f"admin:projects_{model._meta.model_name}_{page}", args=args)


def inline(prefix: str, rows: list[dict[str, Any]], *, stored: int) -> dict[str, str]:
    """A posted formset."""
    form = {f"{prefix}-TOTAL_FORMS": str(len(rows)), f"{prefix}-INITIAL_FORMS": str(stored)}
    for number, row in enumerate(rows):
        form |= {f"{prefix}-{number}-{name}": str(value) for name, value in row.items()}
    return form


def project_form(project: Project, memberships: list[dict[str, Any]], **columns: str) -> dict[str, str]:
    stored = sum("id" in row for row in memberships)
    given = [{"id": one.pk, "project": project.pk, "group": one.group_id, "role": one.role} for one in _given(project)]
    return {
        "name": project.name,
        "summary": project.summary,
        **inline("memberships", memberships, stored=stored),
        **inline("group_memberships", given, stored=len(given)),
        **columns,
    }


def _given(project: Project) -> list[GroupMembership]:
    return list(project.group_memberships.all())


def row_of(membership: Membership, **changes: Any) -> dict[str, Any]:
    row = {"id": membership.pk, "project": membership.project_id, "user": membership.user_id, "role": membership.role}
    return row | changes


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize("changes", [{"role": "guest"}, {"DELETE": "on"}])
def test_the_last_owner_is_not_removed_by_an_operator(
    client: Client, project: Project, owner: User, researcher: User, changes: dict[str, str]
) -> None:
    first, second = project.memberships.order_by("pk")
    form = project_form(project, [row_of(first, **changes), row_of(second)])
    response = client.post(admin_url(Project, "change", project.pk), form)
    assert response.status_code == 200
    assert "A project always needs an owner whose account is active." in page_text(response)
    assert project.memberships.owners().get().user == owner
    assert verbs() == []


def test_an_operator_hands_a_project_to_somebody_else(
    client: Client, operator: User, project: Project, owner: User, researcher: User
) -> None:
    first, second = project.memberships.order_by("pk")
    form = project_form(project, [row_of(first, DELETE="on"), row_of(second, role="owner")], name="PV")
    assert client.post(admin_url(Project, "change", project.pk), form).status_code == 302
    assert project.memberships.get().user == researcher
    told = AuditEvent.objects.of_project(project.uuid).order_by("pk")
    assert [(event.verb, event.actor, event.target_name) for event in told] == [
        ("project.edited", operator, "PV"),
        ("member.role_changed", operator, "bob"),
        ("member.removed", operator, "alice"),
    ]


def test_a_project_that_an_operator_makes_has_an_owner(client: Client, outsider: User) -> None:
    empty = {"name": "New", "slug": "new", **inline("group_memberships", [], stored=0)}
    without = client.post(admin_url(Project, "add"), empty | inline("memberships", [], stored=0))
    assert "A project always needs an owner whose account is active." in page_text(without)
    rows = [{"user": outsider.pk, "role": "owner"}]
    assert client.post(admin_url(Project, "add"), empty | inline("memberships", rows, stored=0)).status_code == 302
    assert Project.objects.get(slug="new").memberships.get().user == outsider
    assert verbs() == ["project.created", "member.added"]


def test_the_account_of_a_last_owner_is_not_deleted(client: Client, project: Project, owner: User) -> None:
    with pytest.raises(ProtectedError, match=r"Membership\.user"):
        owner.delete()
    page = client.get(reverse("admin:accounts_user_delete", args=[owner.pk]))
    assert "would require deleting the following protected related objects" in page_text(page)
    client.post(reverse("admin:accounts_user_delete", args=[owner.pk]), {"post": "yes"})
    assert project.memberships.owners().get().user == owner


def test_of_two_owners_one_account_may_go_and_not_both(project: Project, owner: User) -> None:
    second = join(project, Role.OWNER)
    with pytest.raises(ProtectedError, match=r"Membership\.user"):
        User.objects.filter(pk__in=[owner.pk, second.pk]).delete()
    second.delete()
    assert project.memberships.owners().get().user == owner


def test_an_owner_who_cannot_sign_in_is_no_other_owner(project: Project, owner: User) -> None:
    join(project, Role.OWNER, make_user("former", is_active=False))
    with pytest.raises(ProtectedError, match=r"Membership\.user"):
        owner.delete()


def test_the_last_admin_of_a_group_is_not_removed_by_an_operator(client: Client, outsider: User) -> None:
    group = make_group(outsider, name="Night shift")
    admin, other = group.members.order_by("pk")
    rows: list[dict[str, Any]] = [
        {"id": admin.pk, "group": group.pk, "user": admin.user_id, "DELETE": "on"},
        {"id": other.pk, "group": group.pk, "user": other.user_id},
    ]
    url = admin_url(type(group), "change", group.pk)
    response = client.post(url, {"name": "Night shift", **inline("members", rows, stored=2)})
    assert "A group always needs an admin whose account is active." in page_text(response)
    rows[1]["is_admin"] = "on"
    assert client.post(url, {"name": "Day shift", **inline("members", rows, stored=2)}).status_code == 302
    assert GroupMember.objects.get().user == outsider
    assert verbs() == ["group.renamed", "group.admin_made", "group.person_removed"]


def test_what_an_operator_deletes_leaves_an_event(client: Client, project: Project) -> None:
    experiment = make_experiment(project=project, mlflow_experiment_id="7")
    former = make_former_address(project, "pv")
    invitation = make_invitation(project=project, user=make_user())
    label = make_label("solar")
    for row in (experiment, former, invitation, label):
        url = admin_url(type(row), "delete", row.pk)
        assert client.post(url, {"post": "yes"}).status_code == 302, row
        assert not type(row)._default_manager.exists()
    assert verbs() == ["experiment.deleted", "project.address_freed", "invitation.deleted", "label.deleted"]
    assert RetiredExperiment.objects.get().mlflow_experiment_id == "7"


def test_projects_chosen_in_the_list_are_deleted_with_an_event_each(client: Client, project: Project) -> None:
    other = make_project()
    form = {"action": "delete_selected", "_selected_action": [project.pk, other.pk], "post": "yes"}
    assert client.post(admin_url(Project, "changelist"), form).status_code == 302
    assert not Project.objects.exists()
    assert verbs() == ["project.deleted", "project.deleted"]


def test_an_operator_corrects_a_label(client: Client) -> None:
    label = make_label("sloar")
    client.post(admin_url(Label, "change", label.pk), {"name": "solar"})
    event = AuditEvent.objects.get()
    assert (event.verb, event.before, event.after) == ("label.renamed", {"name": "sloar"}, {"name": "solar"})
    assert timezone.now() >= event.happened_at
