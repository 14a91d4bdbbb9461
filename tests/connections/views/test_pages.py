from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection, Site
from connections.services import connections
from connections.services.connections import NameTaken, rename_connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_site
from tests.support.forms import as_browser_posts
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db

LIST = "/settings/connections/"
ADD = "/settings/connections/add/"
SECRET = "hunter2-and-more"


def form(site: Site | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "unicore-password",
        "name": "juwels",
        "site": str(site.uuid) if site else "",
        "login_name": "ada",
        "secret": SECRET,
    } | changes


@pytest.fixture
def mine(outsider: User) -> Connection:
    return make_connection(owner=outsider, name="juwels", secret=SECRET)


@pytest.fixture
def client(confirmed_client_of: ClientOf, outsider: User) -> Client:
    """Of the connections' owner, who is in no project."""
    return confirmed_client_of(outsider)


def test_a_site_connection_is_stored(client: Client, outsider: User) -> None:
    site = make_site(name="JSC")
    response = client.post(ADD, form(site), follow=True)
    stored = Connection.objects.get()
    assert response.redirect_chain == [(f"{LIST}#connection-{stored.uuid}", 302)]
    text = page_text(response)
    assert "juwels is stored. Mantik is testing it; its card will show what the site says." in text
    assert "JSC" in text
    assert "ada" in text
    assert (stored.owner, stored.site, stored.reveal_secret()) == (outsider, site, SECRET)
    assert SECRET not in response.content.decode()


def test_a_git_token_needs_neither_site_nor_name(client: Client) -> None:
    client.post(ADD, form(make_site(), kind="git-token", login_name=""))
    stored = Connection.objects.get()
    assert (stored.kind, stored.site, stored.login_name) == ("git-token", None, "")


def test_a_secret_is_kept_to_the_last_space(client: Client) -> None:
    client.post(ADD, form(make_site(), secret=" two words "))
    assert Connection.objects.get().reveal_secret() == " two words "


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"secret": ""}, "This field is required."),
        ({"site": ""}, "Choose the UNICORE site of this connection."),
        ({"site": "4711"}, "valid"),
        ({"site": "0b4e3a52-6f0a-4ad0-8d33-0c7f7f1f8a11"}, "Select a valid choice."),
        ({"login_name": ""}, "Enter your login name at the site."),
        ({"login_name": "ada:lovelace"}, "A login name must not contain a colon"),
        ({"expires_at": "2020-02-30"}, "Enter a valid date."),
        ({"expires_at": "2020-02-20"}, "This day is in the past."),
        ({"name": "JUWELS"}, '"JUWELS" is taken by "juwels": names that differ only in capitals'),
    ],
)
def test_a_wrong_form_comes_back_with_a_sentence_and_without_the_secret(
    client: Client, outsider: User, changes: dict[str, str], sentence: str
) -> None:
    make_connection(owner=outsider, name="juwels")
    wrong = form(make_site(), name="kept as it was") | changes
    response = client.post(ADD, wrong)
    assert response.status_code == 422
    assert sentence in page_text(response)
    kept = "login_name" if "name" in changes else "name"
    assert f'value="{wrong[kept]}"' in response.content.decode()
    assert SECRET not in response.content.decode()
    assert Connection.objects.count() == 1


def test_a_kind_that_there_is_not_is_refused(client: Client) -> None:
    assert client.post(ADD, form(make_site(), kind="ftp")).status_code == 422
    assert not Connection.objects.exists()


def test_a_link_to_a_kind_that_there_is_not_says_so(client: Client) -> None:
    text = page_text(client.get(f"{ADD}?kind=ftp"))
    assert "There is no kind of connection called “ftp”. Choose one of these." in text
    assert "There is no kind" not in page_text(client.get(ADD))


def test_a_login_service_is_offered_where_a_site_has_one(client: Client) -> None:
    make_site(name="With", oidc_issuer="https://login.example.org", oidc_client_id="mantik")
    make_site(name="Without")
    text = page_text(client.get(f"{ADD}?kind=unicore-oidc"))
    assert "With" in text
    assert "Without" not in text


def test_a_key_pair_is_made_and_only_its_public_line_is_shown(client: Client) -> None:
    site = make_site(name="JSC")
    response = client.post(ADD, form(site, kind="unicore-key", secret=""), follow=True)
    made = Connection.objects.get()
    text = page_text(response)
    assert "is stored. Add its public key to ~/.ssh/authorized_keys of ada at JSC, then press Test. The" in text
    assert "This public key has to be in ~/.ssh/authorized_keys of ada at JSC. ssh-ed25519 " in text
    assert made.public_key.startswith("ssh-ed25519 ")
    assert made.public_key in text
    assert "PRIVATE KEY" in made.reveal_secret()
    assert "PRIVATE KEY" not in response.content.decode()


