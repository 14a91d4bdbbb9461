"""A run at a site, from RUN! to its end, through the product's own code: at the sandbox and at UNICORE/X."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.kinds import Kind
from connections.logins.site_clients import open_connection
from connections.mlflow.values import ModelSource
from connections.services.connections import StillUsed, add_connection, delete_connection, replace_secret
from connections.unicore.client import SiteClient
from projects.code import mirrors
from projects.models import Membership
from runs.following import job_log
from runs.following.kept_log import raw_log
from runs.following.poll import claim_due, due_connections, follow_runs
from runs.job import layout
from runs.models import Run
from runs.pages.phases import phase_segments
from runs.registered_models.services import register_model
from runs.registered_models.worker import tend
from runs.services import cancel_run, watch
from runs.states import AT_SITE, BEFORE_START, RunState
from runs.submission.submit import submit_run
from runs.submission.turns import any_due
from runs.tracking.run_tokens import GRACE, run_of_token
from tests.support.carried import carry_home
from tests.support.logged_models import log_model
from tests.support.mlflow_server import MlflowServer
from tests.support.outages import ask_silent_sites
from tests.support.run_tokens import token_of_job
from tests.support.sites import RunningSite
from tests.support.world import BACKEND_CONFIG, World, make_world

PATIENCE_SECONDS = 60
WorldMaker = Callable[..., World]


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, site: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = site.users["demo"]
    return make_world(tmp_path, base_url=site.base_url, login=user.login, password=user.password)


def later(minutes: float = 0) -> Callable[[], datetime]:
    return lambda: timezone.now() + timedelta(minutes=minutes)


def submit(run: Run, *, minutes: float = 0) -> Run:
    submit_run(run_id=run.pk, clock=later(minutes))
    run.refresh_from_db()
    return run


def follow_until(run: Run, is_there: Callable[[Run], bool]) -> Run:
    """What the sweep does, without its pauses, while somebody has the page open."""
    watch(run=run, now=timezone.now())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there(run):
        assert time.monotonic() < deadline, f"{run.state}: {run.waiting_for} {run.outcome}"
        follow_runs(run_ids=[run.pk], clock=timezone.now)
        run.refresh_from_db()
        if run.is_terminal:
            carry_home(run)
        time.sleep(0.05)
    return run


def finish(run: Run) -> Run:
    return follow_until(submit(run), lambda run: run.is_terminal and run.next_poll_at is None)


def site_of(world: World) -> SiteClient:
    return open_connection(world.connection)


def stored_description(world: World, run: Run) -> dict[str, object]:
    """What the site was asked for, in its own words."""
    client = site_of(world)
    answer: dict[str, object] = client._transport.get(url=f"{client.urls.job(run.job_url)}/submitted")
    return answer


def test_a_run_reaches_finished_and_everything_about_it_is_kept(world: World) -> None:
    run = finish(world.start_run("first light", account="other"))

    assert run.state == RunState.FINISHED, (run.outcome, run.site_message, b"".join(raw_log(run)))
    assert (run.exit_code, run.outcome) == (0, "The job ended with exit code 0.")
    assert world.starts_of(run) == 1
    log = b"".join(raw_log(run)).decode()
    assert f"[mantik] run {run.short_id} · commit {run.commit_sha[:7]}" in log
    assert "\nhello\n" in log
    assert run.log_complete
    assert run.log_size == len(log.encode())
    assert run.core_hours is not None
    assert run.batch_system_id
    times = [run.created_at, run.submitting_at, run.submitted_at, run.running_at, run.ended_at]
    assert None not in times[:3]
    assert [event.kind for event in run.events.order_by("pk")][:3] == [
        "state.pending",
        "state.submitting",
        "submission.accepted",
    ]
    # It logged nothing, which is said when all is home.
    assert [event.kind for event in run.events.order_by("pk")][-2:] == ["state.finished", "tracking.unused"]


def test_its_model_is_registered_with_a_certificate_of_where_it_comes_from(
    world: World, mlflow_server: MlflowServer
) -> None:
    run = finish(world.start_run())
    source = ModelSource(run.mlflow_run_id, model_id=log_model(mlflow_server.uri, run))
    model = register_model(
        run=run, actor=world.user, name="forecast", description="", source=source, now=timezone.now()
    )

    tend(model_id=model.pk, clock=timezone.now)

    model.refresh_from_db()
    document = json.loads(model.certificate)
    assert model.is_registered
    assert document["code"]["commit"] == run.commit_sha
    assert document["code"]["tree"] == world.repository.git("rev-parse", "main^{tree}")
    assert document["code"]["archive_sha256"] == run.code_sha256
    assert (document["site"]["job"], document["site"]["batch_system_id"]) == (run.job_url, run.batch_system_id)
    assert {"hostname", "python_version"} <= set(document["environment"])
    assert document["times"]["ended"]


def test_the_job_carries_the_compute_budget_account_as_project(world: World) -> None:
    run = submit(world.start_run(account="other"))

    assert stored_description(world, run)["Project"] == "other"


def test_the_run_token_travels_in_files_that_only_its_owner_may_read(world: World, settings: Settings) -> None:
    run = submit(world.start_run(parameters={"seconds": "20"}))
    follow_until(run, lambda run: run.state == RunState.RUNNING and run.log_size > 0)

    directory = Path(site_of(world)._transport.get(url=site_of(world).urls.directory(run.job_url))["mountPoint"])
    file = directory / layout.ENVIRONMENT
    token = token_of_job(site_of(world), run)
    assert token in file.read_text()
    assert run_of_token(token, now=timezone.now()) == run
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert settings.MANTIK_MLFLOW_TOKEN not in file.read_text()
    assert token not in json.dumps(stored_description(world, run))
    assert "Environment" not in stored_description(world, run)
    assert token.encode() not in b"".join(raw_log(run))
    assert token not in run.job_script
    cancel_run(run=run, user=world.user, now=timezone.now())
    follow_until(run, lambda run: run.is_terminal)
    assert run_of_token(token, now=timezone.now()) == run
    assert run_of_token(token, now=timezone.now() + GRACE) is None


def test_code_above_the_inline_limit_is_uploaded(world: World, settings: Settings) -> None:
    settings.MANTIK_SUBMIT_INLINE_BYTES = 0

    run = finish(world.start_run())

    assert (run.state, run.code_is_inline, run.code_uploaded) == (RunState.FINISHED, False, True)


def test_a_training_that_fails_says_with_which_exit_code(world: World) -> None:
    run = finish(world.start_run(parameters={"code": "3"}))

    assert (run.state, run.exit_code) == (RunState.FAILED, 3)
    assert run.outcome == "Exit code 3. Last line: hello"
    assert b"hello" in b"".join(raw_log(run))
    assert b"".join(raw_log(run)).decode().splitlines()[(run.outcome_line or 0) - 1] == "hello"
    assert "non-zero exit code: <3>" in run.site_message


TRAINING = """\
import os, signal, sys

