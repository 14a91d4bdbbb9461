"""User groups: who says who is in them, and what their people may do in projects by them."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import GroupMember, GroupMembership, Membership, Project, UserGroup
from projects.permissions import Action, may, role_of, roles_in
from projects.roles import Role
from projects.services import groups, members
from tests.conftest import ClientOf
from tests.support.factories import (
    add_to_group,
    join,
    join_by_group,
    make_group,
    make_group_membership,
    make_project,
    make_user,
    unconfirm_address,
)
from tests.support.pages import count_queries, page_text

GROUPS = "/settings/groups/"
MEMBERS = "/projects/pv-yield/members/"


def fresh(user: User) -> User:
    """Without what is remembered of roles."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def group(db: None, owner: User, outsider: User) -> UserGroup:
    """Alice's, with Olga in it."""
    return make_group(outsider, admin=owner, name="Night shift")


# What one may do by a group


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.GUEST, Role.REPORTER, Role.RESEARCHER, Role.MAINTAINER])
def test_by_a_group_one_has_its_role(project: Project, group: UserGroup, outsider: User, role: Role) -> None:
    make_group_membership(project=project, group=group, role=role)
    assert role_of(outsider, project) is role
    assert may(outsider, Action.VIEW_PROJECT, project)
    assert list(Project.objects.joined_by(outsider)) == list(Project.objects.visible_to(outsider)) == [project]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("own", "by_groups", "highest"),
    [
        (Role.GUEST, [Role.MAINTAINER], Role.MAINTAINER),
        (Role.OWNER, [Role.GUEST], Role.OWNER),
        (None, [Role.REPORTER, Role.RESEARCHER, Role.GUEST], Role.RESEARCHER),
    ],
)
def test_the_highest_role_counts(
    project: Project, outsider: User, own: Role | None, by_groups: list[Role], highest: Role
) -> None:
    if own:
        join(project, own, outsider)
    for role in by_groups:
        join_by_group(project, role, outsider)
    assert role_of(outsider, project) is highest
    assert list(Project.objects.joined_by(outsider)) == [project]
    assert members.people_of(project).filter(pk=outsider.pk).count() == 1


@pytest.mark.django_db
def test_roles_in_many_projects_are_one_query(outsider: User, django_assert_num_queries: pytest.FixtureRequest) -> None:
    made = [make_project() for _ in range(5)]
    join(made[0], Role.GUEST, outsider)
    join_by_group(made[1], Role.REPORTER, outsider)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = roles_in(made, user=outsider)
    assert found == {made[0].pk: Role.GUEST, made[1].pk: Role.REPORTER}


@pytest.mark.django_db
def test_who_loses_the_group_is_outside_at_once(
    client_of: ClientOf, project: Project, owner: User, outsider: User, group: UserGroup
) -> None:
    client, olgas = client_of(owner), client_of(outsider)
    client.post(f"{MEMBERS}groups/add/", {"group": group.uuid, "role": "researcher"})
    assert olgas.get("/projects/pv-yield/").status_code == 200
    client.post(f"{GROUPS}{group.uuid}/people/{outsider.uuid}/remove/")
    assert olgas.get("/projects/pv-yield/").status_code == 404
    assert not may(fresh(outsider), Action.ADD_RUN, project)


@pytest.mark.django_db
def test_the_database_knows_no_group_as_owner(project: Project, group: UserGroup) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_group_membership(project=project, group=group, role=Role.OWNER)


# Giving a group a role in a project


@pytest.mark.django_db
def test_an_owner_gives_a_group_a_role_changes_and_takes_it(
    client_of: ClientOf, project: Project, owner: User, outsider: User, group: UserGroup
) -> None:
    client = client_of(owner)
    text = page_text(client.post(f"{MEMBERS}groups/add/", {"group": group.uuid, "role": "reporter"}, follow=True))
    assert "Everybody in Night shift now has at least the role Reporter here." in text
    assert "Night shift Alice Owner, Olga Reporter" in text
    text = page_text(client.post(f"{MEMBERS}groups/{group.uuid}/", {"role": "maintainer"}, follow=True))
    assert "Everybody in Night shift now has at least the role Maintainer here." in text
    assert role_of(fresh(outsider), project) is Role.MAINTAINER
    assert "Remove the group Night shift from PV yield?" in page_text(
        client.get(f"{MEMBERS}groups/{group.uuid}/remove/")
    )
    text = page_text(client.post(f"{MEMBERS}groups/{group.uuid}/remove/", follow=True))
    assert "The group Night shift was removed." in text
    assert role_of(fresh(outsider), project) is None
    events = AuditEvent.objects.of_project(project.uuid).order_by("pk").values_list("verb", "before", "after")
    assert list(events) == [
        ("group.given_role", {}, {"role": "Reporter"}),
        ("group.role_changed", {"role": "Reporter"}, {"role": "Maintainer"}),
        ("group.removed", {"role": "Maintainer"}, {}),
    ]


