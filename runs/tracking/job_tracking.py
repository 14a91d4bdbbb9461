"""The row of a job that was sent a relay."""

from runs.models import Run
from runs.tracking.models import JobTracking


def expect_journals(run: Run) -> None:
    """Store, in the current transaction, that the job of `run` may leave journals, unless that is known already.

    Nobody looks for them before the job runs.
    """
    JobTracking.objects.bulk_create([JobTracking(run=run)], ignore_conflicts=True)
