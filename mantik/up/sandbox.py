"""The sandbox site."""

from __future__ import annotations

import sys
from pathlib import Path

from mantik.up.ports import LOOPBACK
from mantik.up.probes import accepts
from mantik.up.service_process import Service


def sandbox_url(port: int) -> str:
    """The REST base URL of the site."""
    return f"http://{LOOPBACK}:{port}/SANDBOX/rest/core"


def sandbox_service(*, port: int, data_dir: Path, cut_off: bool = False) -> Service:
    """`cut_off`: its jobs have no network."""
    files = data_dir / "sandbox"
    files.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mantik.demo.sandbox", "--port", str(port), "--data-dir", str(files)]
    if cut_off:
        command.append("--cut-off")
    return Service("sandbox", command, is_ready=lambda: accepts(LOOPBACK, port))
