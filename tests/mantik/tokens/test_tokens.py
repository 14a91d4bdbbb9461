"""Personal access tokens: shown once, kept as a hash, and good for what they say until they say."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.lib.sealing import key_id
from mantik.tokens import services
from mantik.tokens.hashing import PERSONAL
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.token_requests import token_required
from tests.conftest import ClientOf
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db
LIST = "/settings/tokens/"
WHOAMI = "/api/whoami/"


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def make(user: User, *, scope: Scope = Scope.READ, name: str = "notebook", days: int = 30) -> str:
    now = timezone.now()
    _, token = services.make_token(user=user, name=name, scope=scope, expires_at=now + timedelta(days=days), now=now)
    return token


def ask(token: str, *, how: str = "Bearer") -> Any:
    return Client().get(WHOAMI, headers={"authorization": f"{how} {token}"})


def test_a_member_makes_a_token_and_a_program_signs_in_with_it(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    confirm_identity(client, owner)

    made = client.post(f"{LIST}add/", {"name": "notebook", "scope": "submit", "expires_on": day(7)})
    [token] = re.findall(r"mantik_[0-9a-f]{10}_[\w-]{43}", made.content.decode().partition("data-copy")[2])[:1]
    answer = ask(token)

    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    assert answer.status_code == 200
    told = answer.json()
    assert (told["user_name"], told["token"], told["scope"]) == ("alice", "notebook", "submit")
    text = page_text(client.get(LIST))
    assert f"notebook {token[:17]}_… Submit All your projects" in text
    assert "Valid" in text
    assert token not in text


def test_the_token_is_stored_nowhere(client_of: ClientOf, owner: User) -> None:
    token = make(owner)
    _, prefix, secret = token.split("_", 2)

    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM tokens_personalaccesstoken")
        stored = str(cursor.fetchall())

    assert prefix in stored
    assert secret not in stored
    assert secret not in str([vars(event) for event in AuditEvent.objects.all()])


def test_it_is_the_whole_token_that_counts(owner: User) -> None:
    token = make(owner)
    other = PERSONAL.new()
    prefix, _, rest = token.rpartition("_")

    for wrong in (token[:-1], f"{token}x", f"{prefix}_", other, token.upper(), "mantik__", "\udcff", "", f"{prefix}_ü"):
        assert services.authenticate(wrong, now=timezone.now()) is None
    assert services.authenticate(token, now=timezone.now())
    assert rest


def test_after_its_day_it_opens_nothing(owner: User, client_of: ClientOf) -> None:
    token = make(owner, days=1)
    PersonalAccessToken.objects.update(expires_at=timezone.now())

    assert ask(token).status_code == 401
    assert "Expired" in page_text(client_of(owner).get(LIST))


def test_a_revoked_token_opens_nothing(owner: User, client_of: ClientOf) -> None:
    token = make(owner)
    row = PersonalAccessToken.objects.get()
    client = client_of(owner)
    url = f"{LIST}{row.uuid}/revoke/"

    assert "Revoke notebook?" in page_text(client.get(url))
    assert ask(token).status_code == 200
    assert "notebook was revoked." in page_text(client.post(url, follow=True))
    client.post(url)

    assert ask(token).status_code == 401
    assert [event.verb for event in AuditEvent.objects.order_by("pk")] == ["token.created", "token.revoked"]


def test_a_closed_account_has_no_tokens_that_work(owner: User) -> None:
    token = make(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    assert ask(token).status_code == 401


def test_nobody_revokes_the_tokens_of_others(client_of: ClientOf, owner: User, outsider: User) -> None:
    token = make(owner)
    row = PersonalAccessToken.objects.get()

    assert client_of(outsider).post(f"{LIST}{row.uuid}/revoke/").status_code == 404
    assert ask(token).status_code == 200
    assert "Revoke notebook" not in page_text(client_of(outsider).get(LIST))


def test_who_has_no_token_is_told_how_to_get_one(client_of: ClientOf, owner: User) -> None:
    answer = client_of(owner).get(WHOAMI)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Mantik"'
    assert "Add one under Settings > Tokens." in answer.json()["error"]


@pytest.mark.parametrize("how", ["Basic", "Token", ""])
def test_only_bearer_is_a_way_to_present_it(owner: User, how: str) -> None:
    assert ask(make(owner), how=how).status_code == 401


@pytest.mark.parametrize(
    ("has", "needs", "status"),
    [
        *(("read", "read", 200), ("read", "submit", 403), ("submit", "read", 200)),
        *(("submit", "admin", 403), ("admin", "submit", 200), ("admin", "admin", 200)),
    ],
)
def test_a_token_does_what_its_scope_covers(owner: User, has: str, needs: str, status: int) -> None:
    @token_required(Scope(needs))
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.user))

    token = make(owner, scope=Scope(has))
    answer = view(RequestFactory().post("/", headers={"authorization": f"Bearer {token}"}))

    assert answer.status_code == status
    if status == 403:
        assert (
            f"notebook has the scope {Scope(has).label}, but this needs {Scope(needs).label}" in answer.content.decode()
        )


def test_use_is_noted_once_a_minute(owner: User) -> None:
    token, now = make(owner), timezone.now()

    def use(seconds: int) -> Any:
        assert services.authenticate(token, now=now + timedelta(seconds=seconds))
        return PersonalAccessToken.objects.get().last_used_at

    assert PersonalAccessToken.objects.get().last_used_at is None
    assert use(0) == now
    assert use(59) == now
    assert use(60) == now + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"expires_on": -2}, "is in the past. Choose today or a later day."),
        ({"expires_on": 900}, "is too late: a token is valid for 365 days at most."),
        ({"expires_on": "soon"}, "Enter a valid date."),
        ({"scope": "everything"}, "Select a valid choice."),
        ({"name": "NOTEBOOK"}, '"NOTEBOOK" is taken by "notebook"'),
    ],
)
def test_a_form_that_is_wrong_comes_back_with_a_sentence(
    client_of: ClientOf, owner: User, form: dict[str, Any], sentence: str
) -> None:
    """A number is days from now."""
    make(owner)
    filled = {"name": "new", "scope": "read", "expires_on": 7} | form
    filled = {name: day(value) if isinstance(value, int) else value for name, value in filled.items()}

    client = client_of(owner)
    confirm_identity(client, owner)
    answer = client.post(f"{LIST}add/", filled)

    assert answer.status_code == 422
    assert sentence in page_text(answer)
    assert PersonalAccessToken.objects.count() == 1


def test_the_name_of_a_revoked_token_is_free(owner: User) -> None:
    make(owner)
    services.revoke(token=PersonalAccessToken.objects.get(), actor=owner, now=timezone.now())

    make(owner)

    with pytest.raises(services.NameTaken):
        make(owner, name="Notebook")
    assert PersonalAccessToken.objects.count() == 2


def test_a_token_outlives_the_rotation_of_keys_if_it_is_used_meanwhile(owner: User, settings: Any) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.MANTIK_ENCRYPTION_KEYS = [old]
    used, unused = make(owner), make(owner, name="forgotten")
    settings.MANTIK_ENCRYPTION_KEYS = [new, old]

    assert services.authenticate(used, now=timezone.now())
    assert "tokens.PersonalAccessToken.key_id: 1 with an older key." in rotate()
    settings.MANTIK_ENCRYPTION_KEYS = [new]

    assert services.authenticate(used, now=timezone.now())
    assert services.authenticate(unused, now=timezone.now()) is None
    assert PersonalAccessToken.objects.get(name="notebook").key_id == key_id(new)


def test_dead_tokens_keep_no_key_in_the_ring(owner: User, settings: Any) -> None:
    make(owner)
    services.revoke(token=PersonalAccessToken.objects.get(), actor=owner, now=timezone.now())
    settings.MANTIK_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.MANTIK_ENCRYPTION_KEYS]

    assert "Only the first key is needed." in rotate()


def test_all_valid_tokens_of_an_account_are_revoked_at_once(owner: User, outsider: User) -> None:
    now = timezone.now()
    for name in ("notebook", "ci", "old", "revoked before"):
        make(owner, name=name)
    make(outsider)
    PersonalAccessToken.objects.filter(name="old").update(expires_at=now)
    services.revoke(token=PersonalAccessToken.objects.get(name="revoked before"), actor=owner, now=now)
    AuditEvent.objects.all().delete()

    assert services.revoke_all(user=owner, actor=None, now=now) == 2
    assert services.revoke_all(user=owner, actor=None, now=now) == 0

    assert [event.target_name for event in AuditEvent.objects.order_by("pk")] == ["notebook", "ci"]
    assert PersonalAccessToken.objects.valid(now).get().user == outsider


def test_operators_see_tokens_and_revoke_them(client_of: ClientOf, operator: User, owner: User) -> None:
    token = make(owner)
    row = PersonalAccessToken.objects.get()
    client = client_of(operator)
    changelist = reverse("admin:tokens_personalaccesstoken_changelist")

    page = client.get(reverse("admin:tokens_personalaccesstoken_change", args=[row.pk])).content.decode()
    assert row.visible_prefix in client.get(changelist).content.decode()
    assert row.digest not in page
    chosen = {"action": "revoke", "_selected_action": [row.pk]}
    assert "1 personal access token revoked.<" in client.post(changelist, chosen, follow=True).content.decode()
    assert (
        "0 personal access tokens revoked. 1 personal access token had been revoked before."
        in client.post(changelist, chosen, follow=True).content.decode()
    )

    assert ask(token).status_code == 401
    assert AuditEvent.objects.get(verb="token.revoked").actor == operator


def rotate() -> str:
    output = StringIO()
    call_command("rotate_keys", stdout=output)
    return output.getvalue()
