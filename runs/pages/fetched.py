"""What the page of a run says about what its training has logged to the relay of its job."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.db.models.lookups import IsNull

from mantik.lib.humanize import counted
from runs.models import JobTracking, Journal, Run


@dataclass(frozen=True)
class Fetched:
    """`line`: what is still under way, or what it waits for; "" if all is here. `left_out`: what is missing, and how
    often, the most frequent first."""

    line: str
    waits: bool
    left_out: list[tuple[str, int]]

    @property
    def missing(self) -> int:
        return sum(count for _, count in self.left_out)


def fetched(run: Run) -> Fetched | None:
    """None if its job was sent no relay."""
    tracking = JobTracking.objects.filter(run=run).first()
    if tracking is None:
        return None
    journals = list(run.journals.all())
    return Fetched(_line(run, tracking, journals), bool(tracking.waiting_for), _left_out(journals))


def fetched_seen() -> Subquery:
    """For the version of a live part: what `fetched` shows, but for the number of entries, which would change with each
    look."""
    shown = JSONObject(is_here=IsNull(F("due_at"), True), waiting_for="waiting_for", left_out="left_out")
    return Subquery(JobTracking.objects.filter(run=OuterRef("pk")).values(shown=shown)[:1])


def _line(run: Run, tracking: JobTracking, journals: list[Journal]) -> str:
    if tracking.due_at is None:
        return ""
    if tracking.waiting_for:
        logs = "logs" if run.is_active else "logged"
        return f"What the training {logs} is still at {run.site_name}. {tracking.waiting_for}"
    if run.is_active:
        return ""
    entries = counted(sum(journal.number for journal in journals), "entry", "entries")
    return f"What the training logged is being fetched from {run.site_name}: {entries} so far."


def _left_out(journals: list[Journal]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter()
    for journal in journals:
        # The page puts the number behind it.
        found.update({why.removesuffix("."): count for why, count in journal.passed_over.items()})
        found.update({f"Calls that are not kept: {call}": count for call, count in journal.unknown.items()})
    return found.most_common()
