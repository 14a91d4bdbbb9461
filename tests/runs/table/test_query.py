"""Which runs a filter finds, compared with the same in plain Python, and what it says about a wrong one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from mantik.accounts.models import User
from projects.models import Experiment
from runs.models import Run
from runs.states import TERMINAL, RunState
from runs.table.query import filtered
from runs.table.scope import Scope
from runs.table.tokens import Misread
from tests.runs.table.oracle import METRICS, PARAMS, TAGS, TEXTS, Known, expression
from tests.support.factories import make_experiment, make_run, make_run_star, make_user
from tests.support.tables import log

pytestmark = pytest.mark.django_db
_VALUES = (0.0, 0.5, -1.0, 0.001, 2.0, 7.5, math.nan, math.inf, -math.inf)
_RUNS, _FILTERS = 40, 400
NOBODY = AnonymousUser()


def found(
    experiment: Experiment, text: str, *, now: datetime | None = None, user: User | AnonymousUser = NOBODY
) -> set[str]:
    runs = Run.objects.filter(experiment=experiment)
    return {run.name for run in filtered(runs, text, scope=Scope.of(experiment), user=user, now=now or timezone.now())}


def test_a_filter_finds_what_plain_python_finds() -> None:
    random, now = Random(20), timezone.now().replace(microsecond=0)
    experiment = make_experiment()
    people = [make_user("ada"), make_user("grace")]
    known = [_make(random, experiment, people, number, now) for number in range(_RUNS)]
    fitting = 0
    for _ in range(_FILTERS):
        text, fits = expression(random)
        expected = {run.name for run in known if fits(run)}
        assert found(experiment, text, now=now) == expected, text
        fitting += 0 < len(expected) < _RUNS
    # Most filters tell something apart.
    assert fitting > _FILTERS / 2


def _make(random: Random, experiment: Experiment, people: list[User], number: int, now: datetime) -> Known:
    state, by = random.choice([*RunState]), random.choice(people)
    ended = now - timedelta(days=3)
    length = timedelta(seconds=random.choice([30, 90, 600, 3600, 5400, 172_800, 200_000]))
    begin = (ended if state in TERMINAL else now) - length
    name = f"{random.choice(TEXTS)} {number}"
    columns = {"ended_at": ended} if state in TERMINAL else {}
    run = make_run(
        state, experiment=experiment, project=experiment.project, created_by=by, name=name, created_at=begin, **columns
    )
    logged = {key: random.choices(_VALUES, k=random.randint(1, 3)) for key in METRICS if random.random() < 0.7}
    params = {key: random.choice([*TEXTS, "2", "1e-3", "nan"]) for key in PARAMS if random.random() < 0.7}
    tags = {key: random.choice(TEXTS) for key in TAGS if random.random() < 0.5}
    log(run, metrics=logged, params=params, tags=tags)
    # Of a child below it: no filter sees that.
    log(run, metrics={"loss": 0.5}, params={"lr": "2"}, tags={"team": "adam"}, owner="child")
    return Known(name, state, by.username, begin, length, logged, params, tags)


@pytest.fixture
def experiment() -> Experiment:
    experiment = make_experiment()
    run = make_run(RunState.FINISHED, experiment=experiment, project=experiment.project, name="one")
    log(
        run,
        metrics={"loss": [3.0, 1.0, 2.0], "acc": 0.5, "both": 1.0},
        params={"lr": "0.1", "both": "x"},
        tags={"team": "a"},
    )
    return experiment


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("metric.los > 1", 0, "No run of this experiment has logged a metric named “los”. Similar: metric.loss."),
        ("lr > 1 and quux = 1", 11, "No run of this experiment has logged a metric, param or tag named “quux”."),
        ("both = 1", 0, "“both” is a metric and a param here. Write metric.both or param.both."),
        ("loss > high", 7, "metric.loss is a number, so a number should stand here, like 0.9, -3 or 1e-4."),
        ('loss > "1"', 7, "metric.loss is a number"),
        ("loss = nan", 7, "Nothing is equal to NaN. Write: metric.loss is nan."),
        ("loss ~ 1", 5, "A metric is a number, which contains nothing."),
        ("lr > adam", 5, "param.lr is a number"),
        ("team > 1", 5, "A tag is a text."),
        ("name < a", 5, "This is a text."),
        ("state = done", 8, "There is no state “done”. The states are active, pending,"),
        ("state > failed", 6, "This is compared with = or !=."),
        ("started > soon", 10, "Here a day or a time should stand"),
        ("started > 2026-13-01", 10, "Here a day or a time should stand"),
        ("started > 9999-12-31", 10, "Here a day or a time should stand"),
        ("started ~ 2026", 8, "A time is compared"),
        ("duration > long", 11, "Here a duration should stand"),
        ("duration > 99999d", 11, "That is longer than a hundred years."),
        ("duration ~ 1m", 9, "A duration is compared"),
        ("state is missing", 9, "Every run has a state."),
        ("lr is nan", 6, "Only a metric can be NaN."),
        ("notes is nan", 9, "Only a metric can be NaN."),
        ("notes > a", 6, "This is a text."),
        ("lr = 1 and starred = yes", 11, "Stars belong to whoever is signed in."),
    ],
)
def test_a_wrong_filter_says_what_is_wrong_and_where(experiment: Experiment, text: str, at: int, sentence: str) -> None:
    with pytest.raises(Misread) as caught:
        found(experiment, text)
    assert (caught.value.at, caught.value.sentence[: len(sentence)]) == (at, sentence)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("loss = 2 and loss.min = 1 and loss.max = 3 and loss.best = 1", True),
        ("acc.best = 0.5", True),
        ("lr = 1e-1 and lr = 0.10", True),
        ('lr = "0.10"', False),
        ('lr = "0.1"', True),
        ("metric.both = 1 and param.both = x", True),
        ("team = a and team != b", True),
        ("state = FINISHED and state != active", True),
        ("", True),
    ],
)
def test_what_values_mean(experiment: Experiment, text: str, fits: bool) -> None:
    assert found(experiment, text) == ({"one"} if fits else set())


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("starred = 1", 10, "Here yes or no should stand"),
        ("starred > yes", 8, "This is compared with = or !=."),
        ("starred is missing", 11, "Every run has your star, or has not. Write starred = yes or starred = no."),
    ],
)
def test_a_wrong_word_about_stars(experiment: Experiment, text: str, at: int, sentence: str) -> None:
    with pytest.raises(Misread) as caught:
        found(experiment, text, user=make_user())
    assert (caught.value.at, caught.value.sentence[: len(sentence)]) == (at, sentence)


def test_stars_are_those_of_who_looks(experiment: Experiment) -> None:
    ada, grace = make_user("ada"), make_user("grace")
    make_run(RunState.FINISHED, experiment=experiment, project=experiment.project, name="two")
    make_run_star(run=Run.objects.get(name="one"), user=ada)
    assert found(experiment, "starred = yes", user=ada) == {"one"}
    assert found(experiment, "starred = No", user=ada) == found(experiment, "starred != yes", user=ada) == {"two"}
    assert found(experiment, "starred = yes", user=grace) == set()


def test_notes_are_searched_like_names(experiment: Experiment) -> None:
    make_run(RunState.FINISHED, experiment=experiment, project=experiment.project, name="two", notes="Too *much* rain.")
    assert found(experiment, 'notes ~ "MUCH* rain"') == found(experiment, "notes is not missing") == {"two"}
    assert found(experiment, "notes !~ rain") == found(experiment, "notes is missing") == {"one"}


def test_a_pinned_metric_says_what_is_best(experiment: Experiment) -> None:
    experiment.pinned_metric, experiment.more_is_better = "loss", True
    assert found(experiment, "loss.best = 3") == {"one"}


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("started = 2026-11-30", True),
        ("started != 2026-11-30", False),
        ("started > 2026-11-30", False),
        ("started >= 2026-11-30", True),
        ("started < 2026-11-30", False),
        ("started <= 2026-11-30", True),
        ('started = "2026-11-30 14:05"', True),
        ("started = 2026-11-30T14:05:10", True),
        ("started > 2026-11-30T14:05:10", False),
        ("started = 2026-11-30T13:05+00:00", True),
    ],
)
def test_a_day_is_one_of_the_reader(text: str, hits: bool) -> None:
    at = datetime(2026, 11, 30, 13, 5, 10, 500_000, tzinfo=UTC)
    run = make_run(RunState.RUNNING, created_at=at, name="one")
    with timezone.override("Europe/Berlin"):
        assert found(run.experiment, text) == ({"one"} if hits else set())
    # Late in the evening of the day before.
    with timezone.override("America/Los_Angeles"):
        assert found(run.experiment, "started = 2026-11-30") == {"one"}
    with timezone.override("Pacific/Auckland"):
        assert found(run.experiment, "started = 2026-12-01") == {"one"}


def test_names_are_looked_up_in_one_query(
    experiment: Experiment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        found(experiment, "loss > 1 and (acc < 1 or lr = 0.1) and team = a")
    with django_assert_num_queries(1):
        found(experiment, "state = failed")
