"""The filters of a list, all of them in its URL: declared once, read from the query, written back into links.

    class ShelfFilter(Filters):
        q = Text(SearchBox("books", by="title or author", hint="Title, author"))
        state = Chips("All states", [Option("new", "New", State.NEW), ...])
        author = Menu[int]("Author")

`state` is then the Option that the URL asks for, or None. Options that depend on the page are handed to the
constructor. Links carry a query, and templates write the URL: `{{ filters.path }}{% querystring link.query %}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict

from mantik.lib.query_values import without_nul
from mantik.lib.search_form import SearchBox, SearchForm

MOST_OPTIONS = 30
LONGEST_TEXT = 100
_LONGEST_QUOTED = 60

Meaning = TypeVar("Meaning")
Read = TypeVar("Read")
Kind = TypeVar("Kind", bound="Value[Any]")
Choices = TypeVar("Choices", bound=models.TextChoices)


@dataclass(frozen=True)
class Option(Generic[Meaning]):
    """An option of a filter: its value in the URL, its label, and what the list is filtered by."""

    value: str
    label: str
    means: Meaning


@dataclass(frozen=True)
class Link:
    """For components/chip.html: a link to the list as `query` filters it."""

    label: str
    query: QueryDict
    is_chosen: bool = False


@dataclass(frozen=True)
class LinkMenu:
    """For components/filter_menu.html. `chosen`: the label of the option in force; `without`: the list without it."""

    label: str
    links: list[Link]
    chosen: str | None = None
    without: QueryDict | None = None
    without_label: str = "Any"
    # What the menu leaves out, in a sentence.
    note: str = ""


class Value(Generic[Read]):
    """One parameter of the query. If it does not narrow the list (how rows are shown), "Show all" leaves it alone."""

    def __init__(self, *, narrows: bool = True) -> None:
        self.narrows = narrows

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, filters: Filters, _owner: type) -> Read:
        raise NotImplementedError

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        """Return the values in the URL that count; none is empty. Add a sentence to `filters` for each other one."""
        raise NotImplementedError


class Text(Value[str]):
    """Words to search for, "" for none; `box` is where they are typed."""

    def __init__(self, box: SearchBox | None = None, *, narrows: bool = True) -> None:
        super().__init__(narrows=narrows)
        self.box = box

    def __get__(self, filters: Filters, _owner: type) -> str:
        return "".join(filters.values[self.name])

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        texts = [text for text in (value.strip() for value in asked[-1:]) if text]
        filters.left_out += [
            f"The search has {len(text):,} characters. Only the first {LONGEST_TEXT} were looked for."
            for text in texts
            if len(text) > LONGEST_TEXT
        ]
        return [text[:LONGEST_TEXT] for text in texts]


class Several(Value[list[str]]):
    """The first `most` different names that the URL asks for. `form` turns a name into the form that is stored."""

    def __init__(self, *, most: int, form: Callable[[str], str], narrows: bool = True) -> None:
        super().__init__(narrows=narrows)
        self._most, self._form = most, form

    def __get__(self, filters: Filters, _owner: type) -> list[str]:
        return filters.values[self.name]

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        names = list(dict.fromkeys(self._form(value) for value in asked))
        if len(names) > self._most:
            filters.left_out.append(
                f"The address names {len(names):,} of “{self.name}”. Only the first {self._most} count."
            )
        return names[: self._most]


class Choice(Value[Option[Meaning] | None]):
    """One of the options, or None. `noun` says what an option is, by default the name in the query."""

    def __init__(self, options: Sequence[Option[Meaning]] = (), *, noun: str = "", narrows: bool = True) -> None:
        super().__init__(narrows=narrows)
        self.fixed, self.noun = options, noun

    def __get__(self, filters: Filters, _owner: type) -> Option[Meaning] | None:
        value = "".join(filters.values[self.name])
        return next((option for option in self.options(filters) if option.value == value), None)

    def options(self, filters: Filters) -> Sequence[Option[Meaning]]:
        return filters.options.get(self.name, self.fixed)

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        found = [value for value in asked[-1:] if value in {option.value for option in self.options(filters)}]
        filters.left_out += [self._refusal(value, filters) for value in asked[-1:] if value not in found]
        return found

    def links(self, filters: Filters) -> list[Link]:
        chosen = "".join(filters.values[self.name])
        return [
            Link(option.label, filters.query_with(**{self.name: option.value}), option.value == chosen)
            for option in self.options(filters)
        ]

    def _refusal(self, value: str, filters: Filters) -> str:
        anymore = " any more" if self.name in filters.options else ""
        quoted = f"“{value[:_LONGEST_QUOTED]}”"
        return f"There is no {self.noun or self.name} {quoted} here{anymore}; this filter was left out."


class Chips(Choice[Meaning]):
    """A chip for each option, after one for all of them."""

    def __init__(self, every: str, options: Sequence[Option[Meaning]], *, noun: str = "") -> None:
        super().__init__(options, noun=noun)
        self._every = every

    def links(self, filters: Filters) -> list[Link]:
        no_choice = Link(self._every, filters.query_with(**{self.name: ""}), not filters.values[self.name])
        return [no_choice, *super().links(filters)]


class Menu(Choice[Meaning]):
    """A menu of the options, called `label`. `others` says how to find those for which it has no room."""

    def __init__(
        self, label: str, options: Sequence[Option[Meaning]] = (), *, noun: str = "", others: str = ""
    ) -> None:
        super().__init__(options, noun=noun)
        self._label, self._others = label, others

    def menu(self, filters: Filters) -> LinkMenu:
        links = self.links(filters)
        chosen = next((link.label for link in links if link.is_chosen), None)
        is_full = len(self.options(filters)) >= MOST_OPTIONS
        note = f"Only the first {MOST_OPTIONS} are listed. {self._others}".rstrip() if is_full else ""
        return LinkMenu(self._label, links, chosen, without=filters.query_with(**{self.name: ""}), note=note)


class Lists(Choice[Meaning]):
    """Which of several lists is shown: the first, unless the URL names another one."""

    def __init__(self, options: Sequence[Option[Meaning]]) -> None:
        super().__init__(options, narrows=False)

    def __get__(self, filters: Filters, owner: type) -> Option[Meaning]:
        return super().__get__(filters, owner) or self.options(filters)[0]

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        others = {option.value for option in self.options(filters)[1:]}
        return [value for value in asked[-1:] if value in others]

    def tabs(self, filters: Filters) -> list[dict[str, Any]]:
        """For components/tabs.html; none where there is no choice."""
        options = self.options(filters)
        return [self._tab(option, filters) for option in options] if len(options) > 1 else []

    def _tab(self, option: Option[Meaning], filters: Filters) -> dict[str, Any]:
        value = "" if option is self.options(filters)[0] else option.value
        return {
            "id": option.value,
            "label": option.label,
            "url": filters.path,
            "query": filters.query_with(**{self.name: value}),
            "is_current": option is self.__get__(filters, type(filters)),
        }


class Filters:
    """The filters of a list, read from its query. A subclass declares them; without any, this is just an address."""

    declared: ClassVar[Mapping[str, Value[Any]]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Value)}
        cls.declared = {**cls.declared, **own}

    def __init__(
        self,
        query: QueryDict | None = None,
        *,
        path: str,
        options: Mapping[str, Sequence[Option[Any]]] | None = None,
    ) -> None:
        self.path = path
        self.options = options or {}
        self.values: dict[str, list[str]] = {}
        # A sentence for each value that names what is not there: the list shows more than its URL asks for.
        self.left_out: list[str] = []
        for name, value in self.declared.items():
            asked = [text for text in map(without_nul, query.getlist(name) if query else ()) if text]
            self.values[name] = value.in_force(asked, self)

    # For templates

    @property
    def is_filtered(self) -> bool:
        return any(self.values[name] for name, value in self.declared.items() if value.narrows)

    @property
    def query(self) -> QueryDict:
        """The query of everything that is in force, in the order of the declaration."""
        return self.query_with()

    @property
    def query_of_all(self) -> QueryDict:
        """The query without the filters that narrow the list."""
        return self.query_with(**{name: "" for name, value in self.declared.items() if value.narrows})

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Hidden fields for the search form."""
        searched = {value.name for value in self._those(Text)}
        return [(name, text) for name, texts in self.values.items() if name not in searched for text in texts]

    @property
    def search(self) -> SearchForm | None:
        """The search form of the first `Text` that has a box."""
        found = next((value for value in self._those(Text) if value.box), None)
        if found is None or found.box is None:
            return None
        text = "".join(self.values[found.name])
        return SearchForm(found.box, name=found.name, value=text, carried=self.hidden, path=self.path)

    @property
    def tabs(self) -> list[dict[str, Any]]:
        return [tab for value in self._those(Lists) for tab in value.tabs(self)]

    @property
    def chips(self) -> list[Link]:
        return [link for value in self._those(Chips) for link in value.links(self)]

    @property
    def menus(self) -> list[LinkMenu]:
        return [value.menu(self) for value in self._those(Menu)]

    @property
    def removable(self) -> list[Link]:
        """For each name of a `Several`: a link to the list without it."""
        names = [value.name for value in self._those(Several) if value.narrows]
        return [Link(text, self._query_without(name, text), True) for name in names for text in self.values[name]]

    # For links

    def query_with(self, **changed: str | Sequence[str]) -> QueryDict:
        """The query of what is in force, with the values in `changed` instead; an empty one takes its name away."""
        query = QueryDict(mutable=True)
        for name, texts in self.values.items():
            asked = changed.get(name, texts)
            if found := [asked] if isinstance(asked, str) and asked else list(asked):
                query.setlist(name, found)
        return query

    def _query_without(self, name: str, text: str) -> QueryDict:
        return self.query_with(**{name: [one for one in self.values[name] if one != text]})

    def _those(self, kind: type[Kind]) -> Iterator[Kind]:
        return (value for value in self.declared.values() if isinstance(value, kind))


