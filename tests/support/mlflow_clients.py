"""Unmodified clients of MLflow, of several versions, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

# Of our own environment: the newest that we have pinned.
PINNED = f"mlflow-skinny=={version('mlflow-skinny')}"


def python_with(package: str, places: pytest.TempPathFactory, *libraries: str) -> str:
    """The path of a Python that has the package with these libraries, or of our own if neither is given."""
    if not package and not libraries:
        return sys.executable
    place = places.mktemp("client")
    uv = str(Path(sys.executable).with_name("uv"))
    python = str(place / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    # setuptools: the oldest imports pkg_resources.
    needed = [package or PINNED, "numpy", "pandas", "cloudpickle", "setuptools<80", *libraries]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *needed], check=True, timeout=600)
    return python
