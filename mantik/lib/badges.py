"""Counts on badges: up to 99, and "99+" beyond, because counting all rows takes longer the more there are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

MOST_SHOWN = 99


def count_for_badge(rows: QuerySet[Any]) -> int:
    """How many rows there are, counted up to one more than a badge shows."""
    return len(rows.order_by().values("pk")[: MOST_SHOWN + 1])


def badge_text(count: int) -> str:
    return str(count) if count <= MOST_SHOWN else f"{MOST_SHOWN}+"
