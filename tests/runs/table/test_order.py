"""The table in the order of each column, as plain Python sorts it, walked page by page in both directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from mantik.lib.sorted_paging import page_through
from projects.models import Experiment
from runs.models import Run
from runs.states import TERMINAL, RunState
from runs.table.language import read_field
from runs.table.names import Names
from runs.table.order import Order, sections
from runs.table.scope import Scope
from tests.support.factories import make_experiment, make_run, make_user
from tests.support.tables import log

pytestmark = pytest.mark.django_db
_SIZE, _RUNS = 4, 23
_VALUES = (0.1, 0.1, 0.25, -3.0, math.nan, math.nan, math.inf, -math.inf, None, None, None)


@pytest.fixture
def experiment() -> Experiment:
    random, now, found = Random(7), timezone.now(), make_experiment()
    people = [make_user("ada"), make_user("grace")]
    for number in range(_RUNS):
        state = random.choice([RunState.QUEUED, RunState.RUNNING, *TERMINAL])
        begin = now - timedelta(hours=5, minutes=number)
        ended = {"ended_at": begin + timedelta(minutes=random.choice([1, 1, 9, 17]))} if state in TERMINAL else {}
        run = make_run(
            state,
            experiment=found,
            project=found.project,
            created_by=random.choice(people),
            created_at=begin,
            name=random.choice("abc"),
            **ended,
        )
        value = random.choice(_VALUES)
        if value is not None:
            log(run, metrics={"loss": [5.0, value, value]})
        if random.random() < 0.8:
            log(run, params={"lr": random.choice(["0.1", "1e-3", "10", "adam", "sgd", "0.1"])})
        if random.random() < 0.6:
            log(run, tags={"team": random.choice("xyz")})
        log(run, metrics={"other": 1.0})
        log(run, metrics={"loss": -99.0}, params={"lr": "-5"}, owner="child")
    return found


Value = float | str | timedelta | None


def _last(run: Run) -> Value:
    return next((row.last for row in run.metrics.filter(name__key="loss", owner="")), None)


def _least(run: Run) -> Value:
    return next((row.least for row in run.metrics.filter(name__key="loss", owner="")), None)


def _param(run: Run) -> Value:
    row = run.runparams.filter(name__key="lr", owner="").first()
    return None if row is None else row.value if row.number is None else row.number


def _tag(run: Run) -> Value:
    row = run.runtags.filter(name__key="team", owner="").first()
    return None if row is None else row.value


def _length(run: Run) -> Value:
    return run.ended_at - run.created_at if run.ended_at else None


OF: dict[str, Callable[[Run], Value]] = {
    "metric.loss": _last,
    "metric.loss.min": _least,
    "metric.loss.best": _least,
    "param.lr": _param,
    "tag.team": _tag,
    "duration": _length,
    "name": lambda run: run.name,
    "by": lambda run: run.created_by.username,
}


def expected(experiment: Experiment, value_of: Callable[[Run], Value], *, down: bool) -> list[int]:
    runs = list(Run.objects.filter(experiment=experiment))
    values = {run.pk: value_of(run) for run in runs}
    missing = sorted((run for run in runs if values[run.pk] is None), key=lambda run: run.created_at, reverse=True)
    parts = []
    for kind in (float, timedelta, str):
        part = [run for run in runs if isinstance(values[run.pk], kind)]
        parts += sorted(part, key=lambda run: (values[run.pk], run.pk), reverse=down)
    return [run.pk for run in [*parts, *missing]]


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("name", OF)
def test_every_order_is_that_of_plain_python_on_all_pages(experiment: Experiment, name: str, down: bool) -> None:
    assert walked(experiment, name, down=down) == expected(experiment, OF[name], down=down)


@pytest.mark.parametrize("down", [False, True])
def test_by_time(experiment: Experiment, down: bool) -> None:
    runs = Run.objects.filter(experiment=experiment).order_by("-created_at" if down else "created_at")
    assert walked(experiment, "started", down=down) == [run.pk for run in runs]


def test_by_state_those_that_run_come_first(experiment: Experiment) -> None:
    order = ["RUNNING", "QUEUED", "FINISHED", "FAILED", "LOST", "CANCELLED"]
    found = [Run.objects.get(pk=pk) for pk in walked(experiment, "state", down=False)]
    assert [order.index(run.state) for run in found] == sorted(order.index(run.state) for run in found)
    turned = [Run.objects.get(pk=pk).state for pk in walked(experiment, "state", down=True)]
    assert turned == [run.state for run in sorted(found, key=lambda run: -order.index(run.state))]


def walked(experiment: Experiment, name: str, *, down: bool) -> list[int]:
    """All pages forwards; going back from the last one has to give the same."""
    field = read_field(name)
    scope = Scope.of(experiment)
    lists = sections(scope.runs(), Order(field, down), Names(scope, [field]))
    found, page = [], page_through(lists, cursor="", size=_SIZE)
    pages = [page]
    while page.older:
        page = page_through(lists, cursor=page.older, size=_SIZE)
        pages.append(page)
    for before in pages[-2::-1]:
        page = page_through(lists, cursor=str(page.newer), size=_SIZE)
        assert [run.pk for run in page.rows] == [run.pk for run in before.rows]
    assert page.newer is None
    for page in pages:
        found += [run.pk for run in page.rows]
    return found


def test_the_value_is_joined_once(experiment: Experiment) -> None:
    field = read_field("metric.loss")
    first, _ = sections(Run.objects.all(), Order(field, is_descending=True), Names(Scope.of(experiment), [field]))
    assert str(first.rows.query).count("JOIN") == 1
