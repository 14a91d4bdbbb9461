"""The web server."""

from __future__ import annotations

import sys

from mantik.up.probes import http_ok
from mantik.up.service_process import Service

# Granian accepts no more until one of them ends. A client that never reads keeps up to 0.7 MB of its answer in there.
_MOST_CONNECTIONS = 2048
# Then a worker is killed that still waits for slow clients. Below the time that `up` gives it (Service.grace).
_STOP_SECONDS = 8


def web_service(*, host: str, port: int) -> Service:
    command = [
        # HTTP/1.1 alone: otherwise a connection that sends nothing stays open for ever.
        sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--http", "1",
        "--host", host, "--port", str(port),
        "--workers", "1", "--workers-kill-timeout", str(_STOP_SECONDS), "--backpressure", str(_MOST_CONNECTIONS),
        # Our own log has a line per request; the server's would show addresses with their tokens.
        "--no-access-log", "--log-level", "error",
        "mantik.asgi:application",
    ]  # fmt: skip
    return Service("web", command, is_ready=lambda: http_ok(f"{address(host, port)}/healthz"))


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