@pytest.mark.django_db
def test_a_group_is_never_given_the_role_of_owner(client_of: ClientOf, owner: User, group: UserGroup) -> None:
    client = client_of(owner)
    page = client.get(f"{MEMBERS}groups/add/")
    assert "A group cannot be an owner." in page_text(page)
    response = client.post(f"{MEMBERS}groups/add/", {"group": group.uuid, "role": "owner"})
    assert response.status_code == 422
    assert not GroupMembership.objects.exists()


@pytest.mark.django_db
def test_groups_of_others_can_neither_be_seen_nor_added(client_of: ClientOf, owner: User, project: Project) -> None:
    foreign = make_group(name="Not yours")
    client = client_of(owner)
    text = page_text(client.get(f"{MEMBERS}groups/add/"))
    assert "Not yours" not in text
    assert "Create one under Groups in your own settings, behind your initials at the top right." in text
    response = client.post(f"{MEMBERS}groups/add/", {"group": foreign.uuid, "role": "guest"})
    assert response.status_code == 422
    assert "Choose one of your groups." in page_text(response)


@pytest.mark.django_db
def test_who_is_in_by_a_group_alone_is_told_how_to_leave(
    client_of: ClientOf, project: Project, group: UserGroup, outsider: User
) -> None:
    make_group_membership(project=project, group=group, role=Role.GUEST)
    client = client_of(outsider)
    assert f'href="{MEMBERS}leave/"' not in client.get(MEMBERS).content.decode()
    text = page_text(client.post(f"{MEMBERS}leave/", follow=True))
    assert "You are in PV yield through the group Night shift. To leave the project, leave the group." in text
    second = make_group(outsider, name="Weather")
    make_group_membership(project=project, group=second, role=Role.GUEST)
    text = page_text(client.post(f"{MEMBERS}leave/", follow=True))
    assert (
        "You are in PV yield through the groups Night shift and Weather. To leave the project, leave these groups."
        in text
    )


@pytest.mark.django_db
def test_who_leaves_keeps_what_their_group_may(
    client_of: ClientOf, project: Project, owner: User, group: UserGroup, outsider: User
) -> None:
    make_group_membership(project=project, group=group, role=Role.GUEST)
    join(project, Role.MAINTAINER, outsider)
    client = client_of(outsider)
    question = page_text(client.get(f"{MEMBERS}leave/"))
    assert "continue only if the role that you keep is Researcher or above:" in question
    assert "You keep the role Guest here through the group Night shift until you leave the group." in question
    assert "To get back the role that you give up, you need an invitation." in question
    text = page_text(client.post(f"{MEMBERS}leave/", follow=True))
    assert "You now have a role in PV yield only through the group Night shift." in text
    assert role_of(fresh(outsider), project) is Role.GUEST


# The group's own pages


@pytest.mark.django_db
def test_a_group_is_made_and_its_maker_administers_it(client_of: ClientOf, outsider: User) -> None:
    client = client_of(outsider)
    assert "You are not in a group yet." in page_text(client.get(GROUPS))
    response = client.post(f"{GROUPS}add/", {"name": "Night shift"})
    made = UserGroup.objects.get()
    assert response["Location"] == f"{GROUPS}{made.uuid}/"
    assert groups.administers(outsider, made)
    assert "Night shift Admin 1" in page_text(client.get(GROUPS))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "This field is required."), ("NIGHT SHIFT", "Another group has this name. Choose another name.")],
)
def test_a_wrong_group_form_comes_back(
    client_of: ClientOf, outsider: User, group: UserGroup, name: str, sentence: str
) -> None:
    other = make_group(admin=outsider)
    client = client_of(outsider)
    for path in ("add/", f"{other.uuid}/rename/"):
        response = client.post(f"{GROUPS}{path}", {"name": name})
        assert response.status_code == 422
        assert sentence in page_text(response)
    assert UserGroup.objects.count() == 2


