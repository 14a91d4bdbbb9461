"""The real server with nodes that have no network."""

from __future__ import annotations

from tests.contract.jobs import Submitter
from tests.support.sites import RunningSite

LOOK = "tail -n +3 /proc/net/dev | cut -d: -f1 > interfaces; exit 3"


def test_a_job_has_loopback_and_nothing_else(cut_off_site: RunningSite) -> None:
    with cut_off_site.client("demo") as client:
        job = Submitter(cut_off_site, client).shell(LOOK)
        assert job.until_over()["exitCode"] == "3"
        assert job.read("interfaces").text.split() == ["lo"]
