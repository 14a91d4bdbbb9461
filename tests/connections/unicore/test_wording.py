"""Secrets in a site's words are blanked before these are stored."""

from __future__ import annotations

import pytest

from connections.unicore.wording import MOST_REDACTED, redact


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


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("db-password: 'a b' failed", "db-password: [redacted] failed"),
        ('{"access_key" : "x\\"y"}', '{"access_key" : [redacted]}'),
        ("MY.API_KEY=abc;next", "MY.API_KEY=[redacted];next"),
        ("Security token: none", "Security token: none"),
        ("number=5 secrets=6", "number=5 secrets=[redacted]"),
        ("token=[redacted]", "token=[redacted]"),
        ("/home/token.txt is missing", "/home/token.txt is missing"),
    ],
)
def test_what_is_named_a_secret_is_blanked(words: str, left: str) -> None:
    assert redact(words) == left


def test_nothing_is_shown_in_which_no_secret_was_looked_for() -> None:
    secret = "eyJ" + "x" * 40 + "." + "y" * 40
    text = f"{'a ' * (MOST_REDACTED // 2 - 20)}{secret} more"
    assert "eyJ" not in redact(text)
    assert redact("a.token." * 100_000) == ""
