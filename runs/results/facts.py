"""What a run was made of, fact by fact: what it is compared by with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.urls import reverse

from mantik.lib.humanize import spoken_duration
from runs.backend_config.errors import BackendConfigError
from runs.backend_config.reader import load_document
from runs.models import Run, RunParam
from runs.pages.commits import commit_url

# In the order in which they are shown.
GROUPS = ("Parameters", "Code", "Configuration", "Environment", "Resources", "Run")
# Of the config, what the run has in columns of its own.
_IN_COLUMNS = ("Resources.Queue", "Resources.Nodes", "Resources.CPUsPerNode", "Resources.Runtime")


class Name(NamedTuple):
    """What a fact is about."""

    group: str
    label: str


@dataclass(frozen=True)
class Fact:
    """`text` is what it is compared by; `short` is shown in its place."""

    text: str
    url: str | None = None
    short: str = ""

    @property
    def shown(self) -> str:
        return self.short or self.text


Facts = dict[Name, Fact]


def facts_of(runs: Sequence[Run]) -> list[Facts]:
    """Of each run; what one has nothing to say about is left out. One query."""
    logged = _logged(runs)
    return [_facts(run, logged[run.pk]) for run in runs]


def parameters_of(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Of each run, by name; of one that was logged, what was logged. One query."""
    logged = _logged(runs)
    return [_typed(run) | logged[run.pk] for run in runs]


def _logged(runs: Sequence[Run]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {run.pk: {} for run in runs}
    rows = RunParam.objects.filter(run__in=runs, owner="").order_by("name__key")
    for run, key, value in rows.values_list("run", "name__key", "value"):
        found[run][key] = value
    return found


def _facts(run: Run, logged: Mapping[str, str]) -> Facts:
    found = dict(_parameters(run, logged))
    for group, pairs in (("Code", _code(run)), ("Resources", _resources(run)), ("Run", _about(run))):
        found |= {Name(group, label): fact for label, fact in pairs if fact.text}
    return found | _of_config(run)


def _parameters(run: Run, logged: Mapping[str, str]) -> Iterator[tuple[Name, Fact]]:
    """As they were typed, and as the training logged them if that is something else."""
    typed = _typed(run)
    for name, value in typed.items():
        yield Name("Parameters", name), Fact(value)
    for name, value in logged.items():
        if name not in typed:
            yield Name("Parameters", name), Fact(value)
        elif typed[name] != value:
            yield Name("Parameters", f"{name}, as logged"), Fact(value)


def _typed(run: Run) -> dict[str, str]:
    return {name: str(value) for name, value in run.parameters.items()}


def _code(run: Run) -> Iterator[tuple[str, Fact]]:
    yield "Code repository", Fact(run.code_url or run.code_name, short=run.code_name)
    yield "Branch", Fact(run.branch)
    yield "Commit", Fact("" if run.newest_of else run.commit_sha, commit_url(run), run.commit_sha[:7])
    yield "MLproject", Fact(run.mlproject_path)
    yield "Entry point", Fact(run.entry_point)


def _resources(run: Run) -> Iterator[tuple[str, Fact]]:
    yield "Site", Fact(run.site_name)
    yield "Compute budget account", Fact(run.compute_budget_account)
    yield "Queue", Fact(run.queue)
    yield "Nodes", Fact(str(run.nodes or ""))
    yield "CPUs per node", Fact(str(run.cpus_per_node or ""))
    yield "Time limit", Fact(spoken_duration(run.runtime_limit) if run.runtime_limit else "")


def _about(run: Run) -> Iterator[tuple[str, Fact]]:
    yield "Experiment", Fact(run.experiment.name)
    yield "By", Fact(run.created_by.display_name)
    model = getattr(run, "registered_model", None)
    if model is not None:
        url = reverse("registered_models:detail", args=[run.project.slug, model.uuid])
        yield "Registered as", Fact(model.name, url)


def _of_config(run: Run) -> Facts:
    if run.is_local or not run.backend_config_content:
        return {}
    found = {Name("Configuration", "Compute Backend config"): Fact(run.backend_config_path)}
    try:
        document = load_document(run.backend_config_content.encode(), path=run.backend_config_path)
    except BackendConfigError:
        # One of an earlier version, that can no longer be read: it is compared as text.
        return found | {Name("Configuration", "Its text"): Fact(run.backend_config_content)}
    return found | dict(_leaves(document))


def _leaves(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[Name, Fact]]:
    for key, value in document.items():
        place = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            yield from _leaves(value, place)
        elif place not in _IN_COLUMNS:
            group, _, label = place.partition(".")
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield (Name(group, label) if group in GROUPS and label else Name("Configuration", place)), Fact(text)
