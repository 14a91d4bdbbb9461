"""What each entry does to MLflow, and what is said about it on the run's page. Each may be done twice."""

from __future__ import annotations

import re

from connections.mlflow.for_workers import writer
from mantik.lib.backoff import Clock
from runs.models import Journal, Run
from runs.tracking.ends import STATUS_OF
from runs.tracking.journals import files
from runs.tracking.journals.cursor import News
from runs.tracking.journals.entries import (
    FORMAT,
    KINDS,
    Child,
    End,
    Entry,
    ExperimentAsked,
    File,
    History,
    Inputs,
    Kind,
    Lost,
    Model,
    ModelParams,
    ModelStatus,
    ModelTags,
    ModelUntag,
    Outputs,
    Start,
    Unfile,
    Unkept,
    Untag,
    Update,
    Wish,
)
from runs.tracking.journals.passed_over import FAULTS, LOST, NO_ROOM, NOT_KEPT, UNKNOWN_FORMAT, PassedOver, of_kind
from runs.tracking.journals.source import Source
from runs.tracking.journals.tree import Tree, require_not_ours
from runs.tracking.quota import Full
from runs.tracking.tags import without_ours

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_NOT_COMPLETE = "The run's data is not complete."
_WHY = {"limit": "it had stored as much as a job may store", "disk": "its disk was full or did not answer"}


class Actions:
    """Of one journal. `do` and what it calls raise PassedOver, NotYet, TrackingUnavailable and TrackingRefused."""

    def __init__(self, run: Run, journal: Journal, source: Source, tree: Tree, *, clock: Clock) -> None:
        self._run, self._journal, self._source, self._tree, self._clock = run, journal, source, tree, clock

    def do(self, entry: Entry, news: News) -> bool:
        """False if MLflow was not asked for anything."""
        return self._about_runs(entry, news) or self._about_models(entry) or self._about_files(entry, news)

    def _about_runs(self, entry: Entry, news: News) -> bool:
        match entry:
            case Untag(run, key):
                self._tree.require(Kind.RUN, run)
                require_not_ours(key)
                writer().delete_tag(run, key)
                news.logged.add_tags(run, {key: None})
            case Child():
                self._tree.add_child(entry, now=self._clock())
                news.logged.add_tags(entry.run, entry.tags)
            case Update():
                self._update(entry)
            case Inputs(run, datasets, models):
                self._tree.require(Kind.RUN, run)
                self._tree.require(Kind.MODEL, *models)
                writer().log_inputs(run, datasets, models)
            case Outputs(run, models):
                self._tree.require(Kind.RUN, run)
                self._tree.require(Kind.MODEL, *models)
                writer().log_outputs(run, models)
            case History(run, model):
                self._tree.require(Kind.RUN, run)
                writer().log_model_of_2(run, model)
            case _:
                return False
        return True

    def _update(self, entry: Update) -> None:
        """Each rank of a training ends its run, also before the others fail: the last word has the job's exit."""
        self._tree.require(Kind.RUN, entry.run)
        status, end = entry.status, entry.end
        is_jobs = entry.run == self._run.mlflow_run_id
        if is_jobs and self._run.is_terminal and status != STATUS_OF[self._run.run_state]:
            status, end = "", None
        writer().update_run(entry.run, status=status, end=end, name=entry.name)

    def _about_models(self, entry: Entry) -> bool:
        match entry:
            case Model():
                self._tree.add_model(entry, now=self._clock())
            case ModelStatus(model, status):
                self._tree.require(Kind.MODEL, model)
                writer().set_model_status(model, status)
            case ModelParams(model, params):
                self._tree.require(Kind.MODEL, model)
                writer().log_model_params(model, params)
            case ModelTags(model, tags):
                self._tree.require(Kind.MODEL, model)
                writer().set_model_tags(model, without_ours(tags))
                require_not_ours(*tags)
            case ModelUntag(model, key):
                self._tree.require(Kind.MODEL, model)
                require_not_ours(key)
                writer().delete_model_tag(model, key)
            case _:
                return False
        return True

    def _about_files(self, entry: Entry, news: News) -> bool:
        match entry:
            case File():
                self._store(entry, news)
            case Unfile(kind, owner, path) | Unkept(kind, owner, path):
                self._tree.require(kind, owner)
                writer().remove_file(files.place_of(self._run, kind, owner, path))
                if isinstance(entry, Unkept):
                    _say_unkept(entry, news)
            case _:
                _say(entry, self._run, news)
                return False
        return True

    def _store(self, file: File, news: News) -> None:
        self._tree.require(file.kind, file.owner)
        try:
            files.store(self._run, self._journal, self._source, file)
        except Full as full:
            news.say("quota", f"Files were not stored. {full}")
            raise PassedOver(NO_ROOM) from None
        news.stored_bytes += file.size
        if files.is_renamed(file.path):
            news.say(
                "renamed",
                f"The file {_shown(file.path)} is stored with the wide sign {files.WIDE_PER_CENT} for each % in its "
                "name: MLflow does not find names with a %.",
            )


def _say(entry: Entry, run: Run, news: News) -> None:
    match entry:
        case Start(format=number):
            news.has_end = False
            if number != FORMAT:
                raise PassedOver(UNKNOWN_FORMAT)
        case Wish(name, source) if source:
            news.say(
                "wish",
                f"The code asked to register a model as {_shown(name)}. Members do that, with Register Model on the "
                "page of this run.",
            )
        case ExperimentAsked(name):
            news.say(
                "experiment",
                f"The code asked for the experiment {_shown(name)}. What it logged is in the experiment of this run, "
                f"{run.experiment.name}.",
            )
        case Lost(why, entries):
            news.passed_over.update({of_kind(LOST, _known(kind)): count for kind, count in entries.items()})
            news.say(
                "lost", f"The node could not keep all that was logged: {_WHY[why]}. The run's data is not complete."
            )
        case End():
            _say_end(entry, news)


def _say_unkept(entry: Unkept, news: News) -> None:
    news.passed_over[NOT_KEPT.format(why=_WHY[entry.why])] += 1
    news.say("unkept", f"The node could not keep all files that were logged: {_WHY[entry.why]}.")


def _say_end(entry: End, news: News) -> None:
    news.has_end = True
    news.unknown.update({_shown(call): count for call, count in entry.unknown.items()})
    news.passed_over.update({of_kind(LOST, _known(kind)): count for kind, count in entry.lost.items()})
    if any(entry.lost.values()):
        news.say("lost", f"The node could not keep all that was logged. {_NOT_COMPLETE}")
    if entry.faults:
        news.passed_over[FAULTS] += entry.faults
        news.say("faults", "The relay on the node failed at some calls of the training. Tell an operator.")
    if not entry.requests:
        news.say("unused", "The code logged nothing through Mantik. Does it set a tracking URI of its own?")


def _known(kind: str) -> str:
    """A kind of entries, of which there are some; whatever else a training may write is one more."""
    return kind if kind in KINDS else "other"


def _shown(text: str) -> str:
    """Something that a training has written, on one line."""
    clean = _CONTROL.sub(" ", text)
    return clean if len(clean) <= 200 else f"{clean[:200]}…"
