"""Who asks, and what they may touch: the owner of a personal token, or the job of one run."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property
from typing import Protocol

from django.db.models import Q
from django.http import HttpRequest

from mantik.accounts.models import User
from mantik.lib.name_keys import same_name
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import authenticate
from mantik.tokens.token_requests import bearer_of
from projects.models import Experiment, Project
from projects.permissions import Action, may, role_of
from projects.querysets import ExperimentQuerySet, ProjectQuerySet
from runs.models import Run, TrackedItem
from runs.tracking.gateway.refusals import Refused, forbidden, is_over, not_there, wrong
from runs.tracking.run_tokens import run_of_token

# The end of a name in MLflow (`Experiment.mlflow_name`).
_NAME_IN_MLFLOW = re.compile(r" \(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)$")
Kind = TrackedItem.Kind
# How many experiments of one name are named, if several projects have it.
_NAMED = 10


class Caller(Protocol):
    """Whoever has sent a valid token. Methods raise Refused, in the same words for what does not exist and for what
    the caller may not know of."""

    user: User
    # Whose limits apply.
    reader: str

    def experiments(self) -> ExperimentQuerySet:
        """Those that it may look at."""

    def experiment(self, mlflow_id: str) -> Experiment:
        """One that it may look at, by its id in MLflow."""

    def experiment_named(self, name: str) -> Experiment: ...

    def owner(self, kind: Kind, mlflow_id: str) -> Run | None:
        """The run that an MLflow run or logged model belongs to. None if MLflow has to say what it belongs to, because
        it is from before Mantik wrote that down; `may_see_experiment` then has to be asked about its answer."""

    def owner_to_write(self, kind: Kind, mlflow_id: str) -> Run: ...

    def know_experiments(self) -> None:
        """Ask the database for all that `may_see_experiment` needs."""

    def may_see_experiment(self, mlflow_id: str) -> bool: ...

    def check_download(self, project: Project) -> None:
        """That it may have the files of the project's runs."""

    def tree(self) -> set[str] | None:
        """The MLflow runs to which its searches are restricted; None if they are not."""


def caller_of(request: HttpRequest, *, now: datetime) -> Caller:
    """Raises Refused for a request without a valid token."""
    text = bearer_of(request)
    if run := run_of_token(text, now=now):
        return Job(run)
    if token := authenticate(text, now=now):
        return Member(token)
    raise Refused(
        401,
        "PERMISSION_DENIED",
        "This needs a valid token in MLFLOW_TRACKING_TOKEN: in a job its own, which ends with the run; elsewhere a "
        "personal access token, made under Settings > Tokens.",
    )


class Job:
    """The job of a run. It sees and writes the run, its children and its models, and nothing else."""

    def __init__(self, run: Run) -> None:
        self.run, self.user, self.reader = run, run.created_by, f"run {run.pk}"

    def experiments(self) -> ExperimentQuerySet:
        return Experiment.objects.filter(pk=self.run.experiment_id)

    def experiment(self, mlflow_id: str) -> Experiment:  # noqa: ARG002
        """Its own, whichever is named: a training that names another one, or none, is to go on."""
        return self.run.experiment

    def experiment_named(self, name: str) -> Experiment:  # noqa: ARG002
        return self.run.experiment

    def owner(self, kind: Kind, mlflow_id: str) -> Run | None:
        if not self._owns(kind, mlflow_id):
            raise not_there(f"{kind.label} {mlflow_id}")
        return self.run

    def owner_to_write(self, kind: Kind, mlflow_id: str) -> Run:
        # Its token ends some minutes after the run, so that the last entries arrive.
        self.owner(kind, mlflow_id)
        return self.run

    def know_experiments(self) -> None:
        """There is one, and it came with the run."""

    def may_see_experiment(self, mlflow_id: str) -> bool:
        return mlflow_id == self.run.mlflow_experiment_id

    def check_download(self, project: Project) -> None:
        """Its own files."""

    def tree(self) -> set[str] | None:
        children = self.run.tracked_items.filter(kind=Kind.RUN).values_list("mlflow_id", flat=True)
        return {self.run.mlflow_run_id, *children}

    def _owns(self, kind: Kind, mlflow_id: str) -> bool:
        if kind is Kind.RUN and mlflow_id == self.run.mlflow_run_id:
            return True
        return self.run.tracked_items.filter(kind=kind, mlflow_id=mlflow_id).exists()