how = sys.argv[1]
print("epoch 1")
if how == "raise":
    [][1]
os.kill(os.getpid(), getattr(signal, how))
"""
FAILS = """\
name: fails
entry_points:
  main:
    parameters:
      how: {type: string, default: raise}
      marks: {type: path}
    command: "python3 train.py {how}"
  shell:
    parameters:
      marks: {type: path}
    command: "pythn train.py"
"""


@pytest.mark.parametrize(
    ("entry_point", "how", "outcome", "line"),
    [
        ("main", "raise", "IndexError: list index out of range", "IndexError: list index out of range"),
        (
            "main",
            "SIGKILL",
            "Killed (signal 9). The usual cause is that memory ran out. The config asks for 64M per node.",
            None,
        ),
        ("shell", "", "The command pythn was not found.", "bash: line 1: pythn: command not found"),
    ],
)
def test_a_training_that_fails_says_why_in_one_line(
    world: World, entry_point: str, how: str, outcome: str, line: str | None
) -> None:
    world.repository.write("MLproject", FAILS)
    world.repository.write("train.py", TRAINING)
    world.repository.write("unicore.yaml", f"{BACKEND_CONFIG}  MemoryPerNode: 64M\n")
    world.repository.commit("Fail in several ways")
    mirrors.fetch_or_raise(world.code, now=timezone.now())

    run = finish(world.start_run(entry_point=entry_point, parameters={"how": how} if how else {}))

    assert (run.state, run.outcome) == (RunState.FAILED, outcome)
    log = b"".join(raw_log(run)).decode().splitlines()
    assert (log[run.outcome_line - 1] if run.outcome_line else None) == line
    assert run.events.filter(kind="outcome.explained").count() == (0 if how == "SIGKILL" else 1)


CHATTY = """\
for number in range(60_000):
    print(f"step {number:06}")
