"""The web server."""

from __future__ import annotations

import sys

from mantik.up.probes import http_ok
from mantik.up.service_process import Service

# Requests that a process has at a time, most of which wait for their client. Granian accepts no connection beyond it.
_MOST_REQUESTS = 8192


def web_service(*, host: str, port: int) -> Service:
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws",
        "--host", host, "--port", str(port),
        "--workers", "1", "--backpressure", str(_MOST_REQUESTS),
        # Our own log has a line per request; the server's would show addresses with their tokens.
        "--no-access-log", "--log-level", "error",
        "mantik.asgi:application",
    ]  # fmt: skip
    return Service("web", command, is_ready=lambda: http_ok(f"{address(host, port)}/healthz"))


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
