"""What the address of a table may ask for: its filter, order, columns and groups."""

from __future__ import annotations

from django.http import QueryDict

from mantik.lib.filters import Filters, Menu, Text, Value
from projects.models import Project
from runs.pages.filters import STATES, member_options
from runs.querysets import RunQuerySet
from runs.table.language import Field, Source, read_field
from runs.table.order import UNSORTED, Order
from runs.table.tokens import Misread

# Of twenty names, each as long as may be.
_LONGEST = 6000


class Expression(Text):
    """What somebody has typed, whole: what is too long is refused, not cut off."""

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:  # noqa: ARG002
        return [text for text in (value.strip() for value in asked[-1:]) if text]


class Written(Value[str]):
    """The name of a field or several, as filters write them; "" for the usual ones."""

    def __init__(self) -> None:
        super().__init__(narrows=False)

    def __get__(self, filters: Filters, _owner: type) -> str:
        return "".join(filters.values[self.name])

    def in_force(self, asked: list[str], filters: Filters) -> list[str]:
        found = asked[-1:]
        if found and (len(found[0]) > _LONGEST or not self.is_right(found[0])):
            filters.left_out.append(f"There is no column “{found[0][:60]}” here; “{self.name}” was left out.")
            return []
        return found

    def is_right(self, text: str) -> bool:
        return bool(text)


class OrderBy(Written):
    def is_right(self, text: str) -> bool:
        return order_in(text) is not None


class OneParam(Written):
    def is_right(self, text: str) -> bool:
        field = _field_in(text)
        return field is not None and field.source is Source.PARAM


class TableFilter(Filters):
    filter = Expression()
    sort = OrderBy()
    columns = Written()
    state = Menu("State", STATES)
    member = Menu[int]("Member", others="Write by = and the user name of another into the filter.")
    group = OneParam()
    against = OneParam()

    def __init__(self, query: QueryDict, *, project: Project, path: str) -> None:
        super().__init__(query, path=path, options={"member": member_options(project, query)})

    def apply(self, runs: RunQuerySet) -> RunQuerySet:
        """What menus choose; `filter` is for `runs.table.query`."""
        if self.state:
            runs = runs.filter(state__in=self.state.means)
        return runs.filter(created_by=self.member.means) if self.member else runs

    @property
    def order(self) -> Order | None:
        return order_in(self.sort) if self.sort else None

    @property
    def group_by(self) -> Field | None:
        return _field_in(self.group) if self.group else None

    @property
    def chosen_param(self) -> Field | None:
        """The one against which the metric is drawn."""
        return _field_in(self.against) if self.against else None


def order_in(text: str) -> Order | None:
    """The order that an address names; None if it names none."""
    field = _field_in(text.removeprefix("-"))
    if field is None or field.source is Source.ANY or (field.source is Source.OWN and field.name in UNSORTED):
        return None
    return Order(field, text.startswith("-"))


def _field_in(text: str) -> Field | None:
    try:
        return read_field(text)
    except Misread:
        return None
