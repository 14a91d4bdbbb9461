from __future__ import annotations

from runs.job import JobRun


def test_a_commit_is_named_as_people_do() -> None:
    assert JobRun("1", "name", "0123456789" * 4, "demo").short_commit == "0123456"
