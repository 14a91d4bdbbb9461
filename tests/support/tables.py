"""Runs that have logged something, for what shows or filters them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from runs.models import Run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from runs.tracking.summaries.texts import take_in_params, take_in_tags

BEGAN = 1_764_000_000_000


def log(
    run: Run,
    *,
    metrics: Mapping[str, float | Sequence[float]] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    owner: str = "",
) -> Run:
    """Several values of a metric are those of its steps, in their order."""
    points = [
        Point(owner, key, value, BEGAN + step, step)
        for key, logged in (metrics or {}).items()
        for step, value in enumerate(logged if isinstance(logged, Sequence) else [logged])
    ]
    with transaction.atomic():
        take_in(run, points)
        take_in_params(run, {owner: dict(params or {})})
        take_in_tags(run, {owner: dict(tags or {})})
    return run
