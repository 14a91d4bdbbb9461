"""The docs in a browser: for everybody, at addresses that last."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from mantik.accounts.models import User
from mantik.docs.library import library
from mantik.docs.searching import LONGEST_QUERY, MOST_SHOWN
from tests.conftest import ClientOf
from tests.mantik.docs.walking import SLUGS, is_there
from tests.support.pages import count_queries, links, neighbour, page_text

pytestmark = pytest.mark.django_db


def test_the_contents_lead_to_every_page(client: Client) -> None:
    answer = client.get("/docs/")
    for page in library().pages.values():
        assert links(answer)[page.label] == f"/docs/{page.slug}/"
        assert page.summary[1:] in page_text(answer)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_is_there_for_who_is_not_signed_in(client: Client, slug: str) -> None:
    answer = client.get(f"/docs/{slug}/")
    assert answer.status_code == 200
    assert f"<h1>{library().pages[slug].title}</h1>" in answer.content.decode()
    assert links(answer)["Sign in"] == "/accounts/sign-in/"


def test_a_page_has_an_outline_neighbours_and_all_others_beside_it(client: Client) -> None:
    answer = client.get("/docs/schedules/")
    found = links(answer)
    assert found["When clocks change"] == "#when-clocks-change"
    assert found["Models"] == "/docs/models/"
    assert neighbour(answer, "prev") == "/docs/tracking/"
    assert neighbour(answer, "next") == "/docs/models/"
    assert 'href="/docs/schedules/" aria-current="page"' in answer.content.decode()


def test_who_is_signed_in_keeps_their_menu(client_of: ClientOf, owner: User) -> None:
    assert "Your menu, signed in as" in page_text(client_of(owner).get("/docs/runs/"))


def test_the_docs_themselves_ask_the_database_nothing(client: Client) -> None:
    assert count_queries(client, "/docs/operators/") == count_queries(client, "/docs/")
    assert count_queries(client, "/docs/search/?q=run") == count_queries(client, "/docs/")


@pytest.mark.parametrize("path", ["/docs/nothing/", "/docs/README/", "/docs/schedules.md"])
def test_there_is_no_other_page(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_pages_are_only_read(client: Client) -> None:
    assert {client.post(path).status_code for path in ("/docs/", "/docs/runs/", "/docs/search/")} == {405}


# Search


def test_a_search_leads_to_the_headings_and_shows_the_words(client: Client) -> None:
    answer = client.get("/docs/search/", {"q": "clocks go forward"})
    assert links(answer)["Schedules / When clocks change"] == "/docs/schedules/#when-clocks-change"
    assert "<mark>clocks</mark> <mark>go</mark> <mark>forward</mark>" in answer.content.decode()
    assert 'value="clocks go forward"' in answer.content.decode()


def test_every_hit_leads_somewhere(client: Client) -> None:
    content = client.get("/docs/search/", {"q": "run"}).content.decode()
    urls = re.findall(r'<a href="(/docs/[^"]*)"', content.split("docs-hits")[1])
    assert len(urls) == MOST_SHOWN
    assert [url for url in urls if not is_there(url)] == []
    assert f"These are the best {MOST_SHOWN}." in content


def test_nothing_found_says_so_and_what_to_do(client: Client) -> None:
    text = page_text(client.get("/docs/search/", {"q": "xylophone"}))
    assert "Nothing in the docs has “xylophone”." in text
    assert "Try fewer words or others" in text


def test_some_of_the_words_are_better_than_none(client: Client) -> None:
    assert "No section has all of these words." in page_text(client.get("/docs/search/", {"q": "cron xylophone"}))


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20%00", "?q=%ED%A0%80", "?q[]=a", "?page=x"])
def test_a_search_for_nothing_says_what_can_be_typed(client: Client, query: str) -> None:
    answer = client.get(f"/docs/search/{query}")
    assert answer.status_code == 200
    assert "<h1>Search</h1>" in answer.content.decode()


@pytest.mark.parametrize("word", ["x" * (LONGEST_QUERY + 1), "long " * 20_000])
def test_a_search_for_too_much_is_told_how_much(client: Client, word: str) -> None:
    answer = client.get("/docs/search/", {"q": word})
    assert answer.status_code == 200
    assert f"search for a few words, {LONGEST_QUERY} characters at most" in page_text(answer)
    assert len(answer.content) < 50_000


SIGNS = ["<script>alert(1)</script>", '"><b>', "(((", "a*", "\\", "[", "%00", "{{ user }}", "ß" * 99]


@pytest.mark.parametrize("word", SIGNS)
def test_signs_are_only_signs(client: Client, word: str) -> None:
    answer = client.get("/docs/search/", {"q": word})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "<b>" not in answer.content.decode()
