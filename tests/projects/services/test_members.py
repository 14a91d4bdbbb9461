"""Who is in a project: what the services keep, and the pages through which owners change it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Membership, Project
from projects.roles import Role
from projects.services import members
from tests.conftest import ClientOf
from tests.support.factories import join, make_invitation, make_project, make_user
from tests.support.pages import count_queries, page_text

MEMBERS = "/projects/pv-yield/members/"


def role_in(project: Project, user: User) -> str | None:
    return Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()


def owners_of(project: Project) -> list[User]:
    return [membership.user for membership in project.memberships.owners().select_related("user")]


# The rules


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_a_member_gets_another_role(project: Project, owner: User, researcher: User, role: Role) -> None:
    members.change_role(project=project, user=researcher, role=role, actor=researcher)
    assert role_in(project, researcher) == role


@pytest.mark.django_db
def test_the_last_owner_stays_one(project: Project, owner: User, maintainer: User) -> None:
    sentence = "Alice Owner is the last owner of PV yield, and a project needs one."
    with pytest.raises(members.LastOwner, match=sentence):
        members.change_role(project=project, user=owner, role=Role.MAINTAINER, actor=owner)
    with pytest.raises(members.LastOwner, match=sentence):
        members.remove_member(project=project, user=owner, actor=owner)
    members.change_role(project=project, user=owner, role=Role.OWNER, actor=owner)
    assert owners_of(project) == [owner]


@pytest.mark.django_db
def test_an_owner_whose_account_is_off_does_not_count(project: Project, owner: User) -> None:
    join(project, Role.OWNER, make_user("former", is_active=False))
    with pytest.raises(members.LastOwner):
        members.remove_member(project=project, user=owner, actor=owner)
    assert role_in(project, owner) == Role.OWNER


@pytest.mark.django_db
def test_an_owner_of_another_project_does_not_count(project: Project, owner: User) -> None:
    join(make_project(), Role.OWNER)
    with pytest.raises(members.LastOwner):
        members.remove_member(project=project, user=owner, actor=owner)
    assert role_in(project, owner) == Role.OWNER


@pytest.mark.django_db
def test_ownership_is_handed_over(project: Project, owner: User, researcher: User) -> None:
    members.hand_over(project=project, owner=owner, to=researcher)
    assert (role_in(project, owner), role_in(project, researcher)) == (Role.MAINTAINER, Role.OWNER)


@pytest.mark.django_db
def test_handing_over_to_another_owner_changes_only_the_role_that_is_given_up(project: Project, owner: User) -> None:
    second = join(project, Role.OWNER)
    members.hand_over(project=project, owner=owner, to=second)
    assert owners_of(project) == [second]
    (event,) = AuditEvent.objects.filter(verb="member.role_changed")
    assert (event.target_uuid, event.before, event.after) == (owner.uuid, {"role": "Owner"}, {"role": "Maintainer"})


@pytest.mark.django_db
def test_ownership_is_not_handed_to_who_cannot_sign_in(project: Project, owner: User) -> None:
    gone = join(project, Role.RESEARCHER, make_user("former", first_name="Former", is_active=False))
    sentence = "Former cannot take over PV yield: their account is not active. Choose another member."
    with pytest.raises(members.LastOwner, match=sentence):
        members.hand_over(project=project, owner=owner, to=gone)
    assert (role_in(project, owner), role_in(project, gone)) == (Role.OWNER, Role.RESEARCHER)


@pytest.mark.django_db
def test_only_an_owner_hands_ownership_over(project: Project, owner: User, maintainer: User, guest: User) -> None:
    """They may have been one when the page was drawn."""
    with pytest.raises(members.NotAMember, match="Maria is no longer an owner of PV yield"):
        members.hand_over(project=project, owner=maintainer, to=guest)
    assert role_in(project, guest) == Role.GUEST


@pytest.mark.django_db
def test_who_has_left_meanwhile_is_named(project: Project, owner: User, outsider: User) -> None:
    sentence = "Olga is no longer a member of PV yield"
    with pytest.raises(members.NotAMember, match=sentence):
        members.change_role(project=project, user=outsider, role=Role.OWNER, actor=outsider)
    with pytest.raises(members.NotAMember, match=sentence):
        members.remove_member(project=project, user=outsider, actor=outsider)
    with pytest.raises(members.NotAMember, match=sentence):
        members.hand_over(project=project, owner=owner, to=outsider)
    assert owners_of(project) == [owner]


def _leave(project: Project, user: User) -> None:
    members.remove_member(project=project, user=user, actor=user)


def _step_down(project: Project, user: User) -> None:
    members.change_role(project=project, user=user, role=Role.GUEST, actor=user)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second", [_leave, _step_down])
def test_of_two_owners_who_go_at_the_same_moment_one_stays(
    monkeypatch: pytest.MonkeyPatch, second: Callable[[Project, User], None]
) -> None:
    """Each waits after its check for the other's: without the lock both would find the other still there."""
    project = make_project()
    people = [join(project, Role.OWNER), join(project, Role.OWNER)]
    both_checked = threading.Barrier(2)
    check = members._check_not_last_owner

    def check_and_wait(membership: Membership, *, remedy: str) -> None:
        check(membership, remedy=remedy)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_checked.wait(timeout=0.5)

    def refused(go: Callable[[Project, User], None], user: User) -> bool:
        try:
            go(project, user)
        except members.LastOwner:
            return True
        finally:
            connection.close()
        return False

    monkeypatch.setattr(members, "_check_not_last_owner", check_and_wait)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(refused, (_leave, second), people))
    assert sorted(answers) == [False, True]
    assert len(owners_of(project)) == 1


