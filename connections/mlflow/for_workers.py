"""MLflow's own client, for workers, which write to MLflow.

It is imported when it is first used. A worker does so before its processes are forked (`connections/tasks.py`), so that
they share it. Beat imports all tasks, too, but never uses it. The web server must not be able to: nothing that pages
import may import this module, which import-linter checks (`pyproject.toml`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.mlflow.clients import configured
from mantik.lib.hiding import hidden

if TYPE_CHECKING:
    from connections.mlflow.control import Control
    from connections.mlflow.history import History
    from connections.mlflow.inventory import Inventory
    from connections.mlflow.registry import Registry
    from connections.mlflow.writer import Writer

# Packages for models and tables, which workers do not need.
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


def history() -> History:
    """This process's client for all that was logged to runs, on the configured server."""
    from connections.mlflow.history import History

    return configured(History)


def writer() -> Writer:
    """This process's client for what trainings log, on the configured server."""
    from connections.mlflow.writer import Writer

    return configured(Writer)


def load() -> None:
    """Import the client now, but not HEAVY: if MLflow's server is installed, too, these take twice as much again."""
    with hidden(*HEAVY):
        control()
        registry()
        writer()
