from __future__ import annotations

import pytest

from runs.models import RunSummaries
from runs.restored.logged_since import open_runs, read_again_at_their_end
from runs.states import RunState
from tests.support import factories

pytestmark = pytest.mark.django_db


def test_runs_that_were_open_at_the_backup_are_read_again_at_their_end() -> None:
    known, new, without = (factories.make_run(RunState.RUNNING, mlflow_run_id=name) for name in ("a", "b", ""))
    over = factories.make_run(RunState.FINISHED, mlflow_run_id="c", tracking_closed=True)
    factories.log_to(known, 0.5)
    version = RunSummaries.objects.get(run=known).version
    assert read_again_at_their_end(open_runs()) == 2
    assert RunSummaries.objects.get(run=known).was_direct
    assert RunSummaries.objects.get(run=known).version == version
    assert RunSummaries.objects.get(run=new).was_direct
    assert not RunSummaries.objects.filter(run__in=[without, over]).exists()
    # Nothing is read before they are over.
    assert not RunSummaries.objects.exclude(due_at=None).exists()
    assert read_again_at_their_end(open_runs()) == 2
