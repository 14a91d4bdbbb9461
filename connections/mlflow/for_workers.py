"""MLflow's own client, for those who tell MLflow something: workers.

It is imported when it is first asked for. A worker does so before its processes are forked (`connections/tasks.py`), so
that they share it; beat knows all tasks as well, and never asks. Pages and their web server must not even be able to
ask: what they import must not lead here, which `pyproject.toml` keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.mlflow.clients import configured
from mantik.lib.hiding import hidden

if TYPE_CHECKING:
    from connections.mlflow.control import Control
    from connections.mlflow.inventory import Inventory
    from connections.mlflow.registry import Registry

# For models and tables, of which workers handle none.
HEAVY = ("numpy", "pandas", "pyarrow", "scipy")


def control() -> Control:
    """This process's client for experiments and runs of the configured server."""
    from connections.mlflow.control import Control

    return configured(Control)


def registry() -> Registry:
    """This process's client for the model registry of the configured server."""
    from connections.mlflow.registry import Registry

    return configured(Registry)


def inventory() -> Inventory:
    """This process's client for lists of all that the configured server has."""
    from connections.mlflow.inventory import Inventory

    return configured(Inventory)


def load() -> None:
    """Import it now, without what it loads besides where MLflow's server is installed, too: twice as much again."""
    with hidden(*HEAVY):
        control()
        registry()