@pytest.mark.django_db
def test_an_admin_renames_the_group(client_of: ClientOf, owner: User, group: UserGroup) -> None:
    text = page_text(client_of(owner).post(f"{GROUPS}{group.uuid}/rename/", {"name": "Day shift"}, follow=True))
    assert "Day shift" in text
    assert AuditEvent.objects.get(verb="group.renamed").before == {"name": "Night shift"}


@pytest.mark.django_db(transaction=True)
def test_an_admin_adds_somebody_who_is_told(client_of: ClientOf, owner: User, group: UserGroup) -> None:
    ivy = make_user("ivy", first_name="Ivy")
    text = page_text(client_of(owner).post(f"{GROUPS}{group.uuid}/people/add/", {"person": "ivy"}, follow=True))
    assert "Ivy is in Night shift now and gets a notice." in text
    told = "Alice Owner added you to the group Night shift."
    assert told in page_text(client_of(ivy).get("/settings/notices/"))
    assert told in ivy.notices.get().text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        (
            "nobody",
            "There is no account named nobody. Check the spelling. If they have no account yet, an owner of a project "
            "can invite them by e-mail address.",
        ),
        ("olga", "Olga is already in the group."),
        (
            "stranger@example.org",
            "Nobody in your projects and groups has the address stranger@example.org.",
        ),
        ("nobody@example.org", "Nobody in your projects and groups has the address nobody@example.org."),
        ("bob@example.org", "Nobody in your projects and groups has the address bob@example.org."),
    ],
)
def test_whom_one_cannot_add_is_explained_and_strangers_addresses_tell_nothing(
    client_of: ClientOf, owner: User, researcher: User, group: UserGroup, person: str, sentence: str
) -> None:
    """Bob shares a project, but has never shown that the address is his."""
    make_user("stranger")
    unconfirm_address(researcher)
    response = client_of(owner).post(f"{GROUPS}{group.uuid}/people/add/", {"person": person})
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert group.members.count() == 2


@pytest.mark.django_db
def test_where_operators_add_all_accounts_they_are_asked_for_one(
    client_of: ClientOf, owner: User, group: UserGroup, settings: Settings
) -> None:
    settings.MANTIK_SIGN_UP = "closed"
    response = client_of(owner).post(f"{GROUPS}{group.uuid}/people/add/", {"person": "nobody"})
    assert "If they have no account yet, ask the operators for one." in page_text(response)


@pytest.mark.django_db
def test_whom_one_knows_is_found_by_address(
    client_of: ClientOf, owner: User, project: Project, researcher: User, group: UserGroup
) -> None:
    by_group = join_by_group(project)
    client = client_of(owner)
    for known in (researcher, by_group):
        client.post(f"{GROUPS}{group.uuid}/people/add/", {"person": known.email.upper()})
        assert group.members.filter(user=known).exists()


@pytest.mark.django_db
def test_who_is_no_admin_reads_and_changes_nothing(client_of: ClientOf, outsider: User, group: UserGroup) -> None:
    client = client_of(outsider)
    page = client.get(f"{GROUPS}{group.uuid}/")
    assert "The admins of this group decide who is in it." in page_text(page)
    content = page.content.decode()
    for path in ("rename/", "delete/", "people/add/", f"people/{outsider.uuid}/remove/"):
        assert f"{GROUPS}{group.uuid}/{path}" not in content
        assert client.post(f"{GROUPS}{group.uuid}/{path}", {"name": "x"}).status_code == 403
    assert client.post(f"{GROUPS}{group.uuid}/people/{outsider.uuid}/admin/", {"is_admin": "yes"}).status_code == 403
    assert not groups.administers(outsider, group)


@pytest.mark.django_db
def test_to_others_a_group_does_not_exist(client_of: ClientOf, researcher: User, group: UserGroup) -> None:
    client = client_of(researcher)
    for path in ("", "rename/", "delete/", "leave/", "people/add/", f"people/{researcher.uuid}/remove/"):
        assert client.get(f"{GROUPS}{group.uuid}/{path}").status_code == 404
    assert "Night shift" not in page_text(client.get(GROUPS))


@pytest.mark.django_db
def test_admins_make_each_other(client_of: ClientOf, owner: User, outsider: User, group: UserGroup) -> None:
    client = client_of(owner)
    admin = f"{GROUPS}{group.uuid}/people/{outsider.uuid}/admin/"
    assert "Olga is now an admin of Night shift." in page_text(client.post(admin, {"is_admin": "yes"}, follow=True))
    text = page_text(client_of(outsider).post(f"{GROUPS}{group.uuid}/leave/", follow=True))
    assert "You have left the group Night shift." in text


