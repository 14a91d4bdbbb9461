"""The right to write the rows of a run, until the transaction ends: so two at once lose nothing of each other."""

from __future__ import annotations

from django.db.models import F

from runs.models import Run, RunSummaries


def hold(run: Run) -> int:
    """In a transaction. Waits for whoever else holds the rows of `run`; returns the version that they get by this."""
    rows = RunSummaries.objects.filter(run=run)
    # An update locks the row on PostgreSQL, and the database on SQLite; what is read after it is the newest.
    if not rows.update(version=F("version") + 1):
        RunSummaries.objects.bulk_create([RunSummaries(run=run)], ignore_conflicts=True)
        rows.update(version=F("version") + 1)
    return rows.values_list("version", flat=True).get()
