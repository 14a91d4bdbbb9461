"""The page of an experiment with 100,000 runs: what the server needs for it, in this process, on PostgreSQL.

Sorted by each of twenty metrics, of which 5 % of the values are NaN and 20 % missing; filtered; on the first page and
far behind it. The slowest counts; stderr has each of them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from django.test import Client
from django.urls import reverse

from bench.ground import Ground
from bench.harness import Result
from bench.live import ask
from bench.postgresql import SUFFIX, on_postgresql
from projects.models import Experiment
from tests.support.many_metrics import METRICS, make_many_metrics
from tests.support.many_runs import analyse, make_many_runs

HUNDRED_THOUSAND = 100_000
_NAME = "page.experiment.100k"
_ROUNDS, _WARM = 8, 2


def hundred_thousand(ground: Ground) -> Iterator[Result]:
    for result in on_postgresql("bench.experiment:measured", ground):
        yield replace(result, name=result.name.removesuffix(SUFFIX))


def measured(ground: Ground) -> Iterator[Result]:
    # Six in ten are in the project whose runs are gathered in one experiment.
    runs = make_many_runs(HUNDRED_THOUSAND * 10 // 6 + 100)
    make_many_metrics(runs.experiment)
    analyse()
    gc.collect()
    gc.freeze()
    reader = Client(SERVER_NAME="localhost")
    reader.force_login(runs.member)
    yield Result(_NAME, max(_each(ground, reader, pages(runs.experiment)).values()), "ms")


def pages(experiment: Experiment) -> dict[str, str]:
    def page(**query: str) -> str:
        return reverse("projects:experiment", args=[experiment.project.slug, experiment.uuid], query=query)

    found = {"as it opens": page(), "newest": page(sort="-started")}
    for metric in METRICS:
        found[f"{metric}, most"] = page(sort=f"-metric.{metric}")
        found[f"{metric}, least"] = page(sort=f"metric.{metric}")
    by = "-metric.m00"
    found |= {
        "behind all values": page(sort=by, page="-0.1.-1.0"),
        "deep": page(sort=by, page="-0.1.0.5"),
        "by best": page(sort="-metric.m03.best"),
        "by a param": page(sort="param.lr"),
        "one metric": page(sort=by, filter="metric.m01 > 0.5"),
        "few": page(sort=by, filter="metric.m01 > 0.999"),
        "none": page(sort=by, filter="metric.m01 > 2"),
        "two metrics": page(sort=by, filter="metric.m01 > 0.9 and metric.m02 < 0.1"),
        "metric and param": page(sort=by, filter="metric.m01 > 0.9 and param.lr < 0.01"),
        "missing": page(sort=by, filter="metric.m01 is missing"),
        "NaN": page(sort=by, filter="metric.m01 is nan and state = finished"),
        "either": page(sort=by, filter="metric.m01 > 0.99 or metric.m02 > 0.99"),
        "not": page(sort=by, filter="not (metric.m01 > 0.5 or state = failed)"),
        "state": page(sort=by, filter="state = failed"),
        "name": page(sort=by, filter="name ~ ensemble"),
        "today": page(sort=by, filter="started > 2026-01-01 and metric.m05 > 0.2"),
    }
    return found


def _each(ground: Ground, reader: Client, found: dict[str, str]) -> dict[str, float]:
    """The median milliseconds of each page. They take turns, so that a slow minute hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(_ROUNDS):
        for name, path in found.items():
            taken[name].append(ask(reader, path, status=200)[1])
    medians = {name: median(times[_WARM:]) for name, times in taken.items()}
    for name, took in sorted(medians.items(), key=lambda one: -one[1]):
        ground.say(_NAME, f"{took:7.1f} ms  {name}")
    return medians
