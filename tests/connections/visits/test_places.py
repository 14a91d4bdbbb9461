"""So many worker processes talk to a site at once, and to a connection; the others find no place and go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import Connection, Site, SiteVisit
from connections.visits.places import Full, Purpose, full, visiting
from mantik.accounts.models import User
from mantik.lib.leases import usual_time
from tests.support.at_once import at_once
from tests.support.factories import make_connection, make_site, make_user

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def user(db: None) -> User:
    return make_user()


@pytest.fixture
def site(db: None) -> Site:
    return make_site(name="Jupiter", max_processes=3, max_processes_per_connection=2)


def connections_to(site: Site, count: int) -> list[Connection]:
    owner = make_user()
    return [make_connection(site=site, owner=owner, name=f"login {number}") for number in range(count)]


@contextmanager
def places_taken(*visitors: Connection, now: datetime, purpose: Purpose = Purpose.SUBMIT) -> Iterator[list[bool]]:
    """What each found that came, one after the other, while the others were there."""
    with ExitStack() as visits:
        yield [
            visits.enter_context(visiting(one, purpose=purpose, longest=HOUR, clock=lambda: now)) for one in visitors
        ]


@pytest.mark.django_db
def test_submissions_leave_a_place_for_following_at_the_site_and_of_each_connection(site: Site, now: datetime) -> None:
    one, other, third = connections_to(site, 3)
    with places_taken(one, one, other, third, now=now) as submitting:
        assert submitting == [True, False, True, False]
        assert full(now, Purpose.SUBMIT) == Full(frozenset({site.pk}), frozenset({one.pk, other.pk}))
        assert full(now, Purpose.FOLLOW) == Full()
        with places_taken(one, one, other, now=now, purpose=Purpose.FOLLOW) as following:
            assert following == [True, False, False]
            assert full(now, Purpose.FOLLOW) == Full(frozenset({site.pk}), frozenset({one.pk}))
    assert full(now, Purpose.SUBMIT) == full(now, Purpose.FOLLOW) == Full()


@pytest.mark.django_db
def test_following_takes_the_places_of_submissions_last(site: Site, now: datetime) -> None:
    one, other, third = connections_to(site, 3)
    with places_taken(one, now=now, purpose=Purpose.FOLLOW):
        with places_taken(one, other, third, now=now) as submitting:
            assert submitting == [True, True, False]
        with places_taken(other, third, now=now, purpose=Purpose.FOLLOW) as following:
            assert following == [True, True]
            assert full(now, Purpose.SUBMIT).sites == {site.pk}


@pytest.mark.django_db
def test_fetching_what_trainings_log_leaves_the_place_for_following(now: datetime) -> None:
    """As many as may be, with the usual numbers: submissions have to wait, following does not."""
    one, other, third = connections_to(make_site(name="Saturn", max_processes=2, max_processes_per_connection=2), 3)
    with places_taken(one, one, other, now=now, purpose=Purpose.CARRY) as carrying:
        assert carrying == [True, False, False]
        with places_taken(other, now=now) as submitting, places_taken(one, now=now, purpose=Purpose.FOLLOW) as found:
            assert (submitting, found) == ([False], [True])
    with places_taken(third, now=now), places_taken(one, now=now, purpose=Purpose.CARRY) as carrying:
        assert carrying == [False]


@pytest.mark.django_db
def test_a_large_file_takes_no_place_of_others(now: datetime) -> None:
    one, other = connections_to(make_site(name="Saturn", max_processes=2, max_processes_per_connection=2), 2)
    with places_taken(one, one, other, now=now, purpose=Purpose.CARRY_LARGE) as large:
        assert large == [True, False, False]
        for purpose in (Purpose.SUBMIT, Purpose.CARRY, Purpose.FOLLOW):
            assert full(now, purpose) == Full()
            with places_taken(one, now=now, purpose=purpose) as found:
                assert found == [True]


@pytest.mark.django_db
def test_where_there_is_one_place_both_share_it(now: datetime) -> None:
    (one,) = connections_to(make_site(name="Saturn", max_processes=1, max_processes_per_connection=1), 1)
    for purpose, other in ((Purpose.SUBMIT, Purpose.FOLLOW), (Purpose.FOLLOW, Purpose.SUBMIT)):
        with places_taken(one, now=now, purpose=purpose) as found, places_taken(one, now=now, purpose=other) as more:
            assert (found, more) == ([True], [False])


@pytest.mark.django_db
def test_another_site_has_places_of_its_own(site: Site, now: datetime, settings: Settings) -> None:
    """Without numbers of its own, those of the settings."""
    settings.MANTIK_SITE_PROCESSES, settings.MANTIK_SITE_PROCESSES_PER_CONNECTION = 3, 2
    mine = connections_to(site, 2)
    theirs = connections_to(make_site(name="Saturn"), 3)
    with places_taken(*mine, now=now), places_taken(*theirs, now=now) as found:
        assert found == [True, True, False]


@pytest.mark.django_db
def test_whoever_leaves_with_an_error_leaves_the_place(site: Site, now: datetime) -> None:
    (one,) = connections_to(site, 1)
    with (
        pytest.raises(ZeroDivisionError),
        visiting(one, purpose=Purpose.SUBMIT, longest=HOUR, clock=lambda: now),
    ):
        raise ZeroDivisionError
    assert not SiteVisit.objects.exists()


@pytest.mark.django_db
def test_the_place_of_a_process_that_died_is_free_when_its_lease_is_over(site: Site, now: datetime) -> None:
    one, other = connections_to(site, 2)
    visits = ExitStack()
    for visitor in (one, other):
        visits.enter_context(visiting(visitor, purpose=Purpose.SUBMIT, longest=HOUR, clock=lambda: now))
    with places_taken(other, now=now + usual_time() - SECOND) as found:
        assert found == [False]
    assert full(now + usual_time(), Purpose.SUBMIT) == Full()
    with places_taken(one, other, now=now + usual_time()) as found:
        assert found == [True, True]
        # One that was only thought dead does not take away the place of another when it leaves.
        visits.close()
        assert SiteVisit.objects.count() == 2


@pytest.mark.django_db
def test_fewer_places_are_for_those_who_come_later(site: Site, now: datetime) -> None:
    one, other = connections_to(site, 2)
    with places_taken(one, other, now=now) as found:
        Site.objects.update(max_processes=1)
        later = Connection.objects.select_related("site").get(pk=other.pk)
        with places_taken(later, now=now, purpose=Purpose.FOLLOW) as more:
            assert (found, more) == ([True, True], [False])
            assert full(now, Purpose.FOLLOW).sites == {site.pk}


@pytest.mark.django_db
def test_a_git_host_has_no_places(user: User, now: datetime) -> None:
    with places_taken(make_connection(owner=user, kind=Connection.Kind.GIT_TOKEN), now=now) as found:
        assert found == [False]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_at_once_as_many_find_a_place_as_there_are(site: Site, now: datetime) -> None:
    connections = connections_to(site, 4)
    all_have_come = Barrier(8)

    def come(visitor: Connection) -> bool:
        with visiting(visitor, purpose=Purpose.SUBMIT, longest=HOUR, clock=lambda: now) as has_place:
            all_have_come.wait(20)
            return has_place

    found = at_once([lambda one=one: come(one) for one in connections * 2])  # type: ignore[misc]
    # Some may have been beaten to each place that they tried, but never do too many get in.
    assert 1 <= found.count(True) <= 2
    assert found.count(True) + found.count(False) == 8
    assert not SiteVisit.objects.exists()


@pytest.mark.django_db
def test_a_site_or_connection_that_is_deleted_takes_its_visits_with_it(site: Site, now: datetime) -> None:
    one, other = connections_to(site, 2)
    with places_taken(one, other, now=now):
        one.delete()
        assert SiteVisit.objects.count() == 1
        other.delete()
        site.delete()
    assert full(now, Purpose.SUBMIT) == Full()
