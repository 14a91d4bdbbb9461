"""The web server."""

from __future__ import annotations

import sys

from mantik.up.probes import http_ok
from mantik.up.service_process import Service

# Pages are short and wait for the database at most; more threads would only wait for each other.
THREADS = 8


def web_service(*, host: str, port: int) -> Service:
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi",
        "--host", host, "--port", str(port),
        "--workers", "1", "--blocking-threads", str(THREADS),
        # Our own log has a line per request; the server's would show addresses with their tokens.
        "--no-access-log", "--log-level", "error",
        "mantik.wsgi:application",
    ]  # fmt: skip
    return Service("web", command, is_ready=lambda: http_ok(f"{address(host, port)}/healthz"))


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
