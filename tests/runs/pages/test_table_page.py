"""The table of all runs of a project: the same as that of an experiment, across its experiments."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.lib.query_time import TooSlow
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import RunState
from runs.table import table
from tests.conftest import ClientOf
from tests.support import factories
from tests.support.pages import count_queries
from tests.support.tables import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_of: ClientOf, researcher: User) -> Client:
    return client_of(researcher)


@pytest.fixture
def experiments(project: Project, researcher: User) -> tuple[Experiment, Experiment]:
    first, second = (
        factories.make_experiment(project=project, created_by=researcher, name=name) for name in ("small", "large")
    )
    return first, second


def make(experiment: Experiment, name: str, *, hours_ago: int, **logged: object) -> Run:
    run = factories.make_run(
        RunState.FINISHED,
        experiment=experiment,
        project=experiment.project,
        created_by=experiment.created_by,
        name=name,
        created_at=timezone.now() - timedelta(hours=hours_ago),
    )
    return log(run, **logged)  # type: ignore[arg-type]


@pytest.fixture
def runs(experiments: tuple[Experiment, Experiment]) -> list[Run]:
    small, large = experiments
    return [
        make(small, "one", hours_ago=4, metrics={"acc": 0.5}, params={"lr": "0.1"}),
        make(large, "two", hours_ago=3, metrics={"acc": 0.9}, params={"lr": "0.01"}, tags={"team": "a"}),
        make(small, "three", hours_ago=2, metrics={"acc": 0.7}, params={"lr": "0.01"}),
        make(large, "four", hours_ago=1),
    ]


def url(project: Project, name: str = "table", **query: str) -> str:
    return reverse(f"runs:{name}", args=[project.slug], query=query)


def get(client: Client, path: str, *, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def names_in(text: str) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]*">([^<]*)</a>', text)


@pytest.mark.usefixtures("runs")
def test_runs_of_all_experiments_newest_first(client: Client, project: Project) -> None:
    factories.make_run(RunState.FINISHED, name="of another project")
    text = get(client, url(project))
    assert names_in(text) == ["four", "three", "two", "one"]
    assert re.findall(r"row-detail[^>]*>\s*(\w+) ·", text) == ["large", "small", "large", "small"]
    assert 'aria-current="page">Table</a>' in text
    assert "is-best" not in text


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("-metric.acc", ["two", "three", "one", "four"]),
        ("metric.acc", ["one", "three", "two", "four"]),
        ("param.lr", ["two", "three", "one", "four"]),
        ("tag.team", ["two", "four", "three", "one"]),
        ("name", ["four", "one", "three", "two"]),
    ],
)
def test_one_order_across_experiments(client: Client, project: Project, sort: str, names: list[str]) -> None:
    assert names_in(get(client, url(project, sort=sort))) == names


@pytest.mark.usefixtures("runs")
def test_pages_lead_on_in_that_order(client: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PAGE_SIZE", 2)
    first = get(client, url(project, sort="-metric.acc"))
    assert names_in(first) == ["two", "three"]
    older = re.search(r'href="([^"]*page=-[^"]*)"', first)
    assert older
    assert names_in(get(client, older[1].replace("&amp;", "&"))) == ["one", "four"]


@pytest.mark.usefixtures("runs")
def test_a_filter_means_what_all_of_them_logged(client: Client, project: Project) -> None:
    assert names_in(get(client, url(project, filter="acc > 0.6"))) == ["three", "two"]
    assert names_in(get(client, url(project, filter="acc is missing"))) == ["four"]
    assert names_in(get(client, url(project, filter="param.lr = 0.01 and not tag.team = a"))) == ["three"]
    wrong = get(client, url(project, filter="metric.ac > 1"), status=422)
    assert "No run of this project has logged a metric named “ac”. Similar: metric.acc." in wrong


@pytest.mark.usefixtures("runs")
def test_groups_across_experiments(client: Client, project: Project) -> None:
    text = " ".join(get(client, url(project, group="param.lr", columns="metric.acc")).split())
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", text)[1:]]
    assert [row[:4] for row in rows] == [
        ["0.01", "2", "runs", "0.8"],
        ["0.1", "1", "run", "0.5"],
        ["not", "set", "1", "run"],
    ]


@pytest.mark.usefixtures("runs")
def test_a_name_is_offered_once(client: Client, project: Project) -> None:
    found = client.get(url(project, "table-names", text="metric.a", at="8")).json()
    assert [one["text"] for one in found["completions"]] == ["metric.acc"]


@pytest.mark.usefixtures("runs")
def test_columns_are_kept_apart(client: Client, project: Project, experiments: tuple[Experiment, Experiment]) -> None:
    answer = client.post(url(project, "table-columns"), {"columns": "tag.team"})
    assert (answer.status_code, answer["Location"]) == (302, url(project))
    heads = r'title="Sort by (\w+ \w+)"'
    assert re.findall(heads, get(client, url(project))) == ["Tag team"]
    of_experiment = reverse("projects:experiment", args=[project.slug, experiments[0].uuid])
    assert "Tag team" not in re.findall(heads, get(client, of_experiment))
    client.post(url(project, "table-columns"), {"columns": ""})
    assert re.findall(heads, get(client, url(project))) == ["Metric acc", "Param lr"]


@pytest.mark.usefixtures("runs")
def test_a_metric_is_sorted_as_those_say_who_pinned_it(
    client: Client, project: Project, experiments: tuple[Experiment, Experiment]
) -> None:
    link = r'href="([^"]*)" title="Sort by Metric acc"'

    def first_press() -> str:
        (found,) = re.findall(link, get(client, url(project)))
        return str(found)

    assert first_press().endswith("sort=-metric.acc")
    small, large = experiments
    Experiment.objects.filter(pk=small.pk).update(pinned_metric="acc", more_is_better=False)
    assert first_press().endswith("sort=metric.acc")
    # They disagree, so what is usual counts.
    Experiment.objects.filter(pk=large.pk).update(pinned_metric="acc", more_is_better=True)
    assert first_press().endswith("sort=-metric.acc")


@pytest.mark.usefixtures("runs")
def test_exports_have_all_runs(client: Client, project: Project) -> None:
    text = b"".join(client.get(url(project, "table-csv", sort="-metric.acc"))).decode()
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert [(row["name"], row["metric.acc"]) for row in rows][:2] == [("two", "0.9"), ("three", "0.7")]
    found = json.loads(b"".join(client.get(url(project, "table-json"))))
    assert found["project"] == project.name
    assert len(found["runs"]) == 4


@pytest.mark.usefixtures("runs")
def test_an_order_that_takes_too_long_is_a_sentence(client: Client, project: Project) -> None:
    with patch.object(table, "_read", side_effect=TooSlow):
        text = get(client, url(project, sort="name"), status=422)
    assert "so it was stopped" in text
    assert "the table of a whole project in another order than by Started" in text


def test_it_costs_the_same_however_many_runs_and_experiments_there_are(client: Client, project: Project) -> None:
    def one_more(number: int) -> None:
        experiment = factories.make_experiment(project=project, name=f"experiment {number}")
        make(experiment, f"run {number}", hours_ago=number, metrics={"acc": 0.5}, params={"lr": str(number)})

    for number in range(2):
        one_more(number)
    few = count_queries(client, url(project, sort="-metric.acc"))
    for number in range(2, 8):
        one_more(number)
    assert count_queries(client, url(project, sort="-metric.acc")) == few