def options_of(choices: type[Choices]) -> list[Option[Choices]]:
    """An option for each member of an enumeration of the database."""
    return [Option(str(choice.value), str(choice.label), choice) for choice in choices]


def options_from(rows: models.QuerySet[Any], *, value: str, label: str, asked: str) -> list[Option[int]]:
    """The first of `rows` and the one that is asked for, by their columns `value` and `label`.

    They mean primary keys: the indexes of lists are on these, and a join would hide them.
    """
    columns = rows.values("pk", *{value, label})
    found = list(columns[:MOST_OPTIONS])
    if asked and len(found) == MOST_OPTIONS and asked not in {str(row[value]) for row in found}:
        found += _those_called(columns, value, without_nul(asked))
    return [Option(str(row[value]), str(row[label]), row["pk"]) for row in found]


def option_as_asked(rows: models.QuerySet[Any], *, value: str, asked: str) -> list[Option[int | models.Subquery]]:
    """What is asked for, as the only option. What is not there yet the database looks up wherever it is used."""
    asked = without_nul(asked)
    if not asked:
        return []
    called = _those_called(rows, value, asked).values("pk")[:1]
    known = [row["pk"] for row in called]
    return [Option(asked, asked, known[0] if known else models.Subquery(called))]


def _those_called(rows: models.QuerySet[Any, Any], column: str, text: str) -> models.QuerySet[Any, Any]:
    try:
        return rows.filter(**{column: text})
    except ValidationError:
        # The column cannot hold it: "x" is no UUID.
        return rows.none()
