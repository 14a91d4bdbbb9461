"""The page of an experiment: its table, charts, groups, columns, pinned metric and exports."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.lib import badges
from mantik.lib.query_time import TooSlow
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import RunState
from runs.table import experiments, export, table
from tests.conftest import ClientOf
from tests.support import factories
from tests.support.tables import log

pytestmark = pytest.mark.django_db
NONE = "\N{EN DASH}"


@pytest.fixture
def experiment(project: Project, researcher: User) -> Experiment:
    return factories.make_experiment(project=project, created_by=researcher, name="baseline")


@pytest.fixture
def client(client_of: ClientOf, researcher: User) -> Client:
    return client_of(researcher)


def make(
    experiment: Experiment,
    name: str,
    *,
    age: int = 1,
    state: RunState = RunState.FINISHED,
    by: User | None = None,
    **logged: object,
) -> Run:
    run = factories.make_run(
        state,
        experiment=experiment,
        project=experiment.project,
        created_by=by or experiment.created_by,
        name=name,
        created_at=timezone.now() - timedelta(hours=age),
    )
    return log(run, **logged)  # type: ignore[arg-type]


@pytest.fixture
def runs(experiment: Experiment) -> list[Run]:
    return [
        make(
            experiment, "good", age=4, metrics={"val_acc": 0.9, "loss": [0.3, 0.1]}, params={"lr": "0.1", "opt": "adam"}
        ),
        make(experiment, "bad", age=3, metrics={"val_acc": 0.5, "loss": 0.7}, params={"lr": "0.01", "opt": "sgd"}),
        make(experiment, "diverged", age=2, metrics={"val_acc": math.nan}, params={"lr": "10"}),
        make(experiment, "silent", age=1),
    ]


def url(experiment: Experiment, name: str = "experiment", **query: str) -> str:
    return reverse(f"projects:{name}", args=[experiment.project.slug, experiment.uuid], query=query)


def names_in(text: str) -> list[str]:
    return re.findall(r'class="row-link" href="[^"]*">([^<]*)</a>', text)


def heads_in(text: str) -> list[str]:
    return re.findall(r'title="Sort by [^"]*">([^<]*)', text)


def get(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.usefixtures("runs")
def test_it_shows_what_tells_runs_apart_newest_first(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment))
    assert names_in(text) == ["silent", "diverged", "bad", "good"]
    assert heads_in(text) == ["State", "Run", "val_acc", "loss", "lr", "opt", "Started", "Duration", "By"]
    assert "4 runs, 0 active" in text
    assert 'aria-sort="descending"' in text


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("metric.val_acc", ["bad", "good", "silent", "diverged"]),
        ("-metric.val_acc", ["good", "bad", "silent", "diverged"]),
        ("-metric.loss.max", ["bad", "good", "silent", "diverged"]),
        ("param.lr", ["bad", "good", "diverged", "silent"]),
        ("name", ["bad", "diverged", "good", "silent"]),
    ],
)
def test_it_is_sorted_by_any_column(client: Client, experiment: Experiment, sort: str, order: list[str]) -> None:
    assert names_in(get(client, url(experiment, sort=sort))) == order


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    "query", [{"sort": "metric.nothing"}, {"sort": "x y"}, {"group": "param.no"}, {"columns": "a ="}]
)
def test_what_an_address_asks_for_in_vain_is_said(
    client: Client, experiment: Experiment, query: dict[str, str]
) -> None:
    text = get(client, url(experiment, **query))
    assert "left out" in text
    assert len(names_in(text)) == 4


@pytest.mark.usefixtures("runs")
def test_a_filter_is_kept_in_links_and_exports(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment, filter="val_acc > 0.4 and opt = adam"))
    assert names_in(text) == ["good"]
    assert 'value="val_acc &gt; 0.4 and opt = adam"' in text
    assert "?filter=val_acc+%3E+0.4+and+opt+%3D+adam&amp;sort=name" in text


@pytest.mark.usefixtures("runs")
def test_a_wrong_filter_points_at_the_character_and_shows_no_run(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment, filter="val_acc >> <b>"), 422)
    assert "<strong>Character 10:</strong> Here a value should stand" in text
    assert "val_acc &gt;<mark>&gt;</mark> &lt;b&gt;" in text
    assert names_in(text) == []
    assert 'aria-invalid="true"' in text


@pytest.mark.usefixtures("runs")
def test_a_filter_that_is_too_slow_says_what_helps(client: Client, experiment: Experiment) -> None:
    with patch.object(table, "page_through", side_effect=TooSlow):
        text = get(client, url(experiment, filter="loss > 0"), 422)
    assert "This takes longer than 2 seconds" in text
    assert "a whole project" not in text
    assert names_in(text) == []


@pytest.mark.usefixtures("runs")
def test_a_pinned_metric_leads(client: Client, experiment: Experiment) -> None:
    answer = client.post(url(experiment, "experiment-metric"), {"metric": "loss", "direction": "less"})
    assert answer.status_code == 302
    text = get(client, url(experiment))
    assert "the metric is <strong>loss</strong>, less is better" in text
    assert names_in(text)[:2] == ["good", "bad"]
    best = re.search(r'col-value is-best"[^>]*>(.*?)</td>', text)
    assert best
    assert "0.1" in best[1]
    event = AuditEvent.objects.get(verb="experiment.metric_pinned")
    assert event.before == {"pinned_metric": "", "more_is_better": True}
    assert event.after == {"pinned_metric": "loss", "more_is_better": False}
    # The same once more is no change.
    client.post(url(experiment, "experiment-metric"), {"metric": "loss", "direction": "less"})
    assert AuditEvent.objects.filter(verb="experiment.metric_pinned").count() == 1


@pytest.mark.usefixtures("runs")
def test_only_a_metric_that_was_logged_can_be_pinned(client: Client, experiment: Experiment) -> None:
    answer = client.post(url(experiment, "experiment-metric"), {"metric": "nothing", "direction": "less"})
    assert answer.status_code == 422
    experiment.refresh_from_db()
    assert experiment.pinned_metric == ""


@pytest.mark.usefixtures("runs")
def test_charts_have_a_dot_for_each_run_with_a_value(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment))
    assert "val_acc of the last 2 runs, in order: from 0.5 to 0.9; the best is 0.9, of good." in text
    assert "val_acc against lr of the last 2 runs: from 0.5 to 0.9, with lr from 0.01 to 0.1." in text
    assert "Duration of the last 4 runs that are over, in order" in text
    assert text.count("<circle") == 2 + 2 + 4
    address = reverse("runs:detail", args=[experiment.project.slug, experiment.runs.get(name="good").uuid])
    assert text.count(f'<a href="{address}" tab') == 3


@pytest.mark.usefixtures("runs")
def test_the_param_of_the_chart_is_chosen_in_the_address(client: Client, experiment: Experiment) -> None:
    for number in range(2):
        make(experiment, f"wide {number}", metrics={"val_acc": 0.6}, params={"width": str(number), "lr": "0.1"})
    text = get(client, url(experiment))
    assert "val_acc against lr of the last 4 runs" in text
    (link,) = re.findall(r'href="([^"]*against[^"]*)"><span class="menu-text">width<', text)
    text = get(client, link)
    assert "val_acc against width of the last 2 runs" in text
    assert 'aria-current="true"><span class="menu-text">width<' in text


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("against", ["param.opt", "param.nothing"])
def test_a_param_that_cannot_be_drawn_is_said(client: Client, experiment: Experiment, against: str) -> None:
    text = get(client, url(experiment, against=against))
    assert f"The last runs have no two different numbers of {against}; lr is drawn instead." in text
    assert "val_acc against lr" in text


@pytest.mark.usefixtures("runs")
def test_menus_narrow_the_table_beside_the_filter(client: Client, experiment: Experiment, ada: User) -> None:
    make(experiment, "of ada", by=ada, metrics={"val_acc": 0.7})
    make(experiment, "broken", state=RunState.FAILED, metrics={"val_acc": 0.8})
    assert names_in(get(client, url(experiment, state="failed"))) == ["broken"]
    assert names_in(get(client, url(experiment, member="ada"))) == ["of ada"]
    assert names_in(get(client, url(experiment, state="failed", member="ada"))) == []
    assert names_in(get(client, url(experiment, state="finished", filter="val_acc > 0.6"))) == ["of ada", "good"]
    text = get(client, url(experiment, state="nonsense"))
    assert "There is no state “nonsense” here; this filter was left out." in text
    rows = b"".join(client.get(url(experiment, "experiment-csv", member="ada"))).decode().splitlines()
    assert len(rows) == 2


@pytest.mark.usefixtures("runs")
def test_groups_have_mean_and_spread(client: Client, experiment: Experiment) -> None:
    make(experiment, "again", metrics={"val_acc": 0.7, "loss": math.inf}, params={"opt": "adam"})
    text = " ".join(get(client, url(experiment, group="param.opt", columns="metric.val_acc metric.loss")).split())
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>(.*?)</tr>", text)[1:]]
    assert rows == [
        ["adam", "2", "runs", "0.8", "±", "0.1", "0.1", "of", "1"],
        ["sgd", "1", "run", "0.5", "0.7"],
        ["not", "set", "2", "runs", NONE, NONE],
    ]
    link = re.search(r'row-link" href="([^"]*)"', text)
    assert link
    assert names_in(get(client, link[1].replace("&amp;", "&"))) == ["again", "good"]


@pytest.mark.usefixtures("runs")
def test_columns_are_kept_for_a_person(
    client: Client, client_of: ClientOf, maintainer: User, experiment: Experiment
) -> None:
    columns = url(experiment, "experiment-columns")
    assert "metric.val_acc metric.loss param.lr param.opt" in get(client, columns)
    client.post(columns, {"columns": "loss.max, param.opt\nmetric.val_acc"})
    mine = ["State", "Run", "loss, max", "opt", "val_acc", "Started", "Duration", "By"]
    assert heads_in(get(client, url(experiment))) == mine
    assert heads_in(get(client_of(maintainer), url(experiment)))[2] == "val_acc"
    # An address may name others.
    assert heads_in(get(client, url(experiment, columns="param.lr")))[2:3] == ["lr"]
    client.post(columns, {"columns": ""})
    assert heads_in(get(client, url(experiment)))[2] == "val_acc"


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("metric.loss, nothing", "Character 14, “nothing”: No run of this experiment has logged"),
        ("metric.loss = 5", "Character 13, “=”: Here the name of a column"),
        ("state", "Character 1, “state”: Every table shows state already."),
        (" ".join(f"metric.m{number}" for number in range(21)), "A table has at most 20 columns"),
    ],
)
def test_wrong_columns_say_what_is_wrong(client: Client, experiment: Experiment, text: str, sentence: str) -> None:
    answer = client.post(url(experiment, "experiment-columns"), {"columns": text})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


@pytest.mark.usefixtures("runs")
def test_names_are_added_by_links(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment, "experiment-columns", columns="metric.loss"))
    assert "?columns=metric.loss+metric.val_acc.best" in text
    assert "chip is-chosen" in text


@pytest.mark.usefixtures("runs")
def test_a_link_to_a_column_that_there_is_not_says_so(client: Client, experiment: Experiment) -> None:
    text = get(client, url(experiment, "experiment-columns", columns="metric.loss metric.gone"), 422)
    assert "Character 13, “metric.gone”: No run of this experiment has logged" in text


def test_names_are_completed(client: Client, experiment: Experiment, runs: list[Run]) -> None:
    assert runs
    found = json.loads(get(client, url(experiment, "experiment-names", text="lr > 1 and val", at="14")))
    assert found == {"completions": [{"text": "metric.val_acc", "begin": 11, "end": 14}]}
    assert json.loads(get(client, url(experiment, "experiment-names", text="va", at="x")))["completions"]


@pytest.mark.usefixtures("runs")
def test_csv_has_all_runs_in_the_order_of_the_table(client: Client, experiment: Experiment) -> None:
    make(experiment, "=1+1", metrics={"val_acc": -math.inf}, params={"opt": "-x"})
    answer = client.get(url(experiment, "experiment-csv", sort="metric.val_acc", columns="metric.val_acc param.opt"))
    assert (
        answer["Content-Disposition"] == 'attachment; filename="apollo-baseline.csv"' or answer["Content-Disposition"]
    )
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["name"], row["metric.val_acc"], row["param.opt"]) for row in rows] == [
        ("'=1+1", "-Infinity", "'-x"),
        ("bad", "0.5", "sgd"),
        ("good", "0.9", "adam"),
        ("silent", "", ""),
        ("diverged", "NaN", ""),
    ]


@pytest.mark.usefixtures("runs")
def test_json_is_one_object(client: Client, experiment: Experiment) -> None:
    answer = client.get(url(experiment, "experiment-json", columns="metric.val_acc", filter="not val_acc > 0.6"))
    found = json.loads(b"".join(answer))
    assert (found["experiment"], found["columns"]) == ("baseline", ["metric.val_acc"])
    assert [(run["name"], run["metric.val_acc"]) for run in found["runs"]] == [
        ("silent", None),
        ("diverged", "NaN"),
        ("bad", 0.5),
    ]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_an_export_of_many_batches_has_each_run_once(client: Client, experiment: Experiment, size: int) -> None:
    with patch.object(export, "BATCH", size):
        answer = client.get(url(experiment, "experiment-json", sort="-metric.val_acc"))
        found = json.loads(b"".join(answer))
    assert [run["name"] for run in found["runs"]] == ["good", "bad", "silent", "diverged"]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [({"filter": "val_acc >"}, "Character 10 of the filter: Here a value"), ({"sort": "metric.x"}, "was left out.")],
)
def test_nothing_else_is_exported_than_was_asked_for(
    client: Client, experiment: Experiment, query: dict[str, str], sentence: str
) -> None:
    assert sentence in get(client, url(experiment, "experiment-csv", **query), 422)


def test_an_empty_experiment(client: Client, experiment: Experiment) -> None:
    assert "Nothing has run in this experiment yet." in get(client, url(experiment))
    assert "Nothing yet." in get(client, url(experiment, "experiment-columns"))
    answer = client.get(url(experiment, "experiment-json"))
    assert json.loads(b"".join(answer))["runs"] == []


def test_pages_lead_through_all_runs(client: Client, experiment: Experiment) -> None:
    with patch.object(table, "PAGE_SIZE", 2):
        for number in range(5):
            make(experiment, f"r{number}", metrics={"loss": float(number)} if number < 3 else {})
        text, found = get(client, url(experiment, sort="metric.loss")), []
        for _ in range(3):
            found += names_in(text)
            link = re.search(r'href="([^"]*)" rel="next">Next', text)
            text = get(client, link[1].replace("&amp;", "&")) if link else ""
        assert found[:3] == ["r0", "r1", "r2"]
        assert sorted(found) == [f"r{number}" for number in range(5)]


def test_the_live_part_has_rows_alone_and_only_what_is_new(client: Client, experiment: Experiment) -> None:
    run = make(experiment, "one", state=RunState.RUNNING, metrics={"loss": 1.0})
    assert 'data-live=""' in get(client, url(experiment))
    text = client.get(url(experiment), headers={"Mantik-Live": "", "HX-Request": "true"}).content.decode()
    stamp = re.search(r'data-live="([^"]+)"', text)
    assert stamp
    assert "<html" not in text
    assert client.get(url(experiment), headers={"Mantik-Live": stamp[1]}).status_code == 204
    log(run, metrics={"loss": [1.0, 0.25]})
    again = client.get(url(experiment), headers={"Mantik-Live": stamp[1]})
    assert "0.25" in again.content.decode()


@pytest.mark.usefixtures("runs")
def test_an_experiment_of_another_project_is_not_there(client: Client, experiment: Experiment) -> None:
    other = factories.make_project()
    address = reverse("projects:experiment", args=[other.slug, experiment.uuid])
    assert client.get(address).status_code == 404


@pytest.mark.usefixtures("runs")
def test_the_list_of_experiments_says_runs_best_and_last_activity(client: Client, experiment: Experiment) -> None:
    address = reverse("projects:experiments", args=[experiment.project.slug])
    Experiment.objects.filter(pk=experiment.pk).update(pinned_metric="loss", more_is_better=False)
    factories.make_experiment(project=experiment.project, name="quiet", pinned_metric="never")
    make(experiment, "diverging", metrics={"loss": -math.inf})
    row, quiet = re.findall(r"<tr>(.*?)</tr>", get(client, address), flags=re.DOTALL)[1:]
    assert f'href="{url(experiment)}">baseline</a>' in row
    assert [text.strip() for text in re.findall(r'col-counted">([^<]*)<', row)] == ["5", "0.1"]
    assert re.findall(r'col-counted">([^<]*)<', quiet) == ["0", ""]
    with patch.object(badges, "MOST_SHOWN", 1), patch.object(experiments, "MOST_SHOWN", 1):
        assert 'col-counted">1+<' in get(client, address)
