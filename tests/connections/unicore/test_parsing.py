"""Whatever a site answers, reading it raises nothing."""

from __future__ import annotations

import pytest

from connections.unicore.parsing import job_status


@pytest.mark.parametrize("said", [pytest.param(10**400, id="huge"), 1e15, -1, True, "NaN", "1e400", None, [], "N/A"])
def test_how_long_a_phase_took_is_left_out_if_it_cannot_be(said: object) -> None:
    status = job_status({"status": "SUCCESSFUL", "consumedTime": {"main": said, "total": "12.5"}}, date=None)
    assert status
    assert status.consumed_seconds == {"total": 12.5}


@pytest.mark.parametrize(
    "said", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2027 00:00:00 +99999999999999999", "yesterday", ""]
)
def test_a_date_that_there_is_not_is_none(said: str) -> None:
    assert job_status({"status": "QUEUED"}, date=said)
