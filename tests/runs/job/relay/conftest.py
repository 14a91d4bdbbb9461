from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.runs.job.relay.relays import Relay, needs_oldest_python, relay_in

Start = Callable[..., Relay]


@pytest.fixture(params=["newest", "oldest"], scope="session")
def python(request: pytest.FixtureRequest) -> str:
    """Each test of the relay is tried under the Python that the tests run on, and under the oldest that it is for."""
    return sys.executable if request.param == "newest" else needs_oldest_python()


@pytest.fixture
def start(tmp_path: Path, python: str) -> Iterator[Start]:
    """Starts a relay with changes of its seed."""
    with ExitStack() as stack:

        def started(folder: Path = tmp_path, **seed: Any) -> Relay:
            return stack.enter_context(relay_in(folder, python, **seed))

        yield started


@pytest.fixture(scope="module")
def shared(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """One relay for all tests that leave it as it was."""
    with relay_in(tmp_path_factory.mktemp("shared"), python) as relay:
        yield relay


@pytest.fixture
def relay(start: Start) -> Relay:
    return start()
