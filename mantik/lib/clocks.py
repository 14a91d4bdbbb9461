"""How far the clocks of web, workers, beat and database may be apart."""

from __future__ import annotations

from datetime import timedelta

APART = timedelta(seconds=5)
