"""What a member does through the pages, with right secrets and wrong ones."""

from __future__ import annotations

import os
import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from connections.models import Connection
from mantik.tokens.models import Scope
from projects.models import CodeRepository, Project
from runs.models import ModelListing, RegisteredModel, Run
from runs.states import RunState
from schedules.models import Schedule, Slot
from schedules.states import Outcome
from tests.canary import canaries
from tests.canary.browser import Browser
from tests.canary.conftest import INLINE_BYTES, Scene
from tests.canary.search import Canary
from tests.support.factories import make_site, make_user
from tests.support.logged_models import log_classic_model
from tests.support.waiting import wait_until

SLUG = "canaries"
RUNS = f"/projects/{SLUG}/runs/"
SCHEDULES = f"/projects/{SLUG}/schedules/"
# As the form proposes them, except that two runs may be under way at once.
USUAL_POLICIES = {
    "code_policy": "same",
    "overlap": "allow",
    "missed": "one",
    "missed_cap": "10",
    "missed_grace": "6",
    "jitter_seconds": "0",
    "pause_after_failures": "5",
}
MLPROJECT = """\
name: canaries
entry_points:
  main:
    parameters:
      code: {type: int, default: 0}
    command: "python3 track.py && exit {code}"
"""
BACKEND_CONFIG = """\
Resources:
  Queue: batch
  Runtime: 10min
  Nodes: 1
  CPUsPerNode: 1
"""
# What a training does with its token, without a second's import: it looks at its run, ends it, and stays until whoever
# watches processes has seen it.
TRACK = """\
import json, os, time, urllib.request
api = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/"
run = {"run_id": os.environ["MLFLOW_RUN_ID"]}
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
end = json.dumps({**run, "status": "FINISHED", "end_time": int(time.time() * 1000)}).encode()
for address, body in ((api + "get?run_id=" + run["run_id"], None), (api + "update", end)):
    print("tracked", urllib.request.urlopen(urllib.request.Request(address, body, headers)).status)
time.sleep(0.3)
"""


