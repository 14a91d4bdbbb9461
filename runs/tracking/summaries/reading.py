"""Reads from MLflow what a run has logged, where our rows may not have it all: in the background, once for each run.

That is a run from before these rows were kept; and, once it is over, one to which clients have logged through the
gateway, because a web process that was killed may not have written down the last of it.

Only a worker that holds the lease writes. It may die anywhere: the next one begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from connections.mlflow.errors import NotThere, TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import history
from connections.mlflow.values import LoggedPoint, LoggedTexts
from mantik.lib.backoff import Clock, backoff
from mantik.lib.leases import Lease, LeaseLost, is_free, take
from runs.models import LoggedName, MetricBuckets, RunSummaries, RunTag, TrackedItem
from runs.querysets import TOKEN_GRACE
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.hold import hold
from runs.tracking.summaries.metric import Metric, new_summary
from runs.tracking.summaries.names import ids_of_names
from runs.tracking.summaries.take_in import store_metrics, take_in
from runs.tracking.summaries.texts import take_in_params, take_in_tags

# After so long a worker begins with no further run, so that others have their turn.
TURN_SECONDS = 20.0
# The hard limit of `runs.tasks.read_summaries`: one run may have millions of points.
LONGEST_TURN = timedelta(hours=6, minutes=1)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)


def due(now: datetime) -> QuerySet[RunSummaries]:
    return RunSummaries.objects.filter(is_free(now), due_at__lte=now)


def make_due(*, now: datetime) -> None:
    """The runs to which clients have logged through the gateway, once nothing more of that can come."""
    direct = RunSummaries.objects.filter(was_direct=True, due_at=None)
    over = direct.filter(run__tracking_closed=True, run__ended_at__lt=now - TOKEN_GRACE)
    RunSummaries.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:1000])).update(due_at=now)


def read_due(*, clock: Clock) -> None:
    """Read one run after the other, the newest first. Errors of MLflow are stored in the row, not raised."""
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end:
        now = clock()
        key = due(now).order_by("-due_at").values_list("pk", flat=True).first()
        if key is None:
            return
        lease = take(due(now), key=key, now=now)
        if lease is not None:
            row = RunSummaries.objects.select_related("run").get(pk=key)
            with lease.kept(clock=clock, longest=LONGEST_TURN):
                _Reading(row, lease, clock).read()


class _Reading:
    """Of one run."""

    def __init__(self, row: RunSummaries, lease: Lease[RunSummaries], clock: Clock) -> None:
        self._row, self._run, self._lease, self._clock = row, row.run, lease, clock
        # Nothing more comes, so what MLflow has takes the place of our rows. Else it is added to them: what is counted
        # twice by that is counted anew when the run is over.
        self._is_over = row.run.tracking_closed

    def read(self) -> None:
        try:
            self._read_tree()
        except LeaseLost:
            return
        except (TrackingUnavailable, TrackingRefused):
            pause = backoff(self._row.failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
            self._lease.give_back(due_at=self._clock() + pause, failures=self._row.failures + 1)
        else:
            was_direct = self._row.was_direct and not self._is_over
            self._lease.give_back(due_at=None, failures=0, is_partial=False, was_direct=was_direct)

    def _read_tree(self) -> None:
        children = self._run.tracked_items.filter(kind=TrackedItem.Kind.RUN).order_by("pk")
        self._read_run("", self._run.mlflow_run_id)
        for mlflow_id in children.values_list("mlflow_id", flat=True):
            self._read_run(mlflow_id, mlflow_id)

    def _read_run(self, owner: str, mlflow_id: str) -> None:
        try:
            texts = history().texts(mlflow_id)
            self._write(partial(self._take_texts, owner, texts))
            for key in texts.metrics:
                pages = history().points(mlflow_id, key)
                if self._is_over:
                    self._replace(owner, key, pages)
                else:
                    self._add(owner, pages)
        except NotThere:
            # It was deleted in MLflow: what our rows have of it stays.
            return

    def _take_texts(self, owner: str, texts: LoggedTexts) -> None:
        take_in_params(self._run, {owner: texts.params})
        tags: dict[str, str | None] = {}
        if self._is_over:
            there = RunTag.objects.filter(run=self._run, owner=owner)
            tags = dict.fromkeys(there.values_list("name__key", flat=True))
        take_in_tags(self._run, {owner: tags | texts.tags})

    def _add(self, owner: str, pages: Iterable[list[LoggedPoint]]) -> None:
        for page in pages:
            points = [Point(owner, point.key, point.value, point.timestamp, point.step) for point in page]
            self._write(partial(take_in, self._run, points))

    def _replace(self, owner: str, key: str, pages: Iterable[list[LoggedPoint]]) -> None:
        """The metric is in memory as it is to be stored, until it is whole."""
        row, parts = new_summary(self._run.pk, owner, 0), dict[bool, bytes]()
        for page in pages:
            metric = Metric(row, parts.get(True))
            metric.take((point.step, point.timestamp, point.value) for point in page)
            parts |= metric.settle(parts.get(False) if metric.needs_body else None)
            self._lease.check(self._row, now=self._clock())

        def store() -> None:
            row.version = hold(self._run)
            row.name_id = ids_of_names(self._run, LoggedName.Kind.METRIC, [key])[key]
            store_metrics([(row, parts)])
            MetricBuckets.objects.filter(metric=row).exclude(is_tail__in=parts.keys()).delete()

        if row.count:
            self._write(store)

    def _write(self, write: Callable[[], None]) -> None:
        """Raises LeaseLost, with nothing written."""
        with transaction.atomic():
            self._lease.write(self._row, now=self._clock())
            write()
