"""What would have gone to the broker."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery

Message = tuple[str, dict[str, Any]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """The name of the task and its arguments, of each message in its turn. None leaves this process."""
    messages: list[Message] = []

    def keep(_app: Celery, name: str, *, kwargs: dict[str, Any], expires: int) -> None:
        messages.append((name, kwargs))

    monkeypatch.setattr(Celery, "send_task", keep)
    return messages