class Member:
    """The owner of a personal token: what the role in each project allows, and the scope of the token.

    All that is asked here begins with `projects` or `may`. What is in none of the token's projects is not there.
    """

    def __init__(self, token: PersonalAccessToken) -> None:
        self.user: User = token.user
        self._token, self._scope, self.reader = token, Scope(token.scope), f"user {token.user_id}"

    def projects(self) -> ProjectQuerySet:
        """Those in which its owner has a role, and for which the token is."""
        joined = Project.objects.joined_by(self.user)
        only = self._token.project_uuids
        return joined if only is None else joined.filter(uuid__in=only)

    def may(self, action: Action, project: Project) -> bool:
        """Whether its owner may do `action` in `project`. What anybody may do in a public project does not count."""
        return (
            self._token.is_for(project.uuid)
            and role_of(self.user, project) is not None
            and may(self.user, action, project)
        )

    @cached_property
    def _visible(self) -> set[str]:
        known = self.experiments().exclude(mlflow_experiment_id="")
        return set(known.values_list("mlflow_experiment_id", flat=True))

    def experiments(self) -> ExperimentQuerySet:
        return Experiment.objects.filter(project__in=self.projects())

    def experiment(self, mlflow_id: str) -> Experiment:
        found = self.experiments().select_related("project").exclude(mlflow_experiment_id="")
        experiment = found.filter(mlflow_experiment_id=mlflow_id).first()
        if experiment is None:
            raise not_there(f"experiment {mlflow_id}")
        return experiment

    def experiment_named(self, name: str) -> Experiment:
        return named_experiment(self.experiments().select_related("project"), name)

    def owner(self, kind: Kind, mlflow_id: str) -> Run | None:
        run = _owner(kind, mlflow_id)
        if run is not None and not self.may(Action.VIEW_PROJECT, run.project):
            raise not_there(f"{kind.label} {mlflow_id}")
        return run

    def owner_to_write(self, kind: Kind, mlflow_id: str) -> Run:
        run = self.owner(kind, mlflow_id)
        if run is None:
            raise not_there(f"{kind.label} {mlflow_id}")
        self.require_scope(Scope.SUBMIT)
        action = Action.CANCEL_OWN_RUN if run.created_by_id == self.user.pk else Action.CANCEL_ANY_RUN
        if not self.may(action, run.project):
            raise forbidden(f"Only the researcher who started the run {run.name}, and maintainers, can log to it.")
        if run.is_terminal:
            raise is_over(f"The run {run.name} is over, so nothing more can be logged to it.")
        return run

    def know_experiments(self) -> None:
        _ = self._visible

    def may_see_experiment(self, mlflow_id: str) -> bool:
        return mlflow_id in self._visible

    def check_download(self, project: Project) -> None:
        if not self.may(Action.DOWNLOAD_ARTIFACTS, project):
            raise forbidden(f"To download files of {project.name} you have to be at least a Reporter in it.")

    def tree(self) -> set[str] | None:
        return None

    def require_scope(self, scope: Scope) -> None:
        if not self._scope.covers(scope):
            raise forbidden(f"This token has the scope {self._scope.label}, but this needs {scope.label}.")

    def require(self, scope: Scope, action: Action, project: Project) -> None:
        """Raises Refused unless the token has that scope and its owner may do `action` in `project`."""
        self.require_scope(scope)
        if not self.may(action, project):
            raise forbidden(f"Your role in {project.name} does not allow you to do this: {action}.")


def reader_of_models(caller: Caller) -> Member:
    """Who may load registered models. Raises Refused for a job."""
    if not isinstance(caller, Member):
        raise forbidden(
            "The token of a job is for its own run. To load a registered model in a job, give the job its files, or a "
            "personal access token with the scope Read."
        )
    return caller


def named_experiment(experiments: ExperimentQuerySet, name: str) -> Experiment:
    """By its name, by `project/name`, or by its name in MLflow. Raises Refused if that is none, or several."""
    project, _, rest = name.partition("/")
    known = _NAME_IN_MLFLOW.search(name)
    named = same_name(Experiment, name) | Q(project__slug=project) & same_name(Experiment, rest)
    rows = experiments.filter(named | Q(uuid=known[1]) if known else named).order_by("project__slug", "pk")
    found = list(rows[: _NAMED + 1])
    # Two of one project count as the same if they are from before such names were refused.
    exact = [row for row in found if name in (row.name, shown_name(row))]
    if len(found) > 1 and len(exact) != 1:
        places = ", ".join(map(shown_name, found[:_NAMED])) + (" and others" if len(found) > _NAMED else "")
        raise wrong(f"Several projects have an experiment {name}. Name one of them: {places}.")
    if not found:
        raise not_there(f"experiment {name}")
    return exact[0] if exact else found[0]


def shown_name(experiment: Experiment) -> str:
    """The name of an experiment for programs."""
    return f"{experiment.project.slug}/{experiment.name}"


def _owner(kind: Kind, mlflow_id: str) -> Run | None:
    runs = Run.objects.for_programs()
    if kind is Kind.RUN and mlflow_id and (run := runs.filter(mlflow_run_id=mlflow_id).first()):
        return run
    return runs.filter(tracked_items__kind=kind, tracked_items__mlflow_id=mlflow_id).first()
