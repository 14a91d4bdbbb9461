"""Secrets go through every flow, and are nowhere afterwards but where they have to be."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection as database

from connections.logins.site_clients import open_connection
from runs.following.callback import notification_url
from runs.job import layout
from runs.models import Run, RunToken
from schedules.models import Schedule
from tests.canary import accounts, canaries, places
from tests.canary.accounts import secure_the_account
from tests.canary.browser import Browser
from tests.canary.conftest import Scene
from tests.canary.other_logins import connect_in_other_ways
from tests.canary.search import Canary, Place, found
from tests.canary.ssh_code import read_code_by_ssh
from tests.canary.story import RUNS, SCHEDULES, Story
from tests.support.factories import make_user
from tests.support.mlflow_server import MlflowServer
from tests.support.oidc import OidcProvider
from tests.support.redis import Broker
from tests.support.waiting import wait_until

RUN_TOKEN = "a run token"


def tell(story: Story, provider: OidcProvider) -> list[Canary]:
    """What was made on the way, and may be nowhere."""
    story.settle_in()
    story.make_an_access_token()
    secured = secure_the_account(story)
    story.measure()
    story.connect_site()
    made = secured + connect_in_other_ways(story, provider)
    made += read_code_by_ssh(story, story.scene.data_dir.parent / "sshd")
    story.link_code()
    story.run_everything()
    story.leave_it_to_a_schedule()
    story.register_a_model()
    story.be_refused()
    story.take_the_token_back()
    wait_until(story.all_over, seconds=120)
    return made


def site_descriptions(story: Story) -> Iterator[Place]:
    """What the site shows of each job to whoever may see it."""
    client = open_connection(story.connection("site"))
    for run in Run.objects.exclude(job_url=""):
        for url in (run.job_url, f"{client.urls.job(run.job_url)}/submitted"):
            yield "description at the site", str(client._transport.get(url=url)).encode()


def written(scene: Scene, mlflow: MlflowServer) -> Iterator[Place]:
    """All that a process has put on paper: log lines, and files of every kind."""
    yield from ((f"log of {name}: {line[:60]}", line.encode()) for name, line in list(scene.lines))
    yield from places.files(scene.data_dir)
    yield from places.files(mlflow.data_dir)
    if database.vendor == "sqlite":
        # Its locks are the process's: who closes a file that it has open gives them up, and another process, the last
        # as it believes, takes the log of our open connection away.
        database.close()
        for file in Path(database.settings_dict["NAME"]).parent.glob(f"{Path(database.settings_dict['NAME']).name}*"):
            yield "file of the database", file.read_bytes()


def notification_tokens() -> list[Canary]:
    """Who knows one can make Mantik ask a site about a run: the sites know them, and nobody else."""
    return [
        Canary("a notification's token", notification_url(run.uuid).rstrip("/").rpartition("/")[2])
        for run in Run.objects.all()
    ]


def run_tokens() -> list[Canary]:
    """What the jobs log with: the part after the prefix, which the pages of runs show."""
    key = canaries.ENCRYPTION_KEYS[0].value
    tokens = [RunToken.kind.derived(run.uuid.bytes, key=key) for run in Run.objects.all()]
    return [Canary(RUN_TOKEN, token[-43:]) for token in tokens]


def is_needed_there(leak: str, story: Story) -> bool:
    """The few places that a secret has to be in."""
    name, _, where = leak.partition(" in ")
    data_dir = story.scene.data_dir
    if where.startswith("file: ") and where.endswith((layout.ENVIRONMENT, layout.SEED)):
        mode = stat.S_IMODE((data_dir / where.removeprefix("file: ")).stat().st_mode)
        return name == RUN_TOKEN and mode == 0o600
    if accounts.is_needed_there(name, where):
        return True
    if where == "answer: POST /settings/tokens/add/":
        return name == story.access_token.name
    if where == "file: mlflow-token":
        return name == canaries.MLFLOW_TOKEN.name
    if where == "file: sandbox/users.json":
        return name == canaries.SITE_PASSWORD.name
    if where == "description at the site" or where.startswith("file: sandbox/site.sqlite3"):
        return name == "a notification's token"
    if where.startswith("environment of") and f" in {data_dir}/git" in where:
        return name in (canaries.GIT_TOKEN.name, canaries.WRONG_TOKEN.name)
    in_a_job = f" in {data_dir}/sandbox/jobs/" in where
    return where.startswith("environment of") and in_a_job and name == RUN_TOKEN


@pytest.mark.timeout(600)
def test_no_secret_is_anywhere_but_where_it_has_to_be(
    scene: Scene, mlflow_server: MlflowServer, oidc_provider: OidcProvider
) -> None:
    with (
        places.BrokerListener(scene.stack.broker_url) as broker,
        # Not those below this process: sites that other tests share may still have their jobs there.
        places.ProcessWatcher(*scene.stack.pids.values()) as watcher,
        Browser(scene.stack.url) as member,
        Browser(scene.stack.url) as operator,
    ):
        story = Story(scene, member)
        made = tell(story, oidc_provider)
        make_user("otto", password=canaries.SIGN_IN.value, is_staff=True, is_superuser=True)
        operator.sign_in("otto", canaries.SIGN_IN.value)
        pages = [*member.everything("/"), *operator.everything("/", "/admin/"), *member.answers, *operator.answers]
        own = Broker(scene.stack.broker_url, scene.stack.options.broker_prefix)
        spoken = [*broker.places(), *places.keys(own)]
        kept = [*places.rows(), *places.sessions(), *written(scene, mlflow_server)]
        shown = [*pages, *site_descriptions(story)]

    everything = [*kept, *spoken, *shown, *watcher.places()]
    hits = found([*canaries.ALL, *made, *notification_tokens(), *run_tokens(), story.access_token], everything)
    assert [hit for hit in hits if not is_needed_there(hit, story)] == []
    assert_it_looked_everywhere(everything, hits)


def assert_it_looked_everywhere(everything: list[Place], hits: list[str]) -> None:
    """No leak was found where secrets pass by, not because nothing passed by."""
    run = Run.objects.earliest("pk")
    visited = {where for where, _ in everything}
    schedule = f"{SCHEDULES}{Schedule.objects.get().uuid}/"
    paths = ("/", "/settings/connections/", f"{RUNS}{run.uuid}/log/raw/", "/admin/connections/connection/", schedule)
    for path in (*paths, f"{schedule}edit/", f"{SCHEDULES}calendar/", "/admin/django_celery_beat/periodictask/"):
        assert f"page: {path}" in visited
    for words in (b"submit_next", b"git-remote-https", b"tracked 200", b"haveClientStageIn", b"POST /notify/"):
        assert any(words in content for _, content in everything), words
    for name in ("web", "worker", "beat", "sandbox"):
        assert any(where.startswith(f"log of {name}:") for where in visited), name
    needed = " ".join(hits)
    assert f"{RUN_TOKEN} in file: sandbox/jobs/" in needed
    assert f"{canaries.MLFLOW_TOKEN.name} in file: mlflow-token" in needed
    assert f"{canaries.SITE_PASSWORD.name} in file: sandbox/users.json" in needed
    assert "a personal access token in answer: POST /settings/tokens/add/" in needed
    if Path("/proc/self/environ").exists():
        assert f"{canaries.GIT_TOKEN.name} in environment of git" in needed
