"""The search box of a list keeps the list's filters, and has it follow where the list can."""

from __future__ import annotations

import re

from django.http import QueryDict
from django.template import Context, Template

from mantik.lib.filters import Chips, Filters, Option, Several, Text
from mantik.lib.search_form import SearchBox

FOLLOWED = SearchBox("books", by="title or author", hint="Title, author", rows="book-rows", besides="shelves")


class ShelfFilter(Filters):
    state = Chips("All", [Option("new", "New", 1)])
    q = Text(SearchBox("books", by="title or author", hint="Title, author"))
    label = Several(most=3, form=str.lower, narrows=False)


class FollowedFilter(Filters):
    q = Text(FOLLOWED)


class BareFilter(Filters):
    q = Text()


def drawn(filters: Filters) -> str:
    return Template("{% load crispy_forms_tags %}{% crispy filters.search %}").render(Context({"filters": filters}))


def test_what_is_typed_is_sent_with_the_filters_in_force() -> None:
    query = QueryDict("q=%22red%22&state=new&label=A&label=b&page=9")
    html = drawn(ShelfFilter(query, path="/shelf/"))
    assert re.findall(r'name="(\w+)" value="([^"]*)"', html) == [
        *(("state", "new"), ("label", "a"), ("label", "b"), ("q", "&quot;red&quot;"))
    ]
    assert re.search(r'<form method="get" action="/shelf/" class="search" role="search">', html)


def test_the_box_is_named_and_hinted_and_waits_for_enter() -> None:
    html = drawn(ShelfFilter(path="/shelf/"))
    assert '<label class="visually-hidden" for="books-q">Search books by title or author</label>' in html
    (box,) = re.findall(r"<input[^>]*>", html)
    for attribute in ('type="search"', 'id="books-q"', 'placeholder="Title, author"', 'data-key="/"'):
        assert attribute in box
    for absent in ("required", "value"):
        assert absent not in box
    for absent in ("csrf", "hx-", "data-submit-once"):
        assert absent not in html


def test_a_list_that_can_follows_the_typing() -> None:
    html = drawn(FollowedFilter(path="/shelf/"))
    for attribute in (
        'hx-get="/shelf/"',
        'hx-target="#book-rows"',
        'hx-select="#book-rows"',
        'hx-select-oob="#shelves"',
        'hx-trigger="input changed delay:300ms from:find #books-q, submit"',
        'hx-push-url="true"',
        'hx-sync="this:replace"',
    ):
        assert attribute in html


def test_a_list_without_a_box_has_no_form() -> None:
    assert BareFilter(path="/shelf/").search is None
