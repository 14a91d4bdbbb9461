"""Unmodified clients of MLflow, of several versions, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def python_with(package: str, places: pytest.TempPathFactory) -> str:
    """The path of a Python that has the package, or of our own if it is blank: that has the newest we have pinned."""
    if not package:
        return sys.executable
    place = places.mktemp("client")
    uv = str(Path(sys.executable).with_name("uv"))
    python = str(place / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    # setuptools: the oldest imports pkg_resources.
    needed = [package, "numpy", "pandas", "cloudpickle", "setuptools<80"]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *needed], check=True, timeout=600)
    return python
