"""A job whose relay's folder is a folder here, and what MLflow has of its run."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.utils import timezone

from mantik.lib.leases import Lease, take
from runs.models import JobTracking, Journal, Run, RunEvent
from runs.tracking.journals.apply import Applied, apply_journal
from tests.runs.job.relay.relays import JOURNAL, Relay, relay_in
from tests.runs.tracking.journals.local_source import LocalSource
from tests.support.mlflow_server import HEADERS, MlflowServer

API = "api/2.0/mlflow/"


@dataclass
class Job:
    run: Run
    server: MlflowServer
    folder: Path
    name: str = JOURNAL
    stop: Callable[[], bool] = field(default=lambda: False)

    @property
    def journal(self) -> Journal:
        return Journal.objects.get_or_create(run=self.run, name=self.name)[0]

    @property
    def source(self) -> LocalSource:
        return LocalSource(self.folder)

    def lease(self) -> tuple[Lease[JobTracking], JobTracking]:
        made = JobTracking.objects.get_or_create(run=self.run)[0]
        JobTracking.objects.filter(pk=made.pk).update(lease_token=None, lease_until=None)
        lease = take(JobTracking.objects.all(), key=made.pk, now=timezone.now())
        assert lease is not None
        return lease, JobTracking.objects.get(pk=made.pk)

    def apply(self, *, is_over: bool = False, source: Any = None) -> Applied:
        lease, job_tracking = self.lease()
        return apply_journal(
            Run.objects.get(pk=self.run.pk),
            self.journal,
            source or self.source,
            lease=lease,
            job_tracking=job_tracking,
            is_over=is_over,
            stop=self.stop,
            clock=timezone.now,
        )

    def write(self, *entries: Mapping[str, Any], name: str = "") -> None:
        """Adds entries, numbered."""
        path = self.folder / (name or self.name)
        count = path.read_bytes().count(b"\n") if path.exists() else 0
        with path.open("ab") as file:
            for number, entry in enumerate(entries, count + 1):
                file.write(line_of({"n": number, **entry}))

    @contextmanager
    def relay(self, **seed: Any) -> Iterator[Relay]:
        about = {
            "run_id": self.run.mlflow_run_id,
            "experiment_id": self.run.mlflow_experiment_id,
            "artifact_root": f"mlflow-artifacts:/{self.run.mlflow_experiment_id}",
            "run_name": self.run.name,
        }
        with relay_in(self.folder, **about, **seed) as relay:
            yield relay

    def events(self) -> list[str]:
        found = RunEvent.objects.filter(run=self.run, kind__startswith="tracking.").order_by("id")
        return [event.message for event in found]

    # What MLflow has

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        body: dict[str, Any] = {"params": fields} if method == "GET" else {"json": fields}
        url = f"{self.server.uri}/{API}{path}"
        answer = httpx.request(method, url, headers=HEADERS, trust_env=False, timeout=60, **body)
        answer.raise_for_status()
        return answer.json()

    def mlflow_run(self, run_id: str = "") -> Any:
        return self.ask("GET", "runs/get", run_id=run_id or self.run.mlflow_run_id)["run"]

    def tags(self, run_id: str = "") -> dict[str, str]:
        return pairs(self.mlflow_run(run_id)["data"].get("tags", []))

    def params(self, run_id: str = "") -> dict[str, str]:
        return pairs(self.mlflow_run(run_id)["data"].get("params", []))

    def points(self, key: str, run_id: str = "") -> list[tuple[int, int, str]]:
        """Time, step and value of each, in order."""
        found: list[tuple[int, int, str]] = []
        token = ""
        while True:
            answer = self.ask(
                "GET",
                "metrics/get-history",
                run_id=run_id or self.run.mlflow_run_id,
                metric_key=key,
                max_results=25000,
                page_token=token,
            )
            found += [point_of(one) for one in answer.get("metrics", [])]
            token = answer.get("next_page_token", "")
            if not token:
                return sorted(found)

    def files(self) -> dict[str, bytes]:
        """All files below the experiment."""
        top = self.server.data_dir / "artifacts" / self.run.mlflow_experiment_id
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


NewJob = Callable[[], Job]


def line_of(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, ensure_ascii=False).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def pairs(listed: list[dict[str, str]]) -> dict[str, str]:
    return {pair["key"]: pair.get("value", "") for pair in listed}


# MLflow's database has no infinity.
LARGEST = {"inf": "1.7976931348623157e+308", "-inf": "-1.7976931348623157e+308"}


def point_of(one: Mapping[str, Any]) -> tuple[int, int, str]:
    value = str(float(one.get("value", 0)))
    return int(one["timestamp"]), int(one.get("step", 0)), LARGEST.get(value, value)
