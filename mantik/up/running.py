"""For commands that run a stack: options from the settings, and signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from mantik.up.errors import UpError
from mantik.up.ports import LOOPBACK
from mantik.up.stack import Options, Stack

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def options_from_settings(*, port: int | None = None, host: str = LOOPBACK, with_sandbox: bool = False) -> Options:
    """Raises UpError if the sandbox site is asked for, but not allowed."""
    if with_sandbox and not settings.MANTIK_SANDBOX_ALLOWED:
        raise UpError("The sandbox site runs what members send it, as this user. MANTIK_SANDBOX_ALLOWED=1 allows it.")
    return Options(
        data_dir=settings.MANTIK_DATA_DIR,
        port=port or settings.MANTIK_PORT,
        host=host,
        broker_url=settings.MANTIK_BROKER_URL,
        broker_prefix=settings.MANTIK_BROKER_PREFIX,
        # If nobody has named a server, the setting has only a default, and we start one.
        mlflow_uri=settings.MANTIK_MLFLOW_URI if _is_given("MANTIK_MLFLOW_URI") else "",
        mlflow_token=settings.MANTIK_MLFLOW_TOKEN,
        with_sandbox=with_sandbox,
        collects_static_files=not settings.MANTIK_DEBUG,
        # Members see Mantik's own error pages here, too.
        environment={"MANTIK_DEBUG_PAGES": os.environ.get("MANTIK_DEBUG_PAGES", "0")},
    )


def _is_given(name: str) -> bool:
    """Whether the environment has this setting, or names a file that has it."""
    return any(os.environ.get(f"{name}{suffix}") for suffix in ("", "_FILE"))


@contextmanager
def stopping_on_signals(stack: Stack) -> Iterator[None]:
    """For `with`: Ctrl-C, a closed terminal and SIGTERM request a stop; a second one ends the children at once."""

    def request_stop(_number: int, _frame: Any) -> None:
        stack.request_stop()

    previous = {number: signal.signal(number, request_stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
