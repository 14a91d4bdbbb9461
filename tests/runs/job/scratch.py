"""A job in a folder of its own, for property tests: fixtures are made once per test, not per example."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.runs.job.jobs import Job


class Scratch:
    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._place = tempfile.TemporaryDirectory(prefix="mantik-job-")

    def __enter__(self) -> Self:
        folder = Path(self._place.name) / "job"
        folder.mkdir()
        self.job = Job(folder, **self._changes)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._place.cleanup()

    def dumped(self) -> Any:
        """Runs the job; what its command printed as JSON behind the word DUMP."""
        outcome = self.job.run()
        found = [line.removeprefix("DUMP ") for line in outcome.lines if line.startswith("DUMP ")]
        assert len(found) == 1, outcome.log
        return json.loads(found[0])
