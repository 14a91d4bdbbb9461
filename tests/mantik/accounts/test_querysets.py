from __future__ import annotations

import pytest

from mantik.accounts.models import User
from mantik.lib.name_keys import refresh_keys
from projects.models import Project
from projects.services.groups import NotAdded, person_named
from projects.services.invitations import NotInvited, invitee
from runs.models import Run
from tests.support.factories import make_run, make_user

pytestmark = pytest.mark.django_db


def test_a_user_name_is_found_in_capitals_or_not() -> None:
    ada = make_user("Ada")
    assert [User.objects.called(name) for name in ("Ada", "ada", "ADA")] == [ada] * 3
    assert User.objects.called("ad") is None
    assert User.objects.called("a%") is None


def test_of_two_that_differ_in_capitals_only_it_is_the_one_that_is_named_exactly() -> None:
    """From before that was refused; nobody is taken for the other one."""
    capital, small = make_user("Ada"), make_user()
    User.objects.filter(pk=small.pk).update(username="ada")
    list(refresh_keys())
    assert (User.objects.called("Ada"), User.objects.called("ada")) == (capital, small)
    assert User.objects.called("ADA") is None


def test_people_are_invited_added_and_searched_for_in_capitals_or_not(project: Project) -> None:
    ada, asking = make_user("ada"), make_user()
    run = make_run(project=project, created_by=ada)
    assert invitee("ADA") == ada
    assert person_named("Ada", asked_by=asking) == ada
    assert list(Run.objects.filter(project=project).search("aDa")) == [run]


def test_an_account_that_is_not_active_is_neither_invited_nor_added() -> None:
    make_user("gone", is_active=False)
    with pytest.raises(NotInvited):
        invitee("GONE")
    with pytest.raises(NotAdded):
        person_named("GONE", asked_by=make_user())
