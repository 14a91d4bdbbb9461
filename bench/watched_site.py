"""The sandbox site with a look inside: how many requests it got, and when its jobs changed.

`python -m bench.watched_site --data-dir DIR --port N --slots N` runs it. Jobs whose name begins with "silent" are not
told about.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from mantik.demo.sandbox.http_server import Request, Response, json_response
from mantik.demo.sandbox.jobs import Job, State
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.users import SiteUser, read_users
from mantik.up.ports import LOOPBACK
from mantik.up.probes import accepts
from mantik.up.sandbox import sandbox_url
from mantik.up.service_process import Service

SILENT = "silent"
_INSIDE = "/bench/"


@dataclass(frozen=True)
class Site:
    """The benchmarks' end of it."""

    directory: Path
    port: int

    @property
    def base_url(self) -> str:
        return sandbox_url(self.port)

    @cached_property
    def user(self) -> SiteUser:
        return next(user for user in read_users(self.directory / "users.json") if user.login == "demo")

    def requests(self) -> int:
        """How many requests it has got, without these here."""
        return int(self._look("requests"))

    def changes(self) -> dict[str, dict[str, float]]:
        """By job id: when (time.time) the job came into each state."""
        found: dict[str, dict[str, float]] = self._look("changes")
        return found

    def _look(self, at: str) -> Any:
        return httpx.get(f"http://{LOOPBACK}:{self.port}{_INSIDE}{at}", trust_env=False).raise_for_status().json()


def site_service(directory: Path, *, port: int, slots: int, cut_off: bool = False) -> Service:
    """`cut_off`: its jobs have no network."""
    options = ["--data-dir", str(directory), "--port", str(port), "--slots", str(slots)]
    options += ["--cut-off"] if cut_off else []
    return Service(
        "site", [sys.executable, "-m", "bench.watched_site", *options], is_ready=lambda: accepts(LOOPBACK, port)
    )


class WatchedSite(SandboxSite):
    def start(self) -> None:
        self._requests = 0
        self._changes: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._count = threading.Lock()
        super().start()
        self._notify = self.engine._on_change
        self.engine._on_change = self._job_changed

    def _job_changed(self, job: Job, state: State) -> None:
        self._changes[job.id].setdefault(state, time.time())
        if not (job.name or "").startswith(SILENT):
            self._notify(job, state)

    def _handle(self, request: Request) -> Response:
        if request.path.startswith(_INSIDE):
            return json_response(self._changes if request.path.endswith("changes") else self._requests)
        with self._count:
            self._requests += 1
        return super()._handle(request)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.watched_site", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True, help="0: jobs are queued and stay so")
    parser.add_argument("--cut-off", action="store_true", help="jobs have no network")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with WatchedSite(options.data_dir, port=options.port, slots=options.slots, cut_off=options.cut_off):
        stop.wait()


if __name__ == "__main__":
    main()
