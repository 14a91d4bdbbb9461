"""What of that which a training has logged is still at its site, in sentences, for when Mantik gives it up."""

from __future__ import annotations

from collections.abc import Iterator

from mantik.lib.humanize import counted, number
from runs.models import JobTracking, Journal, Run

# How many journals are named.
MOST_NAMED = 3


def what_is_left(run: Run) -> Iterator[str]:
    """Nothing if all is here, or if the job was sent no relay."""
    tracking = JobTracking.objects.filter(run=run, due_at__isnull=False).first()
    if tracking is None:
        return
    yield f"What the training logged could not all be fetched from {run.site_name}."
    journals = list(run.journals.filter(has_end=False).order_by("pk"))
    yield from map(_missing, journals[:MOST_NAMED])
    if (more := len(journals) - MOST_NAMED) > 0:
        yield f"So it is with {counted(more, 'more journal')}."
    if tracking.large_file:
        yield f"The next file was {tracking.large_file}."
    if tracking.waiting_for:
        yield f"The last attempt ended with: {tracking.waiting_for}"


def _missing(journal: Journal) -> str:
    if not journal.number:
        return f"Nothing of {journal.name} is here."
    return f"Of {journal.name}, what comes after its entry {number(journal.number)} is missing."
