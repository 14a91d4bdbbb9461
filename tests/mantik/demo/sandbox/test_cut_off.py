"""Jobs of a site whose nodes have no network."""

from __future__ import annotations

import os
import sys

import pytest

from mantik.demo.sandbox import cut_off
from tests.contract.jobs import inline
from tests.mantik.demo.sandbox.conftest import SiteMaker, SubmitterOf
from tests.mantik.demo.sandbox.processes import is_running
from tests.mantik.demo.sandbox.test_slots import pid_in
from tests.support.waiting import wait_until

# Connects to each address and says what came of it: one of its own, which listens, and that of the site.
LOOK = """
import os, socket, sys

with socket.create_server(("127.0.0.1", 0)) as own:
    for host, port in (own.getsockname(), ("127.0.0.1", int(sys.argv[1])), ("192.0.2.1", 80)):
        try:
            socket.create_connection((host, port), 5).close()
            print("reached")
        except OSError as error:
            print(error.strerror)
print([name for _, name in socket.if_nameindex()], os.getuid(), os.getgid())
"""

pytestmark = pytest.mark.skipif(not cut_off.is_possible(), reason="This machine makes no network namespaces for us.")


def test_a_job_reaches_itself_and_nothing_else(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    site = make_site(cut_off=True)
    job = jobs_at(site).submit(sys.executable, "look.py", str(site.port), Imports=[inline("look.py", LOOK)])
    job.until_over()
    assert job.read("stdout").text.splitlines() == [
        "reached",
        "Connection refused",
        "Network is unreachable",
        f"['lo'] {os.getuid()} {os.getgid()}",
    ]


def test_it_is_ended_as_others_are(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    job = jobs_at(make_site(cut_off=True)).shell("echo $$ > pid; sleep 60")
    pid = pid_in(job, "pid")
    job.act("abort")
    assert job.until_over()["statusMessage"] == "Job aborted."
    wait_until(lambda: not is_running(pid))
