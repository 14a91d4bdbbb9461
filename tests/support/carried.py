"""What the sweep has a worker do about what a training has logged, for tests that have neither."""

from __future__ import annotations

from django.utils import timezone

from runs.models import JobTracking, Run
from runs.tracking.carrying.worker import carry


def carry_home(run: Run) -> None:
    """Once, and at once if something may be left to be fetched from the run's job."""
    rows = JobTracking.objects.filter(run=run, due_at__isnull=False)
    rows.update(due_at=timezone.now())
    for row in rows:
        carry(job_tracking_id=row.pk, clock=timezone.now, takes_large=row.has_large)