class Story:
    """What a member does, through the pages."""

    def __init__(self, scene: Scene, browser: Browser) -> None:
        self.scene = scene
        self.browser = browser
        self._confirmed_at = float("-inf")
        self.site = make_site(name="Sandbox", base_url=str(scene.stack.sandbox_url))

    def settle_in(self) -> None:
        make_user("ada", password=canaries.SIGN_IN.value)
        assert self.browser.sign_in("ada", canaries.WRONG_SIGN_IN.value) == 422
        assert self.browser.sign_in("ada", canaries.SIGN_IN.value) == 302
        self.post("/projects/add/", name="Canaries", slug=SLUG)
        self.post(f"/projects/{SLUG}/experiments/add/", name="first")

    def make_an_access_token(self) -> None:
        expires = (timezone.localdate() + timedelta(days=1)).isoformat()
        form = {"name": "notebook", "scope": Scope.READ, "expires_on": expires}
        self.confirm()
        page = self.browser.post("/settings/tokens/add/", **form).text
        token = page.partition('data-copy="')[2].partition('"')[0]
        # The part after the prefix, which lists show.
        self.token = token
        self.access_token = Canary("a personal access token", token.split("_", 2)[2])
        for presented, status in ((token, 200), (f"{token}x", 401)):
            assert self.browser.get("/api/whoami/", Authorization=f"Bearer {presented}").status_code == status

    def measure(self) -> None:
        for token, status in ((canaries.METRICS_TOKEN.value, 200), ("wrong", 403)):
            assert self.browser.get("/metrics", Authorization=f"Bearer {token}").status_code == status

    def connect_site(self) -> None:
        form = {"kind": Connection.Kind.UNICORE_PASSWORD, "name": "site", "login_name": "demo"}
        wrong = form | {"secret": canaries.WRONG_PASSWORD.value}
        self.confirm()
        # Without a site the form comes back, and must not bring the password with it.
        assert self.browser.post("/settings/connections/add/", **wrong).status_code == 422
        self.post("/settings/connections/add/", site=str(self.site.uuid), **wrong)
        assert self.test("site").test_outcome == Connection.TestOutcome.REFUSED
        self.replace("site", canaries.SITE_PASSWORD)
        assert self.test("site").test_outcome == Connection.TestOutcome.WORKS

    def link_code(self) -> None:
        repository = self.scene.repository
        for path, content in (("MLproject", MLPROJECT), ("unicore.yaml", BACKEND_CONFIG), ("track.py", TRACK)):
            repository.write(path, content)
        repository.commit("Small")
        repository.write("weights.bin", os.urandom(2 * INLINE_BYTES))
        repository.commit("Large", branch="large")
        token = {"kind": Connection.Kind.GIT_TOKEN, "name": "git", "secret": canaries.WRONG_TOKEN.value}
        self.confirm()
        self.post("/settings/connections/add/", **token)
        self.post(
            f"/projects/{SLUG}/code/add/",
            name="code",
            url=self.scene.host.url,
            platform=CodeRepository.Platform.GITLAB,
            connection=str(self.connection("git").uuid),
        )
        assert "token of the connection" in self.fetched().fetch_error
        self.replace("git", canaries.GIT_TOKEN)
        self.post(f"/projects/{SLUG}/code/{self.fetched().uuid}/refresh/")
        assert self.fetched().fetch_error == ""

    def run_everything(self) -> None:
        runs = [self.run("inline"), self.run("uploaded", branch="large"), self.run("failing", code="3")]
        self.browser.post(f"/notify/{runs[0].uuid}/{'0' * 40}/")
        wait_until(self.all_over, seconds=120)
        ends = [(run.state, run.code_is_inline) for run in Run.objects.order_by("pk")]
        assert ends == [(RunState.FINISHED, True), (RunState.FINISHED, False), (RunState.FAILED, True)]
        refused = self.run("account", compute_budget_account="nope", run_anyway="on")
        wait_until(self.all_over, seconds=120)
        assert "account nope" in Run.objects.get(pk=refused.pk).outcome

    def leave_it_to_a_schedule(self) -> None:
        """Beat starts a run with the member's connection while nobody is there."""
        form = {
            "name": "nightly",
            "run": str(Run.objects.earliest("pk").uuid),
            "connection": str(self.connection("site").uuid),
            "compute_budget_account": "demo",
            "cron_expression": "30 2 * * *",
            "time_zone": "Europe/Berlin",
            "end_date": "",
            **USUAL_POLICIES,
        }
        assert self.browser.post(f"{SCHEDULES}add/", **form | {"cron_expression": "@daily"}).status_code == 422
        page = self.post(f"{SCHEDULES}add/", **form)
        # The night has come.
        now = timezone.now().replace(microsecond=0)
        Schedule.objects.update(next_due_at=now, next_fire_at=now)
        wait_until(lambda: self.is_up() and Slot.objects.exists(), seconds=60)
        slot = Slot.objects.get()
        assert (slot.outcome, slot.due_at) == (Outcome.FIRED, now)
        self.post(f"{page}run-now/")
        wait_until(self.all_over, seconds=120)
        repeated = Run.objects.filter(slot__isnull=False)
        assert [run.state for run in repeated] == [RunState.FINISHED] * 2
        self.post(f"{page}pause/")

    def register_a_model(self) -> None:
        """And have a program find it, list it and download it."""
        run = Run.objects.get(name="inline")
        log_classic_model(self.scene.stack.mlflow_uri, run)
        # As if it had been logged while the run was active: at its end Mantik has looked for models.
        ModelListing.objects.filter(run=run).delete()
        Run.objects.filter(pk=run.pk).update(has_model=None)
        path = self.post(f"{RUNS}{run.uuid}/register/", model="model", name="canary", description="")
        wait_until(RegisteredModel.objects.registered().exists, seconds=120)
        model = RegisteredModel.objects.get()
        query = f"name={model.registry_name}&version=1"
        artifacts = "/tracking/api/2.0/mlflow-artifacts/artifacts"
        for token, status in ((self.token, 200), (f"{self.token}x", 401)):
            for address in (
                f"/tracking/api/2.0/mlflow/model-versions/get?{query}",
                f"{artifacts}?path=models/{model.uuid}",
                f"{artifacts}/models/{model.uuid}/MLmodel",
            ):
                assert self.browser.get(address, Authorization=f"Bearer {token}").status_code == status
        assert self.browser.get(f"{path}download/").status_code == 200

    def be_refused(self) -> None:
        self.replace("site", canaries.WRONG_PASSWORD)
        run = self.run("refused")
        wait_until(lambda: "does not accept the login" in Run.objects.get(pk=run.pk).waiting_for, seconds=120)
        self.post(f"{RUNS}{run.uuid}/cancel/")
        self.replace("site", canaries.SITE_PASSWORD)

    def take_the_token_back(self) -> None:
        # What was under way still has the token.
        code = self.fetched()
        self.post(f"/settings/connections/{self.connection('git').uuid}/delete/")
        self.post(f"/projects/{SLUG}/code/{code.uuid}/refresh/")
        assert "choose a connection with a token" in self.fetched().fetch_error

    def confirm(self) -> None:
        """Say once more who one is, as those have to who add or replace a secret, unless that was moments ago."""
        if time.monotonic() - self._confirmed_at > 200:
            self.post("/accounts/again/?next=/settings/tokens/add/", password=canaries.SIGN_IN.value)
            self._confirmed_at = time.monotonic()

    def post(self, path: str, **fields: str) -> str:
        """Where it leads to."""
        answer = self.browser.post(path, **fields)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def connection(self, name: str) -> Connection:
        return Connection.objects.get(name=name)

    def replace(self, name: str, secret: Canary) -> None:
        self.confirm()
        self.post(f"/settings/connections/{self.connection(name).uuid}/secret/", secret=secret.value)

    def test(self, name: str) -> Connection:
        self.post(f"/settings/connections/{self.connection(name).uuid}/test/")
        wait_until(lambda: not self.connection(name).awaits_test, seconds=60)
        return self.connection(name)

    def fetched(self) -> CodeRepository:
        repositories = CodeRepository.objects.filter(fetch_requested=F("fetch_served"))
        wait_until(repositories.exists, seconds=120)
        return repositories.get()

    def run(self, name: str, *, branch: str = "main", code: str = "0", **changes: str) -> Run:
        project = Project.objects.get(slug=SLUG)
        form = {
            "name": name,
            "experiment": str(project.experiments.get().uuid),
            "code_repository": str(self.fetched().uuid),
            "branch": branch,
            "mlproject_path": "MLproject",
            "entry_point": "main",
            "connection": str(self.connection("site").uuid),
            "compute_budget_account": "demo",
            "backend_config_path": "unicore.yaml",
            "param-code": code,
            **changes,
        }
        assert self.browser.post(f"{RUNS}submissions/add/preview/", **form).status_code == 200
        path = self.post(f"{RUNS}submissions/add/", **form)
        return Run.objects.get(uuid=path.rstrip("/").rpartition("/")[2])

    def is_up(self) -> bool:
        self.scene.stack.check()
        return True

    def all_over(self) -> bool:
        return self.is_up() and all(run.is_terminal and run.next_poll_at is None for run in Run.objects.all())
