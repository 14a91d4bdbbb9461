"""Pages with a million runs behind them: what the server needs for each, in this process, on PostgreSQL.

The slowest of a group counts, so that no filter hides behind another one; stderr has each of them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from bench.live import ask
from bench.many_people import load
from bench.measure import seconds
from bench.postgresql import SUFFIX, on_postgresql
from mantik.up.broker import broker_service
from projects.code import mirrors
from projects.models import CodeRepository
from runs.models import Run
from tests.connections.git.repository import Repository
from tests.support import factories
from tests.support.many_runs import ManyRuns, analyse, make_many_runs
from tests.support.world import BACKEND_CONFIG, MLPROJECT

MILLION = 1_000_000
_ROUNDS = 12
_WARM = 2


def million(ground: Ground) -> Iterator[Result]:
    for result in on_postgresql("bench.pages:measured", ground):
        yield replace(result, name=result.name.removesuffix(SUFFIX))


def measured(ground: Ground) -> Iterator[Result]:
    runs = make_many_runs(MILLION)
    analyse()
    # As the web server does (mantik/asgi.py).
    gc.collect()
    gc.freeze()
    yield from measure(ground, runs)


def measure(ground: Ground, runs: ManyRuns) -> Iterator[Result]:
    reader = Client(SERVER_NAME="localhost")
    reader.force_login(runs.member)
    for name, pages in (
        ("page.runs.1m", lists(runs)),
        ("page.run.1m", pages_of_runs(runs)),
        ("page.search.1m", searches(runs)),
        ("page.overview.1m", overviews(runs)),
    ):
        yield Result(name, max(_each(ground, reader, name, pages).values()), "ms")
    yield Result("page.run_form", _form(ground, reader, runs), "ms")
    yield from load(ground, runs)


def lists(runs: ManyRuns) -> dict[str, str]:
    """Every list that can have so many rows, with each filter, and with some that find little or nothing."""
    project, owner = runs.project, runs.member.username
    common, rare = str(runs.experiment.uuid), str(runs.rare_experiment.uuid)
    rarely = runs.rare_member.username
    found = {
        "all runs": _list(runs),
        "deep": _list(runs, page=_cursor(runs, "-")),
        "back": _list(runs, page=_cursor(runs, "+")),
        "submissions": reverse("runs:submissions", args=[project.slug]),
        "common experiment": _list(runs, experiment=common),
        "rare experiment": _list(runs, experiment=rare),
        "common member": _list(runs, member=owner),
        "rare member": _list(runs, member=rarely),
        "experiment and member": _list(runs, experiment=common, member=owner),
        "nothing of both": _list(runs, experiment=common, member=rarely),
        "failed, rare experiment": _list(runs, experiment=rare, state="failed"),
        "failed, rare member": _list(runs, member=rarely, state="failed"),
        "active, rare member": _list(runs, member=rarely, state="active", experiment=common),
    }
    for state in ("active", "finished", "failed", "cancelled"):
        found |= {state: _list(runs, state=state), f"{state}, week": _list(runs, state=state, period="week")}
        found |= {f"{state}, common experiment": _list(runs, state=state, experiment=common)}
    for period in ("day", "week", "month"):
        found |= {period: _list(runs, period=period)}
        found |= {f"{period}, nothing": _list(runs, period=period, old=True)}
    activity = reverse("projects:activity", args=[project.slug])
    return found | {
        "activity": activity,
        "activity about runs": f"{activity}?about=run",
        "activity about members": f"{activity}?about=member",
        "activity of a member": f"{activity}?person={owner}",
        "activity of a rare member": f"{activity}?person={rarely}",
        "experiments": reverse("projects:experiments", args=[project.slug]),
        "projects": reverse("projects:list"),
    }


def pages_of_runs(runs: ManyRuns) -> dict[str, str]:
    old, new = _middle(runs), Run.objects.filter(project=runs.project).latest("pk").pk
    found: dict[str, str] = {}
    for name, key in (("old", old), ("new", new)):
        page = reverse("runs:detail", args=[runs.project.slug, Run.objects.get(pk=key).uuid])
        found |= {name: page, f"{name}, log": f"{page}?tab=log", f"{name}, events": f"{page}?tab=events"}
    return found


def searches(runs: ManyRuns) -> dict[str, str]:
    texts = {
        "all": " ",
        "common": runs.common_name,
        "in many": "0042",
        "in some": "nightly 0042",
        "rare": runs.rare_name,
        "part of a rare one": "fluss 100%",
        "commit": runs.rare_commit,
        "short commit": runs.rare_commit[:3],
        "member": runs.member.username,
        "rare member": runs.rare_member.username,
        "rare note": runs.rare_note,
        "common note": runs.common_note,
        "common tag": runs.common_tag,
        "nothing": "never heard of it",
        "nothing, short": "qx",
    }
    found = {name: _list(runs, q=text) for name, text in texts.items()}
    found |= {f"{name}, old project": _list(runs, q=texts[name], old=True) for name in ("common", "rare", "nothing")}
    found["common, failed"] = _list(runs, q=runs.common_name, state="failed")
    found["rare, finished, experiment"] = _list(
        runs, q=runs.rare_name, state="finished", experiment=str(runs.experiment.uuid)
    )
    for place in (runs.project, runs.old_project):
        everywhere = f"{reverse('search:found')}?project={place.slug}"
        found |= {
            f"everywhere, {name}, {place.slug}": f"{everywhere}&{urlencode({'q': text})}"
            for name, text in texts.items()
        }
    found["for a schedule"] = f"{reverse('schedules:add', args=[runs.project.slug])}?run_search=never"
    return found


def overviews(runs: ManyRuns) -> dict[str, str]:
    return {
        "large": reverse("projects:overview", args=[runs.project.slug]),
        "old": reverse("projects:overview", args=[runs.old_project.slug]),
    }


def _list(runs: ManyRuns, *, old: bool = False, **query: str) -> str:
    path = reverse("runs:list", args=[(runs.old_project if old else runs.project).slug])
    return f"{path}?{urlencode(query)}"


def _cursor(runs: ManyRuns, direction: str) -> str:
    run = Run.objects.get(pk=_middle(runs))
    return f"{direction}{int(run.created_at.timestamp() * 1_000_000)}.{run.pk}"


def _middle(runs: ManyRuns) -> int:
    first, last = (Run.objects.order_by(order).values_list("pk", flat=True)[0] for order in ("pk", "-pk"))
    return Run.objects.filter(project=runs.project, pk__gt=(first + last) // 2).earliest("pk").pk


def _each(ground: Ground, reader: Client, group: str, pages: Mapping[str, str]) -> dict[str, float]:
    """The median milliseconds of each page. They take turns, so that a slow minute hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(_ROUNDS):
        for name, path in pages.items():
            taken[name].append(ask(reader, path, status=200)[1])
    medians = {name: median(times[_WARM:]) for name, times in taken.items()}
    for name, took in sorted(medians.items(), key=lambda one: -one[1]):
        ground.say(group, f"{took:7.1f} ms  {name}")
    return medians


