"""The web server, for `manage.py up` and as a command: `python -m mantik.up.web HOST PORT PROCESSES`."""

from __future__ import annotations

import os
import sys

from mantik.server.limits import HEAD_SECONDS
from mantik.up.probes import http_ok
from mantik.up.service_process import Service

# Granian accepts no more until one of them ends. A client that never reads keeps up to 0.7 MB of its answer in there.
_MOST_CONNECTIONS = 2048
# Then a worker is killed that still waits for slow clients. Below the time that `up` gives it (Service.grace).
_STOP_SECONDS = 8


def web_service(*, host: str, port: int) -> Service:
    command = web_command(host=host, port=port, processes=1)
    return Service("web", command, is_ready=lambda: http_ok(f"{address(host, port)}/healthz"))


def web_command(*, host: str, port: int, processes: int) -> list[str]:
    return [
        # HTTP/1.1 alone: otherwise a connection that sends nothing stays open for ever.
        sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--http", "1",
        "--host", host, "--port", str(port),
        "--http1-header-read-timeout", str(HEAD_SECONDS * 1000),
        "--backpressure", str(_MOST_CONNECTIONS),
        "--workers", str(processes), "--workers-kill-timeout", str(_STOP_SECONDS),
        # Our own log has a line per request; the server's would show addresses with their tokens.
        "--no-access-log", "--log-level", "error",
        "mantik.asgi:application",
    ]  # fmt: skip


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


if __name__ == "__main__":
    _host, _port, _processes = sys.argv[1:]
    _command = web_command(host=_host, port=int(_port), processes=int(_processes))
    os.execv(_command[0], _command)  # noqa: S606 - every word is ours, or an operator's
