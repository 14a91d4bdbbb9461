"""A member who can run something for real: project, experiment, local code repository, connection to a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from connections.models import Connection, Site
from mantik.accounts.models import User
from projects.code import mirrors
from projects.code.stored import StoredCode
from projects.models import CodeRepository, Experiment, Project
from projects.roles import Role
from runs.models import Run
from runs.planning.plan import Choices, Plan, make_plan
from runs.services import create_run
from tests.connections.git.repository import Repository
from tests.support import factories

ACCOUNT = "demo"
# The job itself writes down that it was started: the count that nobody can argue with.
MLPROJECT = """\
name: marks
entry_points:
  main:
    parameters:
      marks: {type: path}
      seconds: {type: float, default: 0}
      code: {type: int, default: 0}
    command: "echo started >> {marks}/$MANTIK_RUN_ID && echo hello && sleep {seconds} && exit {code}"
"""
BACKEND_CONFIG = """\
Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 2
"""


@dataclass(frozen=True)
class World:
    """`marks` is the directory where each job leaves a line in a file named after its run."""

    user: User
    project: Project
    experiment: Experiment
    repository: Repository
    code: CodeRepository
    site: Site
    connection: Connection
    marks: Path

    def plan(self, **choices: Any) -> Plan:
        usual: dict[str, Any] = {
            "code_repository": self.code,
            "branch": "main",
            "mlproject_path": "MLproject",
            "entry_point": "main",
            "parameters": {"marks": str(self.marks)},
            "backend_config_path": "unicore.yaml",
            "connection": self.connection,
        }
        usual["parameters"] = usual["parameters"] | choices.pop("parameters", {})
        chosen = Choices(**usual | choices)
        return make_plan(chosen, StoredCode(chosen.code_repository) if chosen.code_repository else None)

    def start_run(self, name: str = "nightly", *, account: str = ACCOUNT, **choices: Any) -> Run:
        """As RUN! does it: stored, and handed to whoever takes it up."""
        plan = self.plan(**choices)
        assert not plan.problems, plan.problems
        return create_run(
            project=self.project,
            user=self.user,
            name=name,
            experiment=self.experiment,
            connection=self.connection,
            compute_budget_account=account,
            plan=plan,
            now=timezone.now(),
        )

    def starts_of(self, run: Run) -> int:
        """How often the run's job was really started."""
        mark = self.marks / str(run.uuid)
        return len(mark.read_text().splitlines()) if mark.exists() else 0


def make_world(
    directory: Path,
    *,
    base_url: str,
    login: str,
    password: str,
    ca_bundle: str = "",
    files: dict[str, str] | None = None,
) -> World:
    """Needs MANTIK_GIT_ALLOW_LOCAL. `files` come on top of the usual ones of the code repository.

    Two worlds with one address are two projects at one site.
    """
    repository = Repository(directory / "code")
    for path, content in ({"MLproject": MLPROJECT, "unicore.yaml": BACKEND_CONFIG} | (files or {})).items():
        repository.write(path, content)
    repository.commit("First light")
    project = factories.make_project()
    user = factories.join(project, Role.RESEARCHER)
    site = Site.objects.filter(base_url=base_url).first() or factories.make_site(base_url=base_url, ca_bundle=ca_bundle)
    code = factories.make_code_repository(project=project, created_by=user, url=str(repository.path))
    mirrors.fetch_or_raise(code, now=timezone.now())
    marks = directory / "marks"
    marks.mkdir()
    return World(
        user=user,
        project=project,
        experiment=factories.make_experiment(project=project, created_by=user),
        repository=repository,
        code=code,
        site=site,
        connection=factories.make_connection(owner=user, site=site, login_name=login, secret=password),
        marks=marks,
    )
