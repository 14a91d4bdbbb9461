"""The head of a table: a link for each column that sorts by it, and the menu that groups."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from mantik.lib.filters import MOST_OPTIONS, Link, LinkMenu
from mantik.lib.humanize import counted
from runs.table.columns import all_names
from runs.table.language import Field, Source
from runs.table.order import Order
from runs.table.table import Table, View

# Among how many names params are looked for.
_MOST_NAMES = 500


@dataclass(frozen=True)
class Head:
    """`sorted`: "ascending", "descending", or "" for a column that the table is not sorted by."""

    label: str
    title: str
    query: QueryDict
    sorted: str = ""
    is_leading: bool = False


def own_head(view: View, table: Table, name: str, label: str) -> Head:
    # The newest run and the longest one are looked for more often than the oldest and the shortest.
    return _head(view, table, Order(Field(Source.OWN, name), name in ("started", "duration")), label, label)


def heads(view: View, table: Table) -> list[Head]:
    """Of the columns of what runs log."""
    found = []
    for column in table.columns:
        is_metric = column.is_metric
        first = view.best_first(column.field) if is_metric else Order(column.field, is_descending=False)
        title = f"{str(column.field.source).capitalize()} {column.label}"
        found.append(_head(view, table, first, column.label, title))
    return found


def group_menu(view: View) -> LinkMenu:
    params = all_names(view.scope, most=_MOST_NAMES)[Source.PARAM]
    fields = [Field(Source.PARAM, key) for key in params][:MOST_OPTIONS]
    links = [Link(one.name, view.filters.query_with(group=str(one)), one == view.group) for one in fields]
    chosen = f"By {view.group.name}" if view.group else None
    left_out = len(params) - len(fields)
    others = f"{counted(left_out, 'more param', 'more params')} can be named in the address: group=param.NAME."
    return LinkMenu(
        "Group by",
        links,
        chosen,
        without=view.filters.query_with(group=""),
        without_label="No groups",
        note=others if left_out else "",
    )


def _head(view: View, table: Table, first: Order, label: str, title: str) -> Head:
    """The first press sorts in the direction of `first`, the next one turns it."""
    is_it = table.order.field == first.field
    order = table.order.turned if is_it else first
    direction = "descending" if table.order.is_descending else "ascending"
    query = view.filters.query_with(sort=str(order))
    is_leading = first.field == table.leading
    return Head(label, title, query, direction if is_it else "", is_leading)
