"""The clock of a node that jumps, as when it is set: what is logged is not lost and not mixed up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.job.relay import relays
from tests.runs.job.relay.conftest import Start
from tests.runs.job.relay.relays import RUN_ID, Relay
from tests.support.waiting import wait_until

# The clock of the machine itself cannot be set here: this is what the relay reads of it.
SET_BY_A_FILE = """
import os, runpy, sys, time
usual = time.time

def jumping():
    with open({offset!r}) as file:
        return usual() + float(file.read() or 0)

time.time = jumping
sys.argv[0] = {program!r}
runpy.run_path({program!r}, run_name="__main__")
"""
YEAR = 365 * 24 * 3600


@pytest.fixture
def offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is written to it is how many seconds the relay's clock is wrong from then on."""
    path, program = tmp_path / "offset", tmp_path / "jumping.py"
    path.write_text("0")
    program.write_text(SET_BY_A_FILE.format(offset=str(path), program=str(relays.PROGRAM)))
    monkeypatch.setattr(relays, "PROGRAM", program)
    return path


def log(relay: Relay, step: int) -> None:
    relay.post("runs/log-metric", run_id=RUN_ID, key="loss", value=0.5, timestamp=1_700_000_000_000 + step, step=step)


def test_it_jumps_back_and_forth(offset: Path, start: Start) -> None:
    relay = start()
    for step, seconds in enumerate((0, -YEAR, YEAR, -2 * YEAR, 3600, 0)):
        offset.write_text(str(seconds))
        log(relay, step)
    relay.kill()
    offset.write_text(str(-YEAR))
    relay.start()
    log(relay, 6)
    assert relay.hang_up() == 0
    points = [entry["points"]["loss"] for entry in relay.of_kind("metrics")]
    assert [steps for _, _, [steps] in points] == list(range(7))
    assert [times for _, [times], _ in points] == [1_700_000_000_000 + step for step in range(7)]
    assert [entry["k"] for entry in relay.entries()][-1] == "end"


def test_its_own_samples_go_on(offset: Path, start: Start) -> None:
    offset.write_text(str(-YEAR))
    relay = start(sample=True)
    wait_until(lambda: any("system/" in key for entry in relay.of_kind("metrics") for key in entry["points"]))
    offset.write_text(str(YEAR))
    assert relay.hang_up() == 0
