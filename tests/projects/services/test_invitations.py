"""From an owner's invitation to a membership, or to nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.lib.absolute_urls import absolute_url
from mantik.notices.models import Letter
from projects.models import Invitation, Membership, Project
from projects.roles import Role
from projects.services import invitations
from tests.conftest import ClientOf
from tests.support.factories import join, make_invitation, make_project, make_user, unconfirm_address
from tests.support.pages import links, page_text

pytestmark = pytest.mark.django_db

INVITE = "/projects/pv-yield/members/invite/"
MINE = "/settings/invitations/"
State = Invitation.State


@pytest.fixture
def invitation(project: Project, owner: User, outsider: User) -> Invitation:
    return make_invitation(project=project, user=outsider, role=Role.RESEARCHER, invited_by=owner)


def expire(invitation: Invitation) -> None:
    now = timezone.now()
    Invitation.objects.filter(pk=invitation.pk).update(
        created_at=now - timedelta(days=15), expires_at=now - timedelta(days=1)
    )


def form(person: str, **changes: str) -> dict[str, str]:
    return {"person": person, "role": "researcher", "days": "14"} | changes


def test_somebody_is_invited_and_becomes_a_member_by_accepting(
    client_of: ClientOf, project: Project, owner: User, outsider: User
) -> None:
    owners, olgas = client_of(owner), client_of(outsider)
    text = page_text(owners.post(INVITE, form("olga"), follow=True))
    assert "Olga is invited. They find the invitation under the bell." in text
    assert "Olga olga Researcher Alice Owner just now" in text
    assert olgas.get("/projects/pv-yield/").status_code == 404

    text = page_text(olgas.get(MINE))
    assert "1 to look at" in text
    assert "Invited by Alice Owner" in text
    assert "may do everything that a Reporter may. May also add code repositories" in text
    assert links(olgas.get(MINE))["What the roles mean"] == "/docs/permissions/"
    made = Invitation.objects.get()
    assert made.expires_at - made.created_at == timedelta(days=14)
    answer = olgas.post(f"{MINE}{made.uuid}/accept/", follow=True)
    assert answer.redirect_chain == [("/projects/pv-yield/", 302)]
    text = page_text(answer)
    assert "You are a member of PV yield now." in text
    assert "to look at" not in text
    assert Membership.objects.get(project=project, user=outsider).role == Role.RESEARCHER


def test_who_declines_is_no_member_and_is_asked_no_more(
    client_of: ClientOf, project: Project, outsider: User, invitation: Invitation
) -> None:
    client = client_of(outsider)
    text = page_text(client.post(f"{MINE}{invitation.uuid}/decline/", follow=True))
    assert "The invitation to PV yield is declined." in text
    assert "No invitation is waiting." in text
    assert not Membership.objects.filter(project=project, user=outsider).exists()
    again = page_text(client.post(f"{MINE}{invitation.uuid}/accept/", follow=True))
    assert "The invitation to PV yield was already declined." in again
    assert not Membership.objects.filter(project=project, user=outsider).exists()


def test_a_withdrawn_invitation_says_so(
    client_of: ClientOf, project: Project, owner: User, outsider: User, invitation: Invitation
) -> None:
    client, withdraw = client_of(owner), f"/projects/pv-yield/members/invitations/{invitation.uuid}/withdraw/"
    assert "Withdraw the invitation for Olga?" in page_text(client.get(withdraw))
    assert "The invitation for Olga is withdrawn." in page_text(client.post(withdraw, follow=True))
    sentence = "The invitation to PV yield was withdrawn by an owner of the project."
    assert sentence in page_text(client.post(withdraw, follow=True))
    olgas = client_of(outsider)
    assert sentence in page_text(olgas.get(MINE))
    assert "to look at" not in page_text(olgas.get(MINE))
    for answer in ("accept", "decline"):
        assert sentence in page_text(olgas.post(f"{MINE}{invitation.uuid}/{answer}/", follow=True))
    assert not Membership.objects.filter(project=project, user=outsider).exists()


def test_an_expired_invitation_says_so(
    client_of: ClientOf, project: Project, owner: User, outsider: User, invitation: Invitation
) -> None:
    expire(invitation)
    client = client_of(outsider)
    sentence = "The invitation to PV yield has expired. Ask an owner of the project for a new one."
    assert sentence in page_text(client.get(MINE))
    assert "to look at" not in page_text(client.get(MINE))
    assert sentence in page_text(client.post(f"{MINE}{invitation.uuid}/accept/", follow=True))
    assert not Membership.objects.filter(project=project, user=outsider).exists()
    assert "Olga" not in page_text(client_of(owner).get("/projects/pv-yield/members/"))


def test_after_one_that_expired_a_new_invitation_can_be_made(
    project: Project, owner: User, outsider: User, invitation: Invitation
) -> None:
    expire(invitation)
    now = timezone.now()
    new = invitations.invite(project=project, who=outsider, role=Role.GUEST, days=1, invited_by=owner, now=now)
    invitation.refresh_from_db()
    assert (invitation.state, invitation.closed_at) == (State.EXPIRED, now)
    assert list(Invitation.objects.open(now=now)) == [new]


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("", "This field is required."),
        ("nobody", "There is no account named nobody. Check the spelling, or invite by e-mail address."),
        ("nobody@nowhere", "nobody@nowhere is not an e-mail address. Check the spelling."),
        ("former", "There is no account named former."),
        ("bob", "Bob is already a member. You can change their role in the list of members."),
        ("alice", "Alice Owner is already a member."),
        ("olga", "Olga already has an open invitation. Withdraw it to invite them again."),
    ],
)
def test_who_cannot_be_invited_is_explained(
    client_of: ClientOf, owner: User, researcher: User, invitation: Invitation, person: str, sentence: str
) -> None:
    make_user("former", is_active=False)
    response = client_of(owner).post(INVITE, form(person))
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "91"}, "less than or equal to 90"),
        ({"days": "soon"}, "Enter a whole number."),
        ({"role": "king"}, "Select a valid choice."),
    ],
)
def test_an_invitation_that_cannot_be_comes_back_with_a_sentence(
    client_of: ClientOf, owner: User, outsider: User, changes: dict[str, str], sentence: str
) -> None:
    response = client_of(owner).post(INVITE, form("olga", **changes))
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert 'value="olga"' in response.content.decode()
    assert not Invitation.objects.exists()


def test_others_invitations_do_not_exist(
    client_of: ClientOf, project: Project, guest: User, outsider: User, invitation: Invitation
) -> None:
    stranger = client_of(make_user("eve"))
    for answer in ("accept", "decline"):
        assert stranger.post(f"{MINE}{invitation.uuid}/{answer}/").status_code == 404
    assert "PV yield" not in page_text(stranger.get(MINE))
    invitation.refresh_from_db()
    assert invitation.state == State.OPEN


def test_an_invitation_is_withdrawn_in_its_own_project_only(client_of: ClientOf, invitation: Invitation) -> None:
    other = make_project(slug="other")
    client = client_of(join(other, Role.OWNER))
    assert client.post(f"/projects/other/members/invitations/{invitation.uuid}/withdraw/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.state == State.OPEN


def test_who_became_a_member_meanwhile_keeps_that_role(
    project: Project, outsider: User, invitation: Invitation
) -> None:
    join(project, Role.MAINTAINER, outsider)
    invitations.accept(invitation=invitation, user=outsider, now=timezone.now())
    assert Membership.objects.get(project=project, user=outsider).role == Role.MAINTAINER


def test_the_answer_is_given_by_a_signed_in_person_and_by_no_link(
    client: Client, client_of: ClientOf, outsider: User, invitation: Invitation
) -> None:
    assert client.get(MINE)["Location"] == f"/accounts/sign-in/?next={MINE}"
    assert client.post(f"{MINE}{invitation.uuid}/accept/")["Location"].startswith("/accounts/sign-in/")
    assert client_of(outsider).get(f"{MINE}{invitation.uuid}/accept/").status_code == 405
    invitation.refresh_from_db()
    assert invitation.state == State.OPEN


def test_the_database_knows_one_open_invitation_per_person_and_project(
    project: Project, outsider: User, invitation: Invitation
) -> None:
    with pytest.raises(IntegrityError, match=r"invitation_one_open_per_person|UNIQUE"), transaction.atomic():
        make_invitation(project=project, user=outsider)
    closed = make_invitation(project=project, user=outsider, state=State.DECLINED, closed_at=timezone.now())
    assert make_invitation(project=make_project(), user=outsider).state == closed.State.OPEN


@pytest.mark.parametrize(
    "columns", [{"role": "king"}, {"state": "lost"}, {"state": "declined"}, {"closed_at": timezone.now()}]
)
def test_the_database_knows_what_an_invitation_is(project: Project, outsider: User, columns: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invitation(project=project, user=outsider, **columns)
    assert not Invitation.objects.exists()


# By e-mail address


def letters() -> list[tuple[str, str]]:
    return [(letter.address, letter.text) for letter in Letter.objects.order_by("pk")]


def test_somebody_without_an_account_is_invited_by_address(client_of: ClientOf, project: Project, owner: User) -> None:
    text = page_text(client_of(owner).post(INVITE, form("New.Person@Example.org"), follow=True))
    assert "new.person@example.org is invited. They get an e-mail." in text
    assert "new.person@example.org Researcher Alice Owner just now" in text
    assert invitations.is_invited("New.Person@example.org")
    ((address, letter),) = letters()
    assert address == "new.person@example.org"
    assert "Alice Owner invites you to the project PV yield as Researcher." in letter
    assert absolute_url("/settings/invitations/") in letter


def test_who_shows_that_the_address_is_theirs_finds_the_invitation_and_accepts(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    invitation = make_invitation(project=project, email="nina@example.org", invited_by=owner)
    nina = make_user("nina")
    unconfirm_address(nina)
    client = client_of(nina)
    assert "PV yield" not in page_text(client.get(MINE))
    assert client.post(f"{MINE}{invitation.uuid}/accept/").status_code == 404
    EmailAddress.objects.filter(user=nina).update(verified=True)
    text = page_text(client.get(MINE))
    assert "1 to look at" in text
    assert "Invited by Alice Owner" in text
    assert "You are a member of PV yield now." in page_text(
        client.post(f"{MINE}{invitation.uuid}/accept/", follow=True)
    )
    assert Membership.objects.get(project=project, user=nina).role == Role.RESEARCHER
    invitation.refresh_from_db()
    assert (invitation.state, invitation.user) == (State.ACCEPTED, nina)
    assert not invitations.is_invited("nina@example.org")


def test_whether_an_account_has_the_address_is_not_told(client_of: ClientOf, project: Project, owner: User) -> None:
    """The page, the list and the letter are the same; so is the answer to a second invitation."""
    member = join(project, Role.GUEST, make_user("kay"))
    make_user("known")
    client = client_of(owner)
    seen = []
    for address in ("known@example.org", "kay@example.org", "kim@example.org"):
        answers = [client.post(INVITE, form(address), follow=True) for _ in range(2)]
        texts = [page_text(answer).replace(address, "ADDRESS") for answer in answers]
        Invitation.objects.all().delete()
        seen.append(texts)
    assert [answers[1].count("already has an open invitation") for answers in seen] == [1, 1, 1]
    assert seen[0] == seen[1] == seen[2]
    assert len(letters()) == 3
    assert len({text.replace(address, "ADDRESS") for address, text in letters()}) == 1
    assert Membership.objects.get(user=member).role == Role.GUEST


def test_an_invitation_of_another_address_is_nobody_elses(
    client_of: ClientOf, project: Project, outsider: User
) -> None:
    invitation = make_invitation(project=project, email="nina@example.org")
    client = client_of(outsider)
    assert "PV yield" not in page_text(client.get(MINE))
    for answer in ("accept", "decline"):
        assert client.post(f"{MINE}{invitation.uuid}/{answer}/").status_code == 404


def test_an_address_is_invited_once_at_a_time(project: Project, owner: User) -> None:
    now = timezone.now()

    def invite(now: datetime) -> Invitation:
        return invitations.invite(
            project=project, who="nina@example.org", role=Role.GUEST, days=1, invited_by=owner, now=now
        )

    first = invite(now)
    with pytest.raises(invitations.NotInvited, match=r"nina@example\.org already has an open invitation"):
        invite(now)
    later = now + timedelta(days=2)
    invite(later)
    first.refresh_from_db()
    assert first.state == State.EXPIRED
    assert not invitations.is_invited("nina@example.org", now=later + timedelta(days=2))


def test_an_invitation_by_address_is_withdrawn(client_of: ClientOf, project: Project, owner: User) -> None:
    invitation = make_invitation(project=project, email="nina@example.org")
    withdraw = f"/projects/pv-yield/members/invitations/{invitation.uuid}/withdraw/"
    client = client_of(owner)
    assert "Withdraw the invitation for nina@example.org?" in page_text(client.get(withdraw))
    assert "The invitation for nina@example.org is withdrawn." in page_text(client.post(withdraw, follow=True))
    assert not invitations.is_invited("nina@example.org")


def test_a_project_sends_no_mail_to_the_whole_world(
    monkeypatch: pytest.MonkeyPatch, client_of: ClientOf, project: Project, owner: User
) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    client = client_of(owner)
    answers = [client.post(INVITE, form(f"n{number}@example.org")) for number in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 422]
    assert "The project has 2 open invitations, which is the limit." in page_text(answers[2])
    assert len(letters()) == 2


def test_somebody_invited_by_name_gets_a_letter(project: Project, owner: User, outsider: User) -> None:
    invitations.invite(project=project, who=outsider, role=Role.GUEST, days=1, invited_by=owner, now=timezone.now())
    ((address, letter),) = letters()
    assert address == "olga@example.org"
    assert "Alice Owner invites you to the project PV yield as Guest." in letter


@pytest.mark.parametrize(
    ("policy", "by_provider", "sentence"),
    [
        ("open", False, "or sign up with it."),
        ("invited", False, "or sign up with it."),
        ("closed", True, "or sign up with it."),
        ("closed", False, "or ask the operators for one."),
    ],
)
def test_the_letter_says_how_somebody_without_an_account_gets_one(
    project: Project, owner: User, settings: Any, policy: str, by_provider: bool, sentence: str
) -> None:
    settings.MANTIK_SIGN_UP, settings.MANTIK_OIDC_SIGN_UP = policy, by_provider
    invitations.invite(
        project=project, who="new@example.org", role=Role.GUEST, days=1, invited_by=owner, now=timezone.now()
    )
    ((_, letter),) = letters()
    assert f"Sign in with an account that has the address new@example.org, {sentence}" in letter


def test_every_answer_leaves_an_event(project: Project, owner: User, outsider: User) -> None:
    def invite() -> Invitation:
        return invitations.invite(
            project=project, who=outsider, role=Role.GUEST, days=1, invited_by=owner, now=timezone.now()
        )

    invitations.withdraw(invitation=invite(), actor=owner, now=timezone.now())
    invitations.decline(invitation=invite(), user=outsider, now=timezone.now())
    invitations.accept(invitation=invite(), user=outsider, now=timezone.now())
    events = AuditEvent.objects.of_project(project.uuid).order_by("pk")
    assert [(event.verb, event.actor) for event in events] == [
        ("invitation.sent", owner),
        ("invitation.withdrawn", owner),
        ("invitation.sent", owner),
        ("invitation.declined", outsider),
        ("invitation.sent", owner),
        ("invitation.accepted", outsider),
    ]


def test_the_database_knows_no_invitation_of_nobody(project: Project) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_invitation(project=project)
    assert not Invitation.objects.exists()


def test_nobody_gets_more_than_some_invitations_a_day_even_if_they_are_withdrawn(
    client_of: ClientOf, project: Project, owner: User
) -> None:
    client = client_of(owner)
    for _ in range(invitations.SENT_TO.most):
        client.post(INVITE, form("Stranger@example.org"))
        invitations.withdraw(invitation=Invitation.objects.latest("pk"), actor=owner, now=timezone.now())
    other = make_project(name="Other", slug="other")
    join(other, Role.OWNER, owner)
    text = page_text(client.post(f"/projects/{other.slug}/members/invite/", form("stranger@example.org")))
    assert "stranger@example.org was sent 5 invitations within a day, which is the limit. Invite them tomorrow." in text
    assert Letter.objects.filter(address="stranger@example.org").count() == invitations.SENT_TO.most


def test_nobody_sends_more_than_some_invitations_a_day(
    client_of: ClientOf, project: Project, owner: User, outsider: User
) -> None:
    for _ in range(invitations.SENT_BY.most):
        invitations.SENT_BY.note(str(owner.pk))
    text = page_text(client_of(owner).post(INVITE, form("olga")))
    assert "You have sent 100 invitations within a day, which is the limit. Go on tomorrow." in text
    assert not Invitation.objects.exists()
