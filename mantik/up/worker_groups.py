"""Worker processes in groups, each with queues of its own, that share what they have loaded.

Tasks that wait for a site must not hold up those that wait for a git host, but a `celery worker` has one pool of
processes for all of its queues, and a second worker would load everything again. So this process loads everything once
and becomes the parent of a `celery worker` for each group. After that it is only their attendant
(`mantik/up/attendant.py`): when one of them ends, it stops the others and ends, too.

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

# Modules that Celery imports only when it starts a worker or a process of its pool: 25 MB for each of these.
_LOADED_LATE = (
    "celery.app.amqp", "celery.app.control", "celery.app.events", "celery.app.log", "celery.apps.worker",
    "celery.concurrency.prefork", "celery.contrib.django.task", "celery.events.state", "celery.worker.autoscale",
    "celery.worker.components", "celery.worker.consumer.delayed_delivery", "celery.worker.control", "kombu.pidbox",
    "kombu.transport.redis",
)  # fmt: skip


@dataclass(frozen=True)
class WorkerGroup:
    """A number of processes that take the messages of some queues."""

    name: str
    queues: tuple[str, ...]
    processes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a group such as `sites=submit,follow:4`. Raises ValueError."""
        name, _, rest = text.partition("=")
        queues, _, processes = rest.partition(":")
        return cls(name, tuple(queues.split(",")), int(processes))

    def __str__(self) -> str:
        return f"{self.name}={','.join(self.queues)}:{self.processes}"

    def node(self, node: str) -> str:
        """Celery's name for the worker of this group."""
        return f"{self.name}-{node}"


def main(node: str, groups: Sequence[WorkerGroup]) -> None:
    """Run until one of the groups ends, with the exit code of that group. Does not return."""
    _load()
    # Signals are held back until there are workers and an attendant that passes them on.
    signal.pthread_sigmask(signal.SIG_BLOCK, attendant.PASSED_ON)
    workers = []
    for group in groups:
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, attendant.PASSED_ON)
            sys.exit(_work(group, node))
        workers.append(str(pid))
    # Run by its path and without any packages, so that only the children keep what was loaded.
    os.execv(sys.executable, [sys.executable, "-I", "-S", attendant.__file__, *workers])  # noqa: S606 - ours


def _load() -> None:
    """Load what any group needs, before they are forked, so that all of them share its memory.

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
    # Otherwise each group would check the data and run Django's checks again.
    worker_init.disconnect(look_at_the_data)
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    # The garbage collector writes to the objects that it looks at, which would copy their memory into each process.
    gc.collect()
    gc.freeze()


def _work(group: WorkerGroup, node: str) -> int:
    from celery.signals import worker_ready

    from mantik.celery import app

    # At a hangup Celery would restart with our command line, which starts all groups. The attendant handles hangups.
    worker_ready.connect(_ignore_hangup)
    try:
        # Celery ends by raising SystemExit.
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
