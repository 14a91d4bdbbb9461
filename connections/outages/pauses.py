"""How long a site or git host that does not answer is left alone, and how pages say when it is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

from mantik.lib.backoff import backoff
from mantik.lib.humanize import spoken_duration


def pause_after(tries: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """The pause after that many `tries` (from 1) without an answer: about `first`, then doubled up to `longest`."""
    return backoff(tries - 1, first=first, longest=longest)


def next_try_in_words(at: datetime, now: datetime, *, is_being_asked: bool = False) -> str:
    """For pages: "next try in 40 s"."""
    left = at - now
    if is_being_asked or left < timedelta(seconds=1):
        return "it is being asked again now"
    return f"next try in {spoken_duration(left)}"
