"""One project with everything in it, as the browser tests find it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from connections.models import Connection, Site
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.notices.services import notify
from mantik.tokens import services as tokens
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.named_projects import NamedProject
from projects.code import mirrors
from projects.models import CodeRepository, Invitation, Project, UserGroup
from projects.roles import Role
from projects.services import groups, members
from projects.services.labels import set_labels
from runs.models import Run
from runs.notes.services import edit_run
from runs.states import RunState
from runs.tracking.run_tokens import make_run_token
from tests.browser.scene_code import build_code
from tests.browser.scene_connections import build_connections
from tests.browser.scene_models import build_models
from tests.browser.scene_schedules import build_schedules
from tests.connections.git.repository import Repository
from tests.support import factories as make
from tests.support.fetching import store_as_fetched
from tests.support.tables import log

# Always the same, so that its mirror is made once for all tests.
CODE = UUID("c0de0000-0000-4000-8000-000000000001")
OTHER_CODE = UUID("c0de0000-0000-4000-8000-000000000002")
ACCOUNT = "acc_sol"
MLPROJECT = """\
name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
      data: {type: path, default: data/pv}
    command: "python train.py --epochs {epochs} --lr {lr} --data {data}"
  evaluate:
    parameters:
      checkpoint: {type: string}
    command: "python evaluate.py {checkpoint}"
"""
CONFIG = """\
Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
"""
LOG = (
    "[mantik] run 8f1c0a2e · commit a41f9c2 · node node0412\n"
    "[mantik] queue gpu · 4 nodes · account acc_sol\n"
    "Loading modules: CUDA/12 Python/3.11\n"
    "INFO  dataset pv-panels-v3: 48,210 train / 6,026 val\n"
    + "".join(
        f"epoch {epoch:2}/40  loss {0.8 / epoch:.4f}  val_acc {1 - 0.6 / epoch:.3f}   30.{epoch} s\n"
        for epoch in range(1, 10)
    )
)
DESCRIPTION = """\
# Question

