"""For lists of the admin that may have a million rows: none counts them all."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

# So many rows are counted, and can be paged through; others are found by a search or a filter.
MOST = 10_000


class ShortPaginator(Paginator):  # type: ignore[type-arg]  # it takes no type while it runs
    """Of the first MOST rows. `has_more`: there are others, which the list says (templates/admin/change_list.html)."""

    most = MOST
    object_list: QuerySet[Any]

    @cached_property
    def _counted(self) -> int:
        # Without an order: which rows they are does not matter.
        return self.object_list.order_by()[: self.most + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self.most, self._counted)

    @property
    def has_more(self) -> bool:
        return self._counted > self.most


class LargeTableAdmin(admin.ModelAdmin[Any]):
    """The newest first. A filter must not read all rows either, as that on a plain column of text would."""

    paginator = ShortPaginator
    show_full_result_count = False
    ordering = ("-pk",)
