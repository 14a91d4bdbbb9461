"""What beat and its workers do about sites that do not answer, for tests that have neither."""

from __future__ import annotations

from connections.outages import probe
from mantik.lib.backoff import Clock


def ask_silent_sites(clock: Clock) -> None:
    """One sweep: each silent site that is due is asked whether it is back."""
    for outage_id in probe.due_outages(now=clock(), limit=100):
        probe.probe(outage_id=outage_id, clock=clock)
