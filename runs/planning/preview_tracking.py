"""How a run would log, and which of its code would log elsewhere: a row and warnings of its preview."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from mantik.lib.humanize import counted
from projects.code.server_calls import NamedServer, Searched
from runs.backend_config import BackendConfig
from runs.job import goes_along, has_task_on_each
from runs.submission.run_files import RunFiles

# How many places of the code are named.
MOST_NAMED = 3


@dataclass(frozen=True)
class TrackingShown:
    """`note`: more about `way`, or ""."""

    way: str
    note: str
    warnings: list[str]


def tracking_shown(files: RunFiles, searched: Searched | None) -> TrackingShown:
    """`searched`: what the code names, if it was looked at."""
    way, note = _way(files)
    # What is not sent to the site names nothing there.
    named = [one for one in searched.named if _goes_along(one, files)] if searched else []
    return TrackingShown(way, note, list(_warnings(named, is_whole=searched is None or searched.is_whole)))


def _way(files: RunFiles) -> tuple[str, str]:
    config = files.config
    if not files.has_relay:
        reason = "the config has Relay: false" if settings.MANTIK_RELAY else "operators have switched the relay off"
        return f"straight to {settings.MANTIK_TRACKING_URI}", reason
    return f"to {_relays(config)}", f"{'with' if config.tracking.system_metrics else 'without'} system metrics"


def _relays(config: BackendConfig) -> str:
    nodes = config.resources.nodes or 1
    if nodes == 1:
        return "the relay on its node"
    each = has_task_on_each(config.environment)
    return f"a relay on each of its {nodes} nodes" if each else f"the relay on the first of its {nodes} nodes"


def _goes_along(named: NamedServer, files: RunFiles) -> bool:
    return goes_along(named.path, files.config.exclude, files.kept)


def _warnings(named: list[NamedServer], *, is_whole: bool) -> Iterator[str]:
    for path, place, address in named[:MOST_NAMED]:
        yield (
            f"{path}, {place}, has MLflow log to {address}: nothing of that reaches Mantik. Remove it: in the job, "
            "MLflow finds Mantik by itself."
        )
    if (more := len(named) - MOST_NAMED) > 0:
        yield f"{counted(more, 'more place')} in the code {'has' if more == 1 else 'have'} MLflow log elsewhere."
    if not is_whole:
        yield "There is too much code to search all of it for places that have MLflow log elsewhere."