How much do *thin-film* panels lose per year, and **why**? See the [protocol](https://example.org/protocol).

| panel | age | yield |
|---|---|---|
| CdTe | 4 a | 0.93 |
| CIGS | 7 a | 0.88 |

1. Read the weather with `weather.py`.
2. Train:

```
mlflow run . -P epochs=40
```

> Data is kept for ten years.
"""
NOTES = """\
Better than the run before **only** because of the longer warm-up:

- `val_acc` rises after epoch 3, without the dip
- the night images are still wrong, see [the list](https://example.org/night)

Next: half the learning rate.
"""
WAITING = {
    RunState.PENDING: "Site A takes no jobs now: “maintenance until 24 Nov 08:00”.",
    RunState.QUEUED: "Site A does not answer. The job may be running there; Mantik keeps asking.",
}


@dataclass
class Scene:
    """People by role, the project, its runs by state; `outsider` is a member of nothing."""

    project: Project
    empty: Project
    people: dict[Role, User]
    outsider: User
    repository: CodeRepository
    connection: Connection
    runs: dict[RunState, Run]
    invitation: Invitation
    access_token: PersonalAccessToken
    group: UserGroup

    @property
    def connections(self) -> dict[str, Connection]:
        """All of the researcher, by name."""
        return {connection.name: connection for connection in Connection.objects.owned_by(self.researcher)}

    @property
    def key_code(self) -> CodeRepository:
        """Of the researcher, by an SSH key."""
        return CodeRepository.objects.get(name="surrogates")

    @property
    def own_site(self) -> Site:
        return Site.objects.get(added_by=self.researcher)

    @property
    def researcher(self) -> User:
        return self.people[Role.RESEARCHER]


def write_sources(root: Path) -> tuple[Path, Path]:
    """Two git repositories to run: one with two branches and a config, one whose MLproject is wrong."""
    good = Repository(root / "pv-yield")
    good.write("MLproject", MLPROJECT)
    good.write("hpc/unicore.yaml", CONFIG)
    good.write("hpc/wrong.yaml", CONFIG.replace("Nodes: 4", "Nodes: many"))
    good.write("train.py", "print('training')\n")
    good.commit("Tune warm-up")
    renamed = MLPROJECT.replace("epochs: {type: int, default: 40}", "rounds: {type: int, default: 7}")
    good.write("MLproject", renamed.replace("{epochs}", "{rounds}"))
    good.commit("Count rounds", branch="rounds")
    good.git("checkout", "--quiet", "main")
    wrong = Repository(root / "broken")
    wrong.write("MLproject", "entry_points: [train]\n")
    wrong.commit("Begin")
    return good.path, wrong.path


def build(sources: tuple[Path | str, Path | str]) -> Scene:
    """`sources` is where the two code repositories are fetched from, unless that was done already."""
    project = make.make_project(
        slug="solar-cells",
        name="Solar cells",
        summary="Yield of thin-film panels from weather and age.",
        description=DESCRIPTION,
    )
    people = {role: make.join(project, role, make.make_user(role.value)) for role in Role}
    group = _share(project, people)
    member = people[Role.RESEARCHER]
    experiment = make.make_experiment(
        project=project, name="baseline", description="ResNet on raw images", created_by=member
    )
    make.make_experiment(project=project, name="long-horizon", created_by=people[Role.OWNER])
    repository = add_code(project, people[Role.OWNER], CODE, "pv-yield", sources[0])
    add_code(project, people[Role.OWNER], OTHER_CODE, "unfinished", sources[1])
    make.make_code_repository(
        project=project,
        name="weather-private",
        created_by=member,
        fetch_error="git.example.org asks for a login. Choose a connection with a token that may read it.",
    )
    build_code(project, member)
    connection = build_connections(member)
    empty = make.make_project(slug="wind-farm", name="Wind farm", is_public=True)
    make.join(empty, Role.OWNER, member)
    outsider = make.make_user("mallory")
    invitation = make.make_invitation(project=project, user=outsider, invited_by=people[Role.OWNER])
    make.make_invitation(project=project, email="nina.newcomer@example.org", invited_by=people[Role.OWNER])
    _invite(member, people[Role.OWNER])
    scene = Scene(
        project, empty, people, outsider, repository, connection, {}, invitation, _tokens(member, project), group
    )
    build_models(
        project,
        member=member,
        other=people[Role.MAINTAINER],
        experiment=experiment,
        code_repository=repository,
        connection=connection,
        compute_budget_account=ACCOUNT,
    )
    scene.runs = {state: _run(scene, experiment_id=experiment.pk, state=state, age=age) for age, state in _AGES}
    _notes(scene.runs[RunState.FINISHED])
    build_schedules(scene.runs[RunState.FINISHED], connection=connection, member=member, other=people[Role.MAINTAINER])
    return scene


def _notes(run: Run) -> None:
    """What its member has written about it, beside what was logged."""
    tags = {"team": "solar", "reviewed by": "Inês Vasconcelos", "baseline": ""}
    log(run, tags={"dataset": "pv-panels-v3", "host": "node0412"})
    edit_run(run=run, actor=run.created_by, name=run.name, notes=NOTES, tags=tags, now=timezone.now())
    make.make_run_star(run=run, user=run.created_by)


def _tokens(owner: User, project: Project) -> PersonalAccessToken:
    """One that is used, one that is revoked, one that is too old; and what its owner was told meanwhile."""
    now = timezone.now()
    made = {}
    only = [NamedProject(project.uuid, project.name, project.slug)]
    for name, scope, days in (("ci", Scope.SUBMIT, 90), ("old laptop", Scope.ADMIN, 30), ("notebook", Scope.READ, 30)):
        made[name], _ = tokens.make_token(
            user=owner,
            name=name,
            scope=scope,
            expires_at=now + timedelta(days=days),
            now=now - timedelta(days=12),
            projects=only if name == "notebook" else [],
        )
    tokens.revoke(token=made["old laptop"], actor=owner, now=now)
    PersonalAccessToken.objects.filter(name="ci").update(expires_at=now - timedelta(days=2))
    PersonalAccessToken.objects.filter(name="notebook").update(last_used_at=now - timedelta(minutes=7))
    notify(user=owner, text="The connection gitlab expires on 9 Dec 2026.", url="/settings/connections/", bell=False)
    notify(
        user=owner,
        text="Site A has refused the login of old-login three times. Runs wait for it. Replace its secret.",
        url="/settings/connections/",
    )
    return made["notebook"]


def _share(project: Project, people: dict[Role, User]) -> UserGroup:
    """What owners and maintainers have done so far, so that there is something to read under Activity."""
    owner, member = people[Role.OWNER], people[Role.RESEARCHER]
    group = groups.create_group(name="Field team of the northern plant", user=member)
    for person in (owner, people[Role.REPORTER], make.make_user("ines", first_name="Inês", last_name="Vasconcelos")):
        groups.add_person(group=group, user=person, actor=member)
    members.add_group(project=project, group=group, role=Role.GUEST, actor=owner)
    members.change_group_role(project=project, group=group, role=Role.REPORTER, actor=owner)
    groups.set_admin(group=group, user=owner, is_admin=True, actor=member)
    names = ["solar", "thin film", "weather", "time series"]
    set_labels(project=project, actor=people[Role.MAINTAINER], names=names)
    told = {"before": {"name": "Solar"}, "after": {"name": "Solar cells"}}
    record("project.edited", actor=people[Role.MAINTAINER], target=project, project=project, **told)
    record("member.role_changed", actor=owner, target=member, project=project, after={"role": "Researcher"})
    return group


def _invite(person: User, inviter: User) -> None:
    """Into a project that awaits an answer, one where it is too late, and one that did not want to wait."""
    now = timezone.now()
    summary = "Yield under sea spray, with and without cleaning robots."
    offshore = make.make_project(slug="offshore", name="Offshore panels", summary=summary)
    make.make_invitation(project=offshore, user=person, role=Role.MAINTAINER, invited_by=inviter)
    late = {"created_at": now - timedelta(days=15), "expires_at": now - timedelta(days=1)}
    make.make_invitation(project=make.make_project(slug="tidal", name="Tidal"), user=person, **late)
    withdrawn = {"state": Invitation.State.WITHDRAWN, "closed_at": now - timedelta(hours=3)}
    make.make_invitation(project=make.make_project(slug="roof-tiles", name="Roof tiles"), user=person, **withdrawn)


_AGES = [
    (timedelta(days=5), RunState.LOST),
    (timedelta(days=1, hours=2), RunState.CANCELLED),
    (timedelta(hours=2, minutes=5), RunState.FAILED),
    (timedelta(hours=1, minutes=2), RunState.FINISHED),
    (timedelta(minutes=21), RunState.PENDING),
    (timedelta(minutes=18), RunState.RUNNING),
    (timedelta(minutes=6), RunState.QUEUED),
    (timedelta(seconds=20), RunState.SUBMITTING),
]
_NAMES = {
    RunState.LOST: "first light",
    RunState.FAILED: "vit-large-long",
    RunState.CANCELLED: "vit-large-with-a-name-that-somebody-made-far-too-long-to-fit",
    RunState.PENDING: "nightly · 23 Nov",
}


def add_code(project: Project, owner: User, uuid: UUID, name: str, source: Path | str) -> CodeRepository:
    repository = make.make_code_repository(project=project, uuid=uuid, name=name, url=str(source), created_by=owner)
    mirror = mirrors.mirror_of(repository)
    if mirror.fetched_at() is None:
        mirror.refresh()
    branches = mirror.branches()
    repository.fetched_at = repository.branches_stored_at = timezone.now() - timedelta(minutes=3)
    repository.branches_url = repository.url
    repository.branch_count, repository.default_branch = len(branches), branches[0].name
    repository.head_sha, repository.head_subject = branches[0].commit.sha, branches[0].commit.subject
    repository.mirror_bytes = mirror.size_bytes()
    repository.save()
    store_as_fetched(repository, now=timezone.now())
    return repository


def _run(scene: Scene, *, experiment_id: int, state: RunState, age: timedelta) -> Run:
    now = timezone.now()
    member = scene.people[Role.MAINTAINER if state is RunState.FAILED else Role.RESEARCHER]
    columns: dict[str, Any] = {
        "waiting_for": WAITING.get(state, ""),
        "waiting_since": now - age + timedelta(seconds=5) if state in WAITING else None,
        "mlflow_run_id": "1f" * 16,
    }
    if state is RunState.FAILED:
        columns |= {
            "outcome": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.36 GiB; 512 MiB are free",
            "outcome_line": 9,
            "site_message": "User application exited with non-zero exit code: <1>. More information might be "
            "available in the job's working directory '/p/scratch/solar/unicore/8f1c0a2e-5c3d/'",
            "exit_code": 1,
        }
    run = make.make_run(
        state,
        project=scene.project,
        created_by=member,
        created_at=now - age,
        name=_NAMES.get(state, f"resnet50-{state.value.lower()}"),
        experiment_id=experiment_id,
        experiment=scene.project.experiments.get(pk=experiment_id),
        code_repository=scene.repository,
        connection=scene.connection,
        mlproject_content=MLPROJECT,
        backend_config_content=CONFIG,
        compute_budget_account=ACCOUNT,
        **columns,
    )
    make.add_event(run, "RUN! was pressed. The run is stored.", at=run.created_at, actor=member)
    if run.submitted_at:
        make.add_event(run, "The site has the job.", at=run.submitted_at)
        make_run_token(run, now=run.submitted_at)
        if run.running_at:
            run.tokens.update(last_used_at=run.ended_at or now)
    if state in (RunState.RUNNING, RunState.FINISHED, RunState.FAILED):
        make.append_log(run, LOG)
    return run
