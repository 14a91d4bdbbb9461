"""What happens to a running stack: workers and their processes die, and its broker forgets everything."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.stack import TOP, Stack
from mantik.up.worker import answering, worker_service
from mantik.up.worker_groups import WorkerGroup
from tests.connections.mlflow.processes import processes
from tests.support import redis
from tests.support.queues import QUEUES

OTHER = WorkerGroup("all", QUEUES, 2)


def kill_one(stack: Stack) -> bool:
    """SIGKILL one of the processes that work for the worker, if there is one at the moment."""
    pool = _pool(stack)
    if not pool:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(pool), signal.SIGKILL)
    return True


def kill_all(stack: Stack) -> None:
    """SIGKILL all that work for the worker now, so that whoever has something in hand is among them."""
    for pid in _pool(stack):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _pool(stack: Stack) -> list[int]:
    all_of_them = processes()
    workers = {process.pid for process in all_of_them if process.parent == stack.pids["worker"]}
    return [process.pid for process in all_of_them if process.parent in workers]


def forget_everything(stack: Stack) -> None:
    redis.forget_everything(redis.Broker(stack.broker_url, stack.options.broker_prefix))


class OtherWorker:
    """A second `celery worker` beside that of the stack. It takes messages, and dies with all its processes."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._node = f"other-{os.getpid()}@localhost"
        self._start()

    def replace_killed(self) -> None:
        self._group.kill()
        self._group.stop()
        self._start()

    def _start(self) -> None:
        usual = worker_service(
            broker_url=self._stack.broker_url, broker_prefix=self._stack.options.broker_prefix, groups=[OTHER]
        )
        command = [self._node if word.startswith("up-") else word for word in usual.command]
        worker = replace(usual, command=command, environment=self._stack.environment, is_ready=self._takes_messages)
        self._group = Group(directory=TOP, output=silent, is_stopping=lambda: False)
        self._group.start([worker])
        self._group.await_ready()

    def _takes_messages(self) -> bool:
        node = OTHER.node(self._node)
        return answering(self._stack.broker_url, self._stack.options.broker_prefix, [node]) == {node}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.stop()
