"""One client of each kind per process, for the configured server."""

from __future__ import annotations

import os
import threading
from typing import Any, TypeVar

from django.conf import settings

Client = TypeVar("Client")

_clients: dict[tuple[type[Any], int, str, str], Any] = {}
_lock = threading.Lock()


def configured(kind: type[Client]) -> Client:
    """This process's `kind(uri=, token=)`. A forked process gets connections of its own."""
    key = (kind, os.getpid(), settings.MANTIK_MLFLOW_URI, settings.MANTIK_MLFLOW_TOKEN)
    with _lock:
        if key not in _clients:
            _clients[key] = kind(uri=key[2], token=key[3])  # type: ignore[call-arg]
        found: Client = _clients[key]
        return found
