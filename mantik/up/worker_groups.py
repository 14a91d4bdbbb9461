"""Worker processes in groups, each with queues of its own, that share what they have loaded.

What waits for a site must not keep what waits for a git host, and a `celery worker` has one pool of processes for all
of its queues; but a second one would load everything again. So this process loads it once and becomes the parent of a
`celery worker` for each group. After that it is only their attendant (`mantik/up/attendant.py`): it ends when one of
them does, and stops the others first.

    python -m mantik.up.worker_groups NODE sites=submit,follow:4 git=git:1

makes the nodes sites-NODE and git-NODE. `manage.py up` and docker-compose.yml start workers like that.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

from mantik.up import attendant

# What Celery imports when it starts a worker or a process of its pool: 25 MB for each that does so by itself.
_LOADED_LATE = (
    "celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log", "celery.apps.worker",
    "celery.concurrency.prefork", "celery.contrib.django.task", "celery.events.state", "celery.worker.autoscale",
    "celery.worker.components", "celery.worker.consumer.delayed_delivery", "celery.worker.control", "kombu.pidbox",
    "kombu.transport.redis",
)  # fmt: skip


@dataclass(frozen=True)
class WorkerGroup:
    """So many processes that take the messages of these queues."""

    name: str
    queues: tuple[str, ...]
    processes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `sites=submit,follow:4`. Raises ValueError."""
        name, _, rest = text.partition("=")
        queues, _, processes = rest.partition(":")
        return cls(name, tuple(queues.split(",")), int(processes))

    def __str__(self) -> str:
        return f"{self.name}={','.join(self.queues)}:{self.processes}"

    def node(self, node: str) -> str:
        """What Celery calls the worker of this group of that `node`."""
        return f"{self.name}-{node}"


def main(node: str, groups: Sequence[WorkerGroup]) -> None:
    """Run until one of the groups ends; the exit code is that group's. Does not return."""
    _load()
    # A signal that comes before there is somebody to pass it on to waits until there is.
    signal.pthread_sigmask(signal.SIG_BLOCK, attendant.PASSED_ON)
    workers = []
    for group in groups:
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, attendant.PASSED_ON)
            sys.exit(_work(group, node))
        workers.append(str(pid))
    # By its path and without any packages: what was loaded for the children is theirs alone from now on.
    os.execv(sys.executable, [sys.executable, "-I", "-S", attendant.__file__, *workers])  # noqa: S606 - ours


def _load() -> None:
    """What any group needs, so that all share it: whatever is written again makes a copy of its page of memory.

    No connection is left open, neither to the database nor to the broker.
    """
    from celery.signals import worker_init

    from connections.mlflow import for_workers
    from mantik.celery import app, look_at_the_data

    app.loader.init_worker()
    look_at_the_data()
    for_workers.load()
    for name in _LOADED_LATE:
        import_module(name)
    # Otherwise each group would look at the data and make Django's checks once more.
    worker_init.disconnect(look_at_the_data)
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    # The garbage collector writes to what it looks at, which would give each process a copy.
    gc.collect()
    gc.freeze()


def _work(group: WorkerGroup, node: str) -> int:
    from celery.signals import worker_ready

    from mantik.celery import app

    # Celery would begin anew with our command line, which makes all groups; the attendant passes on what it is told.
    worker_ready.connect(_ignore_hangup)
    try:
        # It ends by SystemExit.
        app.worker_main(
            [
                "--quiet", "worker", "--hostname", group.node(node), "--queues", ",".join(group.queues),
                # Processes, not threads: only they can be stopped at a task's time limit.
                "--pool", "prefork", "--concurrency", str(group.processes),
                "--without-gossip", "--without-mingle", "--without-heartbeat",
            ]
        )  # fmt: skip
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))


def _ignore_hangup(**_: Any) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


if __name__ == "__main__":
    main(sys.argv[1], [WorkerGroup.parse(text) for text in sys.argv[2:]])
