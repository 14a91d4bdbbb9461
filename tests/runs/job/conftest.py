from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.job.jobs import Job

JobMaker = Callable[..., Job]


@pytest.fixture
def make_job(tmp_path: Path) -> JobMaker:
    def make(**changes: Any) -> Job:
        folder = tmp_path / "job"
        folder.mkdir()
        return Job(folder, **changes)

    return make