def _form(ground: Ground, reader: Client, runs: ManyRuns) -> float:
    """The form of a new run, the form of Run again, and RUN!."""
    filled = _filled_in(runs, _code(ground, runs))
    path = reverse("runs:new", args=[runs.project.slug])
    again = f"{path}?from={Run.objects.get(pk=_middle(runs)).uuid}"
    pressed = []
    with ground.running(broker_service(ground.data_dir)):
        medians = _each(ground, reader, "page.run_form", {"the form": path, "Run again": again})
        for number in range(_ROUNDS):
            named = filled | {"name": f"first light {number}"}
            pressed.append(1000 * seconds(partial(_press, reader, path, named)))
    medians["RUN!"] = median(pressed[_WARM:])
    ground.say("page.run_form", f"{medians['RUN!']:7.1f} ms  RUN!")
    return max(medians.values())


def _press(reader: Client, path: str, filled: Mapping[str, Any]) -> None:
    answer = reader.post(path, filled)
    assert answer.status_code == 302, answer.content.decode()


def _code(ground: Ground, runs: ManyRuns) -> CodeRepository:
    repository = Repository(ground.place("code") / "code")
    repository.write("MLproject", MLPROJECT)
    repository.write("unicore.yaml", BACKEND_CONFIG)
    repository.commit("First light")
    code = factories.make_code_repository(project=runs.project, created_by=runs.member, url=str(repository.path))
    mirrors.fetch_or_raise(code, now=timezone.now())
    return code


def _filled_in(runs: ManyRuns, code: CodeRepository) -> dict[str, Any]:
    connection = factories.make_connection(owner=runs.member)
    return {
        "experiment": str(runs.experiment.uuid),
        "code_repository": str(code.uuid),
        "branch": "main",
        "mlproject_path": "MLproject",
        "backend_config_path": "unicore.yaml",
        "connection": str(connection.uuid),
        "compute_budget_account": "demo",
        "entry_point": "main",
        "param-marks": "/tmp/marks",
    }
