"""Filters of lists: what they read of a URL, what they say of the rest, and where their links lead."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from django.db import connection
from django.http import QueryDict
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mantik.accounts.models import User
from mantik.lib.filters import MOST_OPTIONS, Chips, Filters, Link, Lists, Menu, Option, Several, Text
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.factories import make_experiment, make_run
from tests.support.pages import page_text

STATES = [Option("new", "New", 1), Option("old", "Old", 2)]
AUTHORS = [Option("ada", "Ada", 7), Option("bob", "Bob", 8)]


class ShelfFilter(Filters):
    show = Lists([Option("mine", "Mine", "m"), Option("all", "All", "a")])
    q = Text()
    state = Chips("All states", STATES)
    author = Menu[int]("Author")
    label = Several(most=2, form=str.lower)
    column = Several(most=2, form=str, narrows=False)


def read(query: str) -> ShelfFilter:
    return ShelfFilter(QueryDict(query), path="/shelf/", options={"author": AUTHORS})


def url(link: Link) -> str:
    template = Template("{{ filters.path }}{% querystring link.query %}")
    return html.unescape(template.render(Context({"filters": read(""), "link": link})))


def test_values_are_those_of_the_url_with_what_they_mean() -> None:
    filters = read("q= sea &state=old&author=bob&label=B&label=a&label=b&label=c&column=X&show=all")
    assert filters.q == "sea"
    assert filters.state == STATES[1]
    assert filters.author
    assert filters.author.means == 8
    assert (filters.label, filters.column) == (["b", "a"], ["X"])
    assert filters.show.means == "a"
    assert filters.left_out == ["The address names 3 of “label”. Only the first 2 count."]


@pytest.mark.parametrize("query", ["", "q=&state=&author=&label=&show=", "q=+", "show=mine", "show=theirs", "other=x"])
def test_a_query_that_asks_for_nothing_is_no_filter(query: str) -> None:
    filters = read(query)
    assert (filters.q, filters.state, filters.author, filters.label) == ("", None, None, [])
    assert filters.show.value == "mine"
    assert not filters.is_filtered
    assert not filters.query
    assert not filters.left_out


def test_what_only_chooses_how_rows_are_shown_does_not_filter() -> None:
    filters = read("column=X&show=all")
    assert not filters.is_filtered
    assert filters.query_of_all.urlencode() == "show=all&column=X"
    assert read("column=X&q=sea&label=a").query_of_all.urlencode() == "column=X"


def test_what_is_not_there_is_left_out_and_said() -> None:
    filters = read("state=<lost>&author=eve&q=sea")
    assert (filters.state, filters.author) == (None, None)
    assert filters.left_out == [
        "There is no state “<lost>” here; this filter was left out.",
        "There is no author “eve” here any more; this filter was left out.",
    ]
    assert filters.query.urlencode() == "q=sea"


def test_of_what_is_asked_twice_the_last_counts_and_long_texts_are_cut() -> None:
    filters = read(f"state=new&state=old&q={'x' * 200}&author={'y' * 200}")
    assert filters.state == STATES[1]
    assert filters.q == "x" * 100
    assert filters.left_out[0] == "The search has 200 characters. Only the first 100 were looked for."
    assert f"“{'y' * 60}”" in filters.left_out[1]


def test_no_text_holds_the_one_character_that_postgresql_refuses() -> None:
    filters = read("q=a%00b&label=%00&column=c%00&author=ada%00")
    assert (filters.q, filters.label, filters.column) == ("ab", [], ["c"])
    assert filters.author == AUTHORS[0]


def test_each_link_changes_one_thing_and_keeps_the_rest_in_one_order() -> None:
    filters = read("label=a&label=b&state=new&q=sea&show=all")
    assert [(link.label, link.is_chosen, url(link)) for link in filters.chips] == [
        ("All states", False, "/shelf/?show=all&q=sea&label=a&label=b"),
        ("New", True, "/shelf/?show=all&q=sea&state=new&label=a&label=b"),
        ("Old", False, "/shelf/?show=all&q=sea&state=old&label=a&label=b"),
    ]
    assert [(link.label, url(link)) for link in filters.removable] == [
        ("a", "/shelf/?show=all&q=sea&state=new&label=b"),
        ("b", "/shelf/?show=all&q=sea&state=new&label=a"),
    ]
    assert [tab["query"].urlencode() for tab in filters.tabs] == [
        "q=sea&state=new&label=a&label=b",
        "show=all&q=sea&state=new&label=a&label=b",
    ]
    assert filters.hidden == [("show", "all"), ("state", "new"), ("label", "a"), ("label", "b")]


def test_links_without_anything_lead_to_the_list_itself() -> None:
    filters = read("state=old")
    assert url(filters.chips[0]) == "/shelf/"


def test_a_menu_names_what_is_chosen_and_leads_away_from_it() -> None:
    (menu,) = read("author=bob&q=sea").menus
    assert (menu.label, menu.chosen) == ("Author", "Bob")
    assert [(url(link), link.is_chosen) for link in menu.links] == [
        ("/shelf/?q=sea&author=ada", False),
        ("/shelf/?q=sea&author=bob", True),
    ]
    assert menu.without is not None
    assert menu.without.urlencode() == "q=sea"


def test_every_link_is_read_as_it_was_meant() -> None:
    filters = read("q=a %26 b&state=old&label=x&show=all")
    for query in [filters.query, *(link.query for link in filters.chips), *(link.query for link in filters.removable)]:
        assert read(query.urlencode()).query == query


def test_who_has_no_choice_of_lists_sees_no_tabs() -> None:
    filters = ShelfFilter(QueryDict("show=all"), path="/", options={"show": [Option("all", "All", "a")], "author": []})
    assert filters.show.value == "all"
    assert not filters.tabs
    assert not filters.query


# On pages


def listed(client: Client, query: str) -> tuple[list[str], str]:
    """The runs, and the words of the page."""
    page = client.get(f"/projects/pv-yield/runs/?{query}")
    assert page.status_code == 200
    return re.findall(r'class="row-link" href="[^"]*">([^<]*)<', page.content.decode()), page_text(page)


@pytest.mark.django_db
def test_a_list_says_that_what_its_url_names_is_gone(
    client_of: ClientOf, project: Project, researcher: User, guest: User
) -> None:
    experiment = make_experiment(project=project)
    make_run(project=project, created_by=researcher, name="other")
    make_run(project=project, created_by=researcher, name="asked for", experiment=experiment)
    client = client_of(guest)
    query = f"experiment={experiment.uuid}&member=bob"
    assert listed(client, query)[0] == ["asked for"]

    project.experiments.filter(pk=experiment.pk).update(uuid=uuid.uuid4())

    names, words = listed(client, query)
    assert names == ["asked for", "other"]
    assert f"There is no experiment “{experiment.uuid}” here any more; this filter was left out." in words
    assert "There is no member" not in words


@pytest.mark.django_db
def test_what_no_menu_has_room_for_can_still_be_asked_for(
    client_of: ClientOf, project: Project, researcher: User, guest: User
) -> None:
    experiments = [make_experiment(project=project, name=f"e{number:03}") for number in range(MOST_OPTIONS + 2)]
    last = max(experiments, key=lambda experiment: list(project.experiments.in_order()).index(experiment))
    make_run(project=project, created_by=researcher, name="of the first", experiment=experiments[0])
    make_run(project=project, created_by=researcher, name="of the last", experiment=last)
    client = client_of(guest)
    with CaptureQueriesContext(connection) as usual:
        listed(client, "")
    with CaptureQueriesContext(connection) as asked:
        names, words = listed(client, f"experiment={last.uuid}")
    assert names == ["of the last"]
    assert last.name in words
    assert "left out" not in words
    assert len(asked) == len(usual) + 1
    assert listed(client, "experiment=no-uuid")[0] == ["of the last", "of the first"]