def test_a_new_key_pair_takes_the_place_of_the_old(client: Client, outsider: User) -> None:
    mine = make_connection(owner=outsider, kind=Connection.Kind.UNICORE_KEY, public_key="ssh-ed25519 OLD")
    path = f"{LIST}{mine.uuid}/secret/"
    assert "The old key pair is deleted at once." in page_text(client.get(path))
    text = page_text(client.post(path, follow=True))
    mine.refresh_from_db()
    assert f"The key pair of {mine.name} was replaced." in text
    assert mine.public_key in text
    assert "OLD" not in text
    assert mine.reveal_secret() != "s3cret"


def test_the_last_day_of_a_secret_is_shown(client: Client) -> None:
    day = timezone.localdate() + timedelta(days=400)
    text = page_text(client.post(ADD, form(make_site(), expires_at=day.isoformat()), follow=True))
    ends = Connection.objects.get().expires_at
    assert ends
    assert timezone.localdate(ends) == day
    assert f"Expires {day.day} {day:%b %Y}" in text


def test_an_ended_secret_is_said_plainly(client: Client, mine: Connection) -> None:
    Connection.objects.filter(pk=mine.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert "juwels Expired" in page_text(client.get(LIST))


def test_a_card_says_when_a_token_is_renewed_while_it_is(client: Client, mine: Connection) -> None:
    now = timezone.now()
    Connection.objects.update(expires_at=now + timedelta(days=20), renew_at=now + timedelta(days=5, hours=1))
    assert "will be renewed in 5 days" in page_text(client.get(LIST))
    Connection.objects.update(marked_bad_at=now, refused_since=now)
    assert "will be renewed" not in page_text(client.get(LIST))


def test_what_operators_wrote_about_a_site_is_shown_where_it_is_chosen(client: Client) -> None:
    make_site(name="JSC", notes="Ask for an account in JuDoor.")
    assert "About the sites JSC Ask for an account in JuDoor." in page_text(client.get(f"{ADD}?kind=unicore-key"))
    assert "JuDoor" not in page_text(client.get(f"{ADD}?kind=git-token"))


def test_a_site_that_is_not_offered_cannot_be_chosen(client: Client) -> None:
    site = make_site(name="Closed", is_offered=False)
    assert "Closed" not in page_text(client.get(f"{ADD}?kind=unicore-password"))
    assert client.post(ADD, form(site)).status_code == 422


def test_the_secret_can_be_replaced_and_the_old_test_no_longer_counts(client: Client, mine: Connection) -> None:
    before = timezone.now() - timedelta(days=1)
    Connection.objects.filter(pk=mine.pk).update(
        test_outcome=Connection.TestOutcome.WORKS, test_message="Signed in.", secret_set_at=before
    )
    response = client.post(f"{LIST}{mine.uuid}/secret/", {"secret": "quite another"}, follow=True)
    text = page_text(response)
    assert "The secret of juwels was replaced." in text
    assert "Being tested" in text
    mine.refresh_from_db()
    assert mine.reveal_secret() == "quite another"
    assert (mine.test_outcome, mine.test_message) == (Connection.TestOutcome.NOT_TESTED, "")
    assert mine.secret_set_at > before


def test_another_tab_that_has_replaced_the_secret_is_told_of(client: Client, mine: Connection) -> None:
    path = f"{LIST}{mine.uuid}/secret/"
    first, second = (as_browser_posts(client.get(path)) for _ in range(2))
    client.post(path, first | {"secret": "of the first tab"})
    response = client.post(path, second | {"secret": "of the second tab"})
    assert response.status_code == 422
    assert "Another tab or device has replaced this password at" in page_text(response)
    assert "type it again" in page_text(response)
    mine.refresh_from_db()
    assert mine.reveal_secret() == "of the first tab"
    client.post(path, as_browser_posts(response) | {"secret": "of the second tab"})
    mine.refresh_from_db()
    assert mine.reveal_secret() == "of the second tab"


def test_another_tab_that_has_made_a_key_pair_is_told_of(client: Client, outsider: User) -> None:
    key = make_connection(owner=outsider, kind=Connection.Kind.SSH_KEY)
    path = f"{LIST}{key.uuid}/secret/"
    first, second = (as_browser_posts(client.get(path)) for _ in range(2))
    assert client.post(path, first).status_code == 302
    key.refresh_from_db()
    made = key.public_key
    response = client.post(path, second)
    assert "Another tab or device has replaced this key pair at" in page_text(response)
    key.refresh_from_db()
    assert key.public_key == made
    assert client.post(path, as_browser_posts(response)).status_code == 302


def test_a_connection_that_was_just_deleted_gets_no_secret(
    client: Client, mine: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.services.connections._material", _deleted_first(mine))
    assert client.post(f"{LIST}{mine.uuid}/secret/", {"secret": "late"}).status_code == 404


def _deleted_first(connection: Connection) -> Callable[..., Any]:
    """While the site is asked, another tab deletes the connection."""

    def material(*args: Any, **options: Any) -> Any:
        Connection.objects.filter(pk=connection.pk).delete()
        return made(*args, **options)

    made = connections._material
    return material


def test_an_empty_secret_replaces_nothing(client: Client, mine: Connection) -> None:
    response = client.post(f"{LIST}{mine.uuid}/secret/", {"secret": ""})
    assert response.status_code == 422
    assert "This field is required." in page_text(response)
    mine.refresh_from_db()
    assert mine.reveal_secret() == SECRET


def test_it_is_deleted_after_a_question(client: Client, mine: Connection) -> None:
    path = f"{LIST}{mine.uuid}/delete/"
    question = page_text(client.get(path))
    assert "Delete juwels?" in question
    assert Connection.objects.exists()
    assert "juwels was deleted, and its secret with it." in page_text(client.post(path, follow=True))
    assert not Connection.objects.exists()


def test_no_page_ever_holds_the_secret(client: Client, mine: Connection) -> None:
    paths = [LIST, ADD, *(f"{LIST}{mine.uuid}/{last}/" for last in ("secret", "delete"))]
    for path in paths:
        response = client.get(path)
        assert response.status_code == 200
        content = response.content.decode()
        assert SECRET not in content
        assert mine.sealed_secret not in content


@pytest.mark.parametrize("last", ["secret", "test", "delete"])
def test_somebody_elses_connection_does_not_exist(
    confirmed_client_of: ClientOf, mine: Connection, owner: User, operator: User, last: str
) -> None:
    for stranger in (owner, operator):
        response = confirmed_client_of(stranger).post(f"{LIST}{mine.uuid}/{last}/", {"secret": "mine now"})
        assert response.status_code == 404
    mine.refresh_from_db()
    assert mine.reveal_secret() == SECRET


def test_the_list_is_ones_own(confirmed_client_of: ClientOf, mine: Connection, owner: User) -> None:
    text = page_text(confirmed_client_of(owner).get(LIST))
    assert "No connection yet." in text
    assert "juwels" not in text


@pytest.mark.parametrize("last", ["", "add/"])
def test_who_is_not_signed_in_is_asked_to(last: str) -> None:
    response = Client().get(f"{LIST}{last}")
    assert response["Location"] == f"/accounts/sign-in/?next={LIST}{last}"


def test_a_test_is_never_a_mere_visit(client: Client, mine: Connection) -> None:
    assert client.get(f"{LIST}{mine.uuid}/test/").status_code == 405


def test_the_list_costs_the_same_number_of_queries_however_long_it_is(client: Client, outsider: User) -> None:
    counts = []
    for number in (5, 45):
        for _ in range(number):
            make_connection(owner=outsider)
        counts.append(count_queries(client, LIST))
    assert counts[0] == counts[1] <= 8


def test_a_connection_is_renamed(client: Client, mine: Connection, owner: User) -> None:
    make_connection(owner=mine.owner, name="gitlab")
    make_connection(owner=owner, name="jupiter")
    address = f"{LIST}{mine.uuid}/rename/"
    assert 'value="juwels"' in client.get(address).content.decode()
    taken = client.post(address, {"name": "GitLab"})
    assert taken.status_code == 422
    assert '"GitLab" is taken by "gitlab"' in page_text(taken)
    answer = client.post(address, {"name": "jupiter"}, follow=True)
    assert answer.redirect_chain == [(f"{LIST}#connection-{mine.uuid}", 302)]
    assert "juwels is now called jupiter." in page_text(answer)
    mine.refresh_from_db()
    assert (mine.name, mine.reveal_secret()) == ("jupiter", SECRET)
    event = AuditEvent.objects.get(verb="connection.renamed")
    assert (event.actor, event.before, event.after) == (mine.owner, {"name": "juwels"}, {"name": "jupiter"})


def test_only_the_owner_renames_a_connection(confirmed_client_of: ClientOf, mine: Connection, owner: User) -> None:
    assert confirmed_client_of(owner).post(f"{LIST}{mine.uuid}/rename/", {"name": "theirs"}).status_code == 404
    mine.refresh_from_db()
    assert mine.name == "juwels"


def test_a_name_that_was_taken_meanwhile_is_refused(mine: Connection) -> None:
    make_connection(owner=mine.owner, name="gitlab")
    with pytest.raises(NameTaken):
        rename_connection(connection=mine, name="gitlab")
    assert mine.name == "juwels"
    assert not AuditEvent.objects.filter(verb="connection.renamed").exists()
