"""The real server over https."""

from __future__ import annotations

import httpx
import pytest

from tests.contract.jobs import Submitter
from tests.support.sites import RunningSite

pytestmark = pytest.mark.unicorex


def test_the_sites_own_certificate_verifies_it(unicorex_https: RunningSite) -> None:
    assert unicorex_https.base_url.startswith("https://")
    with unicorex_https.client("demo") as client:
        jobs = Submitter(unicorex_https, client)
        job = jobs.submit("echo", "over https")
        try:
            assert job.until_over()["status"] == "SUCCESSFUL"
            assert job.url.startswith("https://")
            assert job.read("stdout").content == b"over https\n"
        finally:
            client.delete(job.url)


def test_without_its_certificate_nothing_is_sent(unicorex_https: RunningSite) -> None:
    with unicorex_https.client("demo", verify=True) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        client.get(unicorex_https.base_url)