# The pages


@pytest.mark.django_db
def test_a_guest_sees_who_is_a_member_and_changes_nothing(
    client_of: ClientOf, project: Project, owner: User, guest: User
) -> None:
    make_invitation(project=project, user=make_user("ivy"))
    response = client_of(guest).get(MEMBERS)
    text, content = page_text(response), response.content.decode()
    assert "Alice Owner" in text
    assert "Owner" in text
    assert "ivy" not in text
    assert "/members/invite/" not in content
    assert f"/members/{owner.uuid}/" not in content
    assert 'href="/projects/pv-yield/members/leave/"' in content


@pytest.mark.django_db
def test_members_stand_by_role_and_then_by_name(
    client_of: ClientOf, owner: User, guest: User, researcher: User, maintainer: User
) -> None:
    text = page_text(client_of(owner).get(MEMBERS))
    places = [text.index(name) for name in ("alice", "maria", "bob", "gus")]
    assert places == sorted(places)


@pytest.mark.django_db
def test_an_owner_changes_a_role(client_of: ClientOf, project: Project, owner: User, guest: User) -> None:
    client = client_of(owner)
    form = client.get(f"{MEMBERS}{guest.uuid}/")
    assert "Role of Gus" in page_text(form)
    answer = client.post(f"{MEMBERS}{guest.uuid}/", {"role": "maintainer"}, follow=True)
    assert "Gus now has the role Maintainer." in page_text(answer)
    assert role_in(project, guest) == Role.MAINTAINER


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "sentence"), [("", "This field is required."), ("king", "Select a valid choice."), ("guest", "last owner")]
)
def test_a_role_that_cannot_be_comes_back_with_a_sentence(
    client_of: ClientOf, project: Project, owner: User, role: str, sentence: str
) -> None:
    response = client_of(owner).post(f"{MEMBERS}{owner.uuid}/", {"role": role})
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert role_in(project, owner) == Role.OWNER


@pytest.mark.django_db
def test_a_removed_member_is_outside_at_once(client_of: ClientOf, owner: User, guest: User) -> None:
    client, guests = client_of(owner), client_of(guest)
    assert guests.get(MEMBERS).status_code == 200
    assert "Remove Gus from PV yield?" in page_text(client.get(f"{MEMBERS}{guest.uuid}/remove/"))
    assert "Gus was removed." in page_text(client.post(f"{MEMBERS}{guest.uuid}/remove/", follow=True))
    assert guests.get(MEMBERS).status_code == 404


