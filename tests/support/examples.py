"""Proofs by examples that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import settings

from tests.support.proofs import trials

F = TypeVar("F", bound=Callable[..., None])


def examples(sample: int, whole: int) -> Callable[[F], F]:
    """How many are tried, above `@given`. However long one takes: machines are busy at times."""
    count = trials(sample, whole)

    def decorate(test: F) -> F:
        made: F = pytest.mark.proof(examples=count)(settings(max_examples=count, deadline=None)(test))
        return made

    return decorate
