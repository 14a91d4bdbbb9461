"""What happens to a running stack: its worker's processes die, and its broker forgets everything."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

import redis

from mantik.up.stack import Stack
from tests.mlflow.processes import processes


def kill_one(stack: Stack) -> bool:
    """SIGKILL one of the processes that work for the worker."""
    pool = [process.pid for process in processes() if process.parent == stack.pids["worker"]]
    if not pool:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(pool), signal.SIGKILL)
    return True


def forget_everything(stack: Stack) -> None:
    client = redis.Redis.from_url(stack.broker_url.replace("redis+socket://", "unix://"))
    client.flushall()
    client.close()
