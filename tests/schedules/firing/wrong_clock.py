"""A beat whose clock somebody sets: it is wrong by as many seconds as a file says at that moment."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.utils import timezone

from schedules.firing.beat import ScheduleBeat

# The environment variable with the path of the file.
FILE = "MANTIK_TEST_CLOCK"


class WrongBeat(ScheduleBeat):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, clock=partial(read_clock, Path(os.environ[FILE])), **kwargs)


def read_clock(path: Path) -> datetime:
    return timezone.now() + timedelta(seconds=float(path.read_text()))


def set_clock(path: Path, wrong_by: timedelta) -> None:
    """At one moment to the next, for a process that reads it meanwhile, too."""
    new = path.with_suffix(".new")
    new.write_text(str(wrong_by.total_seconds()))
    new.replace(path)
