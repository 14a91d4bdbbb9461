"""The moment between the look of a page and what its service does, in which somebody else is quicker."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


def just_before(
    monkeypatch: pytest.MonkeyPatch, services: ModuleType, service: str, somebody_else: Callable[[], object]
) -> None:
    """`somebody_else` does it when the page has looked at everything, and `service` has not begun."""
    real = getattr(services, service)

    def late(**given: Any) -> Any:
        # What they do may need the same service.
        monkeypatch.setattr(services, service, real)
        somebody_else()
        return real(**given)

    monkeypatch.setattr(services, service, late)
