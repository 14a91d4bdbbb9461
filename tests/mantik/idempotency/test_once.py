from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from mantik.accounts.models import User
from mantik.idempotency.models import IdempotencyKey
from mantik.idempotency.services import KEPT_FOR, Answer, Asked, forget_old, new_key, once
from mantik.idempotency.tasks import sweep_keys
from tests.support.factories import make_user

KIND = "thing.made"


class Maker:
    """Makes things with the numbers 1, 2, ..."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return str(self.count)


def test_what_is_asked_twice_is_made_once(outsider: User) -> None:
    make, asked = Maker(), Asked("key", {"name": ["x"]})
    assert once(asked, user=outsider, kind=KIND, make=make) == Answer("1", is_new=True)
    assert once(asked, user=outsider, kind=KIND, make=make) == Answer("1", is_new=False)
    assert make.count == 1


@pytest.mark.parametrize(
    "other",
    [
        Asked("another", {"name": ["x"]}),
        Asked("key", {"name": ["y"]}),
        Asked("key", {"name": ["x", "x"]}),
        Asked("key"),
    ],
    ids=["key", "value", "values", "nothing"],
)
def test_another_key_or_other_contents_are_another_request(outsider: User, other: Asked) -> None:
    make = Maker()
    once(Asked("key", {"name": ["x"]}), user=outsider, kind=KIND, make=make)
    assert once(other, user=outsider, kind=KIND, make=make) == Answer("2", is_new=True)


def test_keys_of_others_and_of_other_kinds_do_not_count(outsider: User) -> None:
    make, asked = Maker(), Asked("key")
    once(asked, user=outsider, kind=KIND, make=make)
    assert once(asked, user=outsider, kind="thing.ended", make=make).is_new
    assert once(asked, user=make_user("bob"), kind=KIND, make=make).is_new


def test_without_a_key_every_request_is_a_new_one(outsider: User) -> None:
    make = Maker()
    for number in ("1", "2"):
        assert once(Asked(contents={"name": ["x"]}), user=outsider, kind=KIND, make=make) == Answer(number, is_new=True)
    assert not IdempotencyKey.objects.exists()


def test_what_could_not_be_made_may_be_asked_for_again(outsider: User) -> None:
    asked = Asked("key")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        once(asked, user=outsider, kind=KIND, make=lambda: str(1 / 0))
    assert once(asked, user=outsider, kind=KIND, make=Maker()) == Answer("1", is_new=True)


def test_a_form_is_what_was_typed_without_what_each_page_has_of_its_own() -> None:
    first = QueryDict("csrfmiddlewaretoken=a&idempotency_key=k&name=%F0%9F%98%80&gpu=1&gpu=2")
    again = QueryDict("csrfmiddlewaretoken=b&idempotency_key=k&name=%F0%9F%98%80&gpu=1&gpu=2")
    other = QueryDict("csrfmiddlewaretoken=b&idempotency_key=k&name=%F0%9F%98%80&gpu=1")
    assert Asked.by_form(first).digest == Asked.by_form(again).digest != Asked.by_form(other).digest
    assert Asked.by_form(QueryDict("name=x")).key == ""


def test_two_pages_never_have_the_same_key() -> None:
    assert len({new_key() for _ in range(100)}) == 100


def test_keys_are_forgotten_when_nobody_tries_again(outsider: User) -> None:
    now = timezone.now()
    for name, age in (("old", KEPT_FOR + timedelta(hours=1)), ("young", KEPT_FOR - timedelta(hours=1))):
        once(Asked(name), user=outsider, kind=name, make=Maker())
        IdempotencyKey.objects.filter(kind=name).update(created_at=now - age)
    sweep_keys()
    assert [row.kind for row in IdempotencyKey.objects.all()] == ["young"]
    assert forget_old(now=now + KEPT_FOR) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_waits_and_gets_what_the_first_made() -> None:
    outsider, asked, make = make_user("olga"), Asked("key"), Maker()
    is_making, may_end = threading.Event(), threading.Event()

    def slowly() -> str:
        is_making.set()
        may_end.wait(30)
        return make()

    def ask(maker: object) -> Answer:
        try:
            return once(asked, user=outsider, kind=KIND, make=maker)  # type: ignore[arg-type]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, slowly)
        assert is_making.wait(30)
        second = pool.submit(ask, make)
        with pytest.raises(TimeoutError):
            second.result(0.5)
        may_end.set()
        assert {first.result(30), second.result(30)} == {Answer("1", is_new=True), Answer("1", is_new=False)}