@pytest.mark.django_db
def test_an_owner_hands_over_and_is_a_maintainer(
    client_of: ClientOf, project: Project, owner: User, guest: User
) -> None:
    client = client_of(owner)
    assert "Hand PV yield over to Gus?" in page_text(client.get(f"{MEMBERS}{guest.uuid}/hand-over/"))
    answer = client.post(f"{MEMBERS}{guest.uuid}/hand-over/", follow=True)
    assert "Gus is an owner now, and you are a maintainer." in page_text(answer)
    assert owners_of(project) == [guest]
    assert client.get(f"{MEMBERS}invite/").status_code == 403


@pytest.mark.django_db
def test_nobody_hands_over_to_themselves(client_of: ClientOf, owner: User) -> None:
    assert client_of(owner).post(f"{MEMBERS}{owner.uuid}/hand-over/").status_code == 404


@pytest.mark.django_db
def test_a_member_leaves(client_of: ClientOf, project: Project, guest: User) -> None:
    client = client_of(guest)
    question = page_text(client.get(f"{MEMBERS}leave/"))
    assert "Leave PV yield?" in question
    assert "Your runs that are already at a site continue; your other runs will not start." in question
    assert "To come back you need an invitation." in question
    assert "You have left PV yield." in page_text(client.post(f"{MEMBERS}leave/", follow=True))
    assert role_in(project, guest) is None


@pytest.mark.django_db
def test_the_last_owner_who_wants_to_leave_is_told_what_to_do(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    client = client_of(owner)
    sentence = "Hand it over to another member first, or delete the project."
    for path in ("leave/", f"{owner.uuid}/remove/"):
        assert sentence in page_text(client.post(f"{MEMBERS}{path}", follow=True))
    assert role_in(project, owner) == Role.OWNER


@pytest.mark.django_db
def test_somebody_who_is_no_member_has_no_role_to_change(client_of: ClientOf, owner: User, outsider: User) -> None:
    client = client_of(owner)
    for path in ("", "remove/", "hand-over/"):
        assert client.get(f"{MEMBERS}{outsider.uuid}/{path}").status_code == 404


@pytest.mark.django_db
def test_a_public_project_keeps_the_names_of_its_members(
    client: Client, client_of: ClientOf, public_project: Project, outsider: User
) -> None:
    join(public_project, Role.OWNER, make_user("petra", first_name="Petra"))
    assert client_of(outsider).get("/projects/open-data/members/").status_code == 403
    signed_out = client.get("/projects/open-data/members/")
    assert (signed_out.status_code, signed_out["Location"].split("?")[0]) == (302, "/accounts/sign-in/")
    overview = client.get("/projects/open-data/")
    assert "Petra" not in page_text(overview)
    assert "/projects/open-data/members/" not in overview.content.decode()


@pytest.mark.django_db
def test_the_roles_are_explained_to_everybody_who_sees_the_project(client: Client, public_project: Project) -> None:
    response = client.get("/projects/open-data/members/roles/")
    text = page_text(response)
    assert "Invite people, change roles, remove members, hand over the project" in text
    assert "Only members see the list of members" in text
    assert 'href="/projects/open-data/members/"' not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("people", "sidebar"), [("guest", (True, False)), ("maintainer", (True, True))])
def test_the_sidebar_shows_the_rooms_one_may_enter(
    client_of: ClientOf, request: pytest.FixtureRequest, people: str, sidebar: tuple[bool, bool]
) -> None:
    content = client_of(request.getfixturevalue(people)).get("/projects/pv-yield/").content.decode()
    found = tuple(f'href="/projects/pv-yield/{item}/"' in content for item in ("members", "settings"))
    assert found == sidebar


@pytest.mark.django_db
def test_the_list_costs_the_same_however_many_members_there_are(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    client, counts = client_of(owner), []
    for _ in range(2):
        for _ in range(3):
            join(project)
            make_invitation(project=project, user=make_user(), invited_by=owner)
        counts.append(count_queries(client, MEMBERS))
    assert counts[0] == counts[1]