@pytest.mark.django_db
def test_the_last_admin_stays_one(client_of: ClientOf, owner: User, group: UserGroup) -> None:
    make = add_to_group(group, make_user("former", is_active=False), is_admin=True)
    client = client_of(owner)
    sentence = "Alice Owner is the last admin of Night shift. Make somebody else an admin first, or delete the group."
    for path in ("leave/", f"people/{owner.uuid}/remove/", f"people/{owner.uuid}/admin/"):
        assert sentence in page_text(client.post(f"{GROUPS}{group.uuid}/{path}", follow=True))
    assert groups.administers(owner, group)
    assert make.is_admin


@pytest.mark.django_db
def test_a_deleted_group_says_first_which_projects_lose_it(
    client_of: ClientOf, project: Project, owner: User, outsider: User, group: UserGroup
) -> None:
    make_group_membership(project=project, group=group, role=Role.RESEARCHER)
    client = client_of(owner)
    assert "It loses its role in PV yield." in page_text(client.get(f"{GROUPS}{group.uuid}/delete/"))
    assert "The group Night shift was deleted." in page_text(client.post(f"{GROUPS}{group.uuid}/delete/", follow=True))
    assert role_of(fresh(outsider), project) is None
    assert User.objects.filter(pk=outsider.pk).exists()
    assert AuditEvent.objects.of_project(project.uuid).get().verb == "group.deleted"


@pytest.mark.django_db
def test_each_project_of_a_group_is_told_who_joins_it(project: Project, owner: User, group: UserGroup) -> None:
    other = make_project()
    for one in (project, other):
        make_group_membership(project=one, group=group, role=Role.GUEST)
    groups.add_person(group=group, user=make_user("ivy"), actor=owner)
    told = AuditEvent.objects.filter(verb="group.person_added").order_by("pk")
    assert [(event.project_uuid, event.after) for event in told] == [
        (project.uuid, {"person": "ivy"}),
        (other.uuid, {"person": "ivy"}),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_leave_at_the_same_moment_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits after its check for the other's: without the lock both would find the other still there."""
    first, second = make_user(), make_user()
    group = make_group(admin=first)
    add_to_group(group, second, is_admin=True)
    both_checked = threading.Barrier(2)
    check = groups._check_not_last_admin

    def check_and_wait(member: GroupMember) -> None:
        check(member)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_checked.wait(timeout=0.5)

    def refused(user: User) -> bool:
        try:
            groups.remove_person(group=group, user=user, actor=user)
        except groups.LastAdmin:
            return True
        finally:
            connection.close()
        return False

    monkeypatch.setattr(groups, "_check_not_last_admin", check_and_wait)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(refused, (first, second)))
    assert sorted(answers) == [False, True]
    assert GroupMember.objects.admins().filter(group=group).count() == 1


@pytest.mark.django_db
def test_pages_cost_the_same_however_many_are_in_a_group(
    client_of: ClientOf, project: Project, owner: User, group: UserGroup
) -> None:
    client = client_of(owner)
    pages = (GROUPS, f"{GROUPS}{group.uuid}/", MEMBERS)
    make_group_membership(project=project, group=group, role=Role.GUEST)
    counts = []
    for _ in range(2):
        for _ in range(4):
            add_to_group(group)
            make_group_membership(project=make_project(), group=group, role=Role.GUEST)
            make_group_membership(project=project, group=make_group(admin=owner), role=Role.GUEST)
        counts.append([count_queries(client, page) for page in pages])
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_the_runs_of_people_by_group_can_be_filtered(client_of: ClientOf, project: Project, owner: User) -> None:
    person = join_by_group(project, Role.RESEARCHER, make_user("ivy"))
    assert not Membership.objects.filter(user=person).exists()
    assert "?member=ivy" in client_of(owner).get("/projects/pv-yield/runs/").content.decode()


@pytest.mark.django_db
def test_who_is_removed_and_has_a_role_by_a_group_keeps_that_and_the_question_says_so(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    member = join_by_group(project)
    join(project, Role.MAINTAINER, member)
    question = page_text(client_of(owner).get(f"{MEMBERS}{member.uuid}/remove/"))
    assert "continue only if the role that they keep is Researcher or above:" in question
    assert f"{member.display_name} keeps the role Researcher here through the group" in question
