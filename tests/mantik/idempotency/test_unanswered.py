"""Requests without a key, which take effect once although they are sent again, and each although they look the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from mantik.accounts.models import User
from mantik.idempotency.models import IdempotencyKey
from mantik.idempotency.unanswered import HELD_FOR, Begun, once_until_answered, was_answered, was_left
from tests.mantik.idempotency.test_once import Maker
from tests.support.at_once import at_once
from tests.support.factories import make_user

NOW = timezone.now()
SENT = {"start_time": 1}


def ask(user: User, make: Maker, *, after: timedelta = timedelta(0), kind: str = "run.made", value: int = 1) -> Begun:
    return once_until_answered({"start_time": value}, user=user, kind=kind, make=make, now=NOW + after)


def test_what_was_left_without_an_answer_is_what_who_asks_again_gets(outsider: User) -> None:
    make = Maker()
    first = ask(outsider, make)
    was_left(first)
    assert ask(outsider, make) == Begun(first.pk, "1", is_new=False)
    # That one is under way.
    assert ask(outsider, make).text == "2"


def test_what_was_answered_is_over(outsider: User) -> None:
    make = Maker()
    was_answered(ask(outsider, make))
    assert not IdempotencyKey.objects.exists()
    assert ask(outsider, make, after=HELD_FOR * 2).is_new


def test_two_that_look_the_same_get_one_each_and_again_each_the_own_number(outsider: User) -> None:
    """Programs that start in the same millisecond."""
    make = Maker()
    begun = [ask(outsider, make) for _ in range(3)]
    for one in begun:
        was_left(one)
    assert {ask(outsider, make).text for _ in range(3)} == {"1", "2", "3"}
    assert ask(outsider, make).text == "4"


def test_what_nobody_answers_any_more_was_left(outsider: User) -> None:
    """Its process was killed."""
    make = Maker()
    ask(outsider, make)
    assert ask(outsider, make, after=HELD_FOR - timedelta(seconds=1)).text == "2"
    assert ask(outsider, make, after=HELD_FOR).text == "1"


def test_others_and_other_contents_are_other_requests(outsider: User) -> None:
    make = Maker()
    was_left(ask(outsider, make))
    assert ask(make_user("bob"), make).is_new
    assert ask(outsider, make, kind="model.made").is_new
    assert ask(outsider, make, value=2).is_new
    assert not ask(outsider, make).is_new


def test_what_could_not_be_made_leaves_nothing(outsider: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        once_until_answered(SENT, user=outsider, kind="run.made", make=lambda: str(1 / 0), now=NOW)
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_several_who_ask_again_at_once_one_gets_it() -> None:
    user, make = make_user("olga"), Maker()
    was_left(ask(user, make))
    found = at_once([lambda: ask(user, make).is_new for _ in range(4)])
    assert [found.count(False), found.count(True)] == [1, 3]
