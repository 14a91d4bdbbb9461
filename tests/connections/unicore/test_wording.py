"""Secrets in a site's words are blanked before these are stored."""

from __future__ import annotations

import pytest

from connections.unicore.wording import redact


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (f"File: mantik_run_0123456789abcdef_{'k' * 43} cannot", "File: mantik_run_0123456789abcdef_[redacted] cannot"),
        (f"'mantik_0123456789_{'Z-_9' * 10}x'", "'mantik_0123456789_[redacted]'"),
        ("mantik_helpers.py is missing", "mantik_helpers.py is missing"),
    ],
)
def test_tokens_of_mantik_are_blanked_where_nothing_says_that_they_are_some(words: str, left: str) -> None:
    assert redact(words) == left