raise SystemExit("the data are gone")
"""


def test_of_a_log_above_the_limit_the_end_tells_why_the_run_failed(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MANTIK_LOG_MAX_BYTES = 200_000
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    world.repository.write("MLproject", FAILS)
    world.repository.write("train.py", CHATTY)
    world.repository.commit("Write a lot")
    mirrors.fetch_or_raise(world.code, now=timezone.now())

    run = finish(world.start_run())

    assert (run.state, run.outcome) == (RunState.FAILED, "Exit code 1. Last line: the data are gone")
    assert (run.log_truncated, run.log_size) == (True, 160_000)
    log = b"".join(raw_log(run)).decode().splitlines()
    assert log[(run.outcome_line or 0) - 1] == "the data are gone"
    assert any(line.startswith("[mantik]") and "of the log are left out here" in line for line in log)
    # At the site it is whole.
    size = site_of(world).stat(run.job_url, "mantik.log")
    assert size
    assert run.log_tail_to == size.size > 60_000 * 12


def test_a_command_afterwards_that_fails_is_not_the_runs_failure(world: World) -> None:
    world.repository.write("after.yaml", f"{BACKEND_CONFIG}Environment:\n  PostRunCommandOnLoginNode: (exit 5)\n")
    world.repository.commit("Clean up badly")
    mirrors.fetch_or_raise(world.code, now=timezone.now())

    run = finish(world.start_run(backend_config_path="after.yaml"))

    assert (run.state, run.exit_code) == (RunState.FINISHED, 0)


def test_an_account_that_the_site_does_not_know_is_named_with_those_it_allows(world: World) -> None:
    run = finish(world.start_run(account="nope"))

    assert run.state == RunState.FAILED
    assert run.outcome == f"{run.site_name} does not know the compute budget account nope; it allows demo and other."
    assert "<Project=nope> is out of range" in run.site_message
    assert "queued" not in [segment.key for segment in phase_segments(run, now=timezone.now())]
    assert world.starts_of(run) == 0


def test_more_nodes_than_the_queue_has_are_said_with_how_many_there_are(world: World) -> None:
    world.repository.write("many.yaml", BACKEND_CONFIG.replace("Nodes: 1", "Nodes: 99"))
    world.repository.commit("Ask for more than there is")
    mirrors.fetch_or_raise(world.code, now=timezone.now())

    run = finish(world.start_run(backend_config_path="many.yaml"))

    assert f"{run.site_name} refused the job: Nodes is 99, and the queue batch takes 1 to 4." in run.outcome


def test_a_running_run_is_cancelled_at_the_site(world: World) -> None:
    run = submit(world.start_run(parameters={"seconds": "60"}))
    follow_until(run, lambda run: run.state == RunState.RUNNING)

    cancel_run(run=run, user=world.user, now=timezone.now())
    follow_until(run, lambda run: run.is_terminal and run.next_poll_at is None)

    assert run.state == RunState.CANCELLED
    assert run.outcome == f"Cancelled by {world.user.display_name}."
    assert site_of(world).status(run.job_url).message == "Job aborted."


def test_a_run_cancelled_before_it_was_sent_never_reaches_the_site(world: World) -> None:
    run = world.start_run()
    cancel_run(run=run, user=world.user, now=timezone.now())

    submit(run)

    assert run.state == RunState.CANCELLED
    assert site_of(world).find_jobs(run.submission_tag) == []


def test_a_job_that_the_site_has_forgotten_is_lost(world: World) -> None:
    run = submit(world.start_run(parameters={"seconds": "60"}))
    site_of(world).delete(run.job_url)

    follow_until(run, lambda run: run.is_terminal)

    assert run.state == RunState.LOST
    assert "no longer knows the job" in run.outcome


def test_a_site_in_maintenance_makes_the_run_wait_with_the_sites_words(world: World, site: RunningSite) -> None:
    run = world.start_run()
    with site.closed("down for lunch"):
        submit(run)
        assert run.state in BEFORE_START
        assert "down for lunch" in run.waiting_for
        assert run.waiting_since is not None

    submit(run, minutes=10)
    assert run.state == RunState.QUEUED
    assert run.waiting_for == ""


@pytest.mark.parametrize("kind", [Kind.UNICORE_KEY, Kind.UNICORE_TOKEN])
def test_a_run_needs_no_password(world: World, site: RunningSite, kind: Kind) -> None:
    typed = site.users["demo"].password if kind == Kind.UNICORE_TOKEN else ""
    mine = add_connection(
        owner=world.user,
        kind=kind,
        name="without a password",
        site=world.site,
        login_name="demo",
        secret=typed,
        now=timezone.now(),
    )
    if mine.public_key:
        assert site.authorize_key
        site.authorize_key("demo", mine.public_key)

    assert finish(submit(replace(world, connection=mine).start_run())).state == RunState.FINISHED

    mine.refresh_from_db()
    assert mine.last_used_at
    assert mine.refusals == 0


def test_a_wrong_password_is_believed_the_third_time_and_the_run_waits(world: World, site: RunningSite) -> None:
    world.connection.put_secret("wrong")
    world.connection.save()
    run = world.start_run()
    for turn in range(3):
        submit(run, minutes=10 * turn)
        assert "does not accept the login" in run.waiting_for or turn == 2

    assert run.state in BEFORE_START
    assert "has refused the login of this connection 3 times since" in run.waiting_for
    assert "Its owner can replace the secret under Connections in their own settings" in run.waiting_for

    # Nobody asks with it any more, so that the site does not lock the account.
    submit(run, minutes=60)
    world.connection.refresh_from_db()
    assert world.connection.refusals == 3

    replace_secret(connection=world.connection, secret=site.users["demo"].password, now=timezone.now())
    run.refresh_from_db()
    assert run.next_attempt_at
    assert run.next_attempt_at <= timezone.now()
    assert submit(run).state == RunState.QUEUED
    assert run.waiting_for == ""


def test_a_run_that_waits_for_its_login_can_be_cancelled(world: World) -> None:
    world.connection.put_secret("wrong")
    world.connection.save()
    run = submit(world.start_run())
    assert "does not accept the login" in run.waiting_for

    cancel_run(run=run, user=world.user, now=timezone.now())

    for turn in range(4):
        submit(run, minutes=10 * turn)
    assert run.state == RunState.CANCELLED
    assert run.outcome.startswith(f"Cancelled by {world.user.display_name}.")


def test_a_running_job_waits_for_a_new_secret_and_is_not_asked_about_meanwhile(world: World, site: RunningSite) -> None:
    run = submit(world.start_run())
    world.connection.put_secret("wrong")
    world.connection.save()
    for turn in range(4):
        follow_runs(run_ids=[run.pk], clock=later(10 * turn))
    run.refresh_from_db()
    world.connection.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert world.connection.refusals == 3
    assert "so Mantik has stopped using it." in run.waiting_for
    assert "The job may be running there." in run.waiting_for

    replace_secret(connection=world.connection, secret=site.users["demo"].password, now=timezone.now())
    finish(run)


def test_a_connection_with_an_active_run_is_not_deleted(world: World) -> None:
    run = submit(world.start_run())
    with pytest.raises(StillUsed) as caught:
        delete_connection(connection=world.connection)
    [use] = caught.value.uses
    assert use.text == f"the run {run.name} in {world.project.name}"
    assert str(run.uuid) in use.url
    finish(run)
    delete_connection(connection=world.connection)


def test_a_new_password_saves_the_run(world: World, site: RunningSite) -> None:
    world.connection.put_secret("wrong")
    world.connection.save()
    run = submit(world.start_run())
    assert "does not accept the login" in run.waiting_for

    world.connection.put_secret(site.users["demo"].password)
    world.connection.save()

    assert submit(run, minutes=10).state == RunState.QUEUED


def test_a_site_that_cannot_be_reached_is_no_failure(world: World) -> None:
    good = world.site.base_url
    world.site.base_url = "http://127.0.0.1:9/SITE/rest/core"
    world.site.save()
    run = submit(world.start_run())
    assert run.state in BEFORE_START
    assert "cannot be reached" in run.waiting_for

    world.site.base_url = good
    world.site.save()
    ask_silent_sites(lambda: timezone.now() + timedelta(minutes=9))
    assert submit(run, minutes=10).state == RunState.QUEUED

    world.site.base_url = "http://127.0.0.1:9/SITE/rest/core"
    world.site.save()
    follow_runs(run_ids=[run.pk], clock=timezone.now)
    run.refresh_from_db()
    assert run.state in AT_SITE
    assert "The job may be running there" in run.waiting_for


def test_rights_are_asked_for_again_when_the_run_is_sent(world: World) -> None:
    run = world.start_run()
    Membership.objects.filter(user=world.user).delete()

    submit(run)

    assert run.state == RunState.FAILED
    assert "may no longer start runs in this project" in run.outcome
    assert site_of(world).find_jobs(run.submission_tag) == []


def test_a_deleted_connection_ends_the_run_in_words(world: World) -> None:
    run = world.start_run()
    world.connection.delete()

    submit(run)

    assert run.state == RunState.FAILED
    assert "The connection of this run was deleted" in run.outcome


def test_what_the_broker_lost_is_found_by_the_sweeps(world: World) -> None:
    run = world.start_run()

    assert any_due(now=timezone.now())
    submit(run)
    assert not any_due(now=timezone.now())
    assert due_connections(now=timezone.now()) == [world.connection.pk]
    assert claim_due(connection_id=world.connection.pk, now=timezone.now()) == [run.pk]
    assert due_connections(now=timezone.now()) == []
    assert claim_due(connection_id=world.connection.pk, now=timezone.now()) == []
