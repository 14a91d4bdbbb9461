"""Of many jobs at a site not all are looked at, and operators are told which limit was reached."""

from __future__ import annotations

from uuid import uuid4

import pytest

from connections.unicore.values import JobPortrait, JobState, JobStatus
from runs.restored import left_jobs
from runs.restored.left_jobs import look_at_sites
from tests.support.factories import make_connection


class Site:
    """Has jobs of runs that the database has forgotten."""

    def __init__(self, count: int) -> None:
        self.urls = [f"https://site.example/jobs/{number}" for number in range(count)]

    def find_jobs(self, _tag: str, *, most: int) -> list[str]:
        return self.urls[:most]

    def portrait(self, _url: str) -> JobPortrait:
        status = JobStatus(JobState.RUNNING, "", None, None, None, {}, None, None)
        return JobPortrait("nightly", (f"mantik-{uuid4()}",), status)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "looked_at", "trouble"),
    [
        (2, 2, ""),
        (3, 2, "1 more job was not looked at. Deal with the ones listed here first, then run this again."),
        (
            9,
            2,
            "Only 5 jobs of this installation were compared; the site may have more. "
            "3 more jobs were not looked at. Deal with the ones listed here first, then run this again.",
        ),
    ],
)
def test_it_says_what_was_left_out(monkeypatch: pytest.MonkeyPatch, count: int, looked_at: int, trouble: str) -> None:
    make_connection()
    monkeypatch.setattr(left_jobs, "JOBS_COMPARED", 5)
    monkeypatch.setattr(left_jobs, "JOBS_LOOKED_AT", 2)
    monkeypatch.setattr(left_jobs, "site_of", lambda _: Site(count))
    (look,) = look_at_sites()
    assert (len(look.jobs), look.trouble) == (looked_at, trouble)
