"""A worker to be killed: forks a process per turn, as Celery's pool does, and tells how the turn ended.

Reads orders as JSON lines: {"id", "task": a name of TASKS, "minutes", "kill": null | {"at", "nth", "after"},
"settings": {}}. Answers each with two lines: {"pid"} and {"status", "boundaries"}. It has no connections and no
threads of its own, so that a fork is safe.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "mantik.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from connections.mlflow import for_workers  # noqa: E402
from runs.following.poll import follow_runs  # noqa: E402
from runs.models import JobTracking  # noqa: E402
from runs.registered_models.worker import tend  # noqa: E402
from runs.submission.submit import submit_run  # noqa: E402
from runs.tracking.carrying.worker import carry  # noqa: E402
from tests.support.outages import ask_silent_sites  # noqa: E402

TASKS: dict[str, Callable[..., object]] = {
    "submit": lambda key, clock: submit_run(run_id=key, clock=clock),
    "follow": lambda key, clock: follow_runs(run_ids=[key], clock=clock),
    "carry": lambda key, clock: carry(job_tracking_id=JobTracking.objects.get(run=key).pk, clock=clock),
    "model": lambda key, clock: tend(model_id=key, clock=clock),
}

_WRITES = ("INSERT", "UPDATE", "DELETE")


class Boundaries:
    """Counts what a turn writes and commits, and kills the process at one of them."""

    def __init__(self, kill: dict[str, Any] | None) -> None:
        self.seen: Counter[str] = Counter()
        self._kill = kill

    def around(self, kind: str, call: Callable[[], Any]) -> Any:
        self.seen[kind] += 1
        is_meant = self._kill is not None and (kind, self.seen[kind]) == (self._kill["at"], self._kill["nth"])
        if is_meant and self._kill and not self._kill["after"]:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call()
        if is_meant:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def on_statement(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.lstrip().upper().startswith(_WRITES):
            return self.around("write", lambda: execute(sql, *arguments))
        return execute(sql, *arguments)

    def watch_commits(self) -> None:
        commit = connection.commit
        connection.commit = lambda: self.around("commit", commit)  # type: ignore[method-assign]


def turn(order: dict[str, Any]) -> Boundaries:
    boundaries = Boundaries(order["kill"])
    for name, value in order["settings"].items():
        setattr(settings, name, value)

    def clock() -> datetime:
        return timezone.now() + timedelta(minutes=order["minutes"])

    # As its sweep does every other second.
    ask_silent_sites(clock)
    boundaries.watch_commits()
    with connection.execute_wrapper(boundaries.on_statement):
        TASKS[order["task"]](order["id"], clock)
    return boundaries


def serve() -> None:
    # As Celery's workers do before they fork.
    for_workers.load()
    for line in sys.stdin:
        order = json.loads(line)
        source, sink = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(source)
            os.write(sink, json.dumps(turn(order).seen).encode())
            os._exit(0)
        os.close(sink)
        _tell({"pid": pid})
        with os.fdopen(source) as answer:
            seen = answer.read()
        _, status = os.waitpid(pid, 0)
        _tell({"status": os.waitstatus_to_exitcode(status), "boundaries": json.loads(seen or "{}")})


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
