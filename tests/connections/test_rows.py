"""What the database itself does not let happen."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.db.models.deletion import RestrictedError
from django.utils import timezone

from connections.models import Connection, Site
from connections.services import connections
from mantik.accounts.models import User
from mantik.lib.sealing import SealBroken
from tests.support.factories import make_connection, make_site

pytestmark = pytest.mark.django_db

GIT = Connection.Kind.GIT_TOKEN


def test_the_secret_is_encrypted_before_it_touches_the_database(outsider: User) -> None:
    made = make_connection(owner=outsider, secret="hunter2")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM connections_connection")
        assert "hunter2" not in str(cursor.fetchall())
    assert Connection.objects.get(pk=made.pk).reveal_secret() == "hunter2"


def test_a_secret_copied_into_another_row_does_not_open_there(outsider: User) -> None:
    mine, other = make_connection(owner=outsider, secret="hunter2"), make_connection()
    other.sealed_secret = mine.sealed_secret
    with pytest.raises(SealBroken):
        other.reveal_secret()


def test_a_connection_always_has_a_secret(outsider: User) -> None:
    with pytest.raises(IntegrityError):
        Connection.objects.create(owner=outsider, kind=GIT, name="x", secret_set_at=timezone.now())


def test_a_site_goes_with_the_kind_of_connection(outsider: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_connection(owner=outsider, kind=GIT, site=make_site())
    connected = make_connection(owner=outsider)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=connected.pk).update(site=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.filter(pk=connected.pk).update(kind="ftp")


def test_names_are_unique_per_owner_whatever_their_case(outsider: User, owner: User) -> None:
    make_connection(owner=outsider, name="Juwels")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_connection(owner=outsider, name="JUWELS")
    assert make_connection(owner=owner, name="Juwels").owner == owner


def test_of_two_with_the_same_name_the_second_is_told(outsider: User) -> None:
    def add(name: str) -> Connection:
        return connections.add_connection(owner=outsider, kind=GIT, name=name, secret="x", now=timezone.now())

    add("github")
    with pytest.raises(connections.NameTaken):
        add("GitHub")
    assert Connection.objects.count() == 1


def test_a_site_is_catalogued_once() -> None:
    site = make_site(name="JUWELS")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_site(name="juwels")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_site(base_url=site.base_url)
    assert Site.objects.count() == 1


def test_a_site_in_use_is_not_deleted(outsider: User) -> None:
    used = make_connection(owner=outsider).site
    assert used
    with pytest.raises(RestrictedError):
        used.delete()


def test_only_offered_sites_are_offered(outsider: User, owner: User) -> None:
    offered, mine = make_site(name="A"), make_site(name="B", added_by=outsider)
    make_site(is_offered=False)
    assert list(Site.objects.offered_to(outsider)) == [offered, mine]
    assert list(Site.objects.offered_to(owner)) == [offered]


def test_a_members_own_sites_and_connections_go_with_the_account(outsider: User) -> None:
    site = make_site(added_by=outsider)
    make_connection(owner=outsider, site=site)
    outsider.delete()
    assert not Site.objects.exists()
    assert not Connection.objects.exists()


def test_two_members_may_add_the_same_site(outsider: User, owner: User) -> None:
    for member in (outsider, owner):
        make_site(name="Mine", base_url="https://hpc.example.org/SITE/rest/core", added_by=member)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_site(name="mine", added_by=owner)
    assert Site.objects.count() == 2


@pytest.mark.parametrize("field", ["secret", "access"])
def test_a_ciphertext_of_another_column_does_not_open_there(outsider: User, field: str) -> None:
    made = make_connection(owner=outsider)
    made.sealed_secret = made.sealed_access = made.sealed(field, "hunter2")
    opened = {"secret": made.reveal_secret, "access": made.reveal_access}
    assert opened.pop(field)() == "hunter2"
    [other] = opened.values()
    with pytest.raises(SealBroken):
        other()


def test_a_connection_is_its_owners_alone(outsider: User, operator: User) -> None:
    mine = make_connection(owner=outsider)
    assert list(Connection.objects.owned_by(outsider)) == [mine]
    assert list(Connection.objects.owned_by(operator)) == []
    assert list(Connection.objects.owned_by(AnonymousUser())) == []


def test_kinds_are_told_apart(outsider: User) -> None:
    site, git = make_connection(owner=outsider), make_connection(owner=outsider, kind=GIT)
    assert list(Connection.objects.owned_by(outsider).for_sites()) == [site]
    assert list(Connection.objects.owned_by(outsider).for_git()) == [git]
