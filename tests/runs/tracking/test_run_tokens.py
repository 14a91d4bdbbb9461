"""The token of a run's job: valid as long as the run, whatever becomes of the database or the keys meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.lib.sealing import key_id
from mantik.tokens.hashing import PERSONAL
from mantik.tokens.services import authenticate
from runs.models import Run, RunToken
from runs.states import ACTIVE, TERMINAL, RunState
from runs.tracking.run_tokens import (
    GRACE,
    know_run_tokens,
    make_run_token,
    revoke_run_token,
    revoke_run_tokens,
    run_of_token,
)
from tests.conftest import ClientOf
from tests.support.factories import make_run, make_user

pytestmark = pytest.mark.django_db


def made(state: RunState = RunState.RUNNING) -> tuple[Run, str]:
    run = make_run(state)
    return run, make_run_token(run, now=timezone.now())


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_it_finds_its_run_in_one_query_and_without_long_texts() -> None:
    run, text = made()
    now = timezone.now()
    run_of_token(text, now=now)

    with CaptureQueriesContext(database) as queries:
        found = run_of_token(text, now=now)
        assert found is not None
        assert (found, found.project.slug, found.experiment) == (run, run.project.slug, run.experiment)

    assert len(queries) == 1
    assert "mlproject_content" not in queries[0]["sql"]


def test_it_is_not_stored_and_shows_only_its_beginning() -> None:
    run, text = made()
    row = RunToken.objects.get()

    with database.cursor() as cursor:
        cursor.execute("SELECT * FROM runs_runtoken")
        stored = str(cursor.fetchall())

    assert text.startswith(f"mantik_run_{row.prefix}_")
    assert str(row) == f"mantik_run_{row.prefix}_…"
    assert text.rpartition("_")[2] not in stored
    assert row.run == run


def test_neither_kind_of_token_passes_for_the_other() -> None:
    _, text = made()
    personal = PERSONAL.new()

    assert PERSONAL.prefix_of(text) == ""
    assert RunToken.kind.prefix_of(personal) == ""
    assert authenticate(text, now=timezone.now()) is None
    assert run_of_token(personal, now=timezone.now()) is None


def test_it_is_the_whole_token_that_counts() -> None:
    _, text = made()
    _, other = made()
    start, rest = text[:-43], text[-43:]

    for wrong in (text[:-1], f"{text}x", start, f"{start}{other[-43:]}", f"{start}\udcff", rest, ""):
        assert run_of_token(wrong, now=timezone.now()) is None


@pytest.mark.parametrize("state", ACTIVE)
def test_while_the_run_is_active_it_has_no_last_day(state: RunState) -> None:
    run, text = made(state)

    assert run_of_token(text, now=timezone.now() + timedelta(days=400)) == run


@pytest.mark.parametrize("state", TERMINAL)
def test_it_ends_shortly_after_the_run(state: RunState) -> None:
    run, text = made(state)
    assert run.ended_at

    assert run_of_token(text, now=run.ended_at + GRACE - timedelta(seconds=1)) == run
    assert run_of_token(text, now=run.ended_at + GRACE) is None


def test_every_attempt_sends_the_same_one_so_a_job_of_any_of_them_can_log() -> None:
    run, first = made(RunState.SUBMITTING)
    later = make_run_token(run, now=timezone.now() + timedelta(hours=1))

    assert later == first
    assert RunToken.objects.get().created_at < timezone.now()


def test_a_restored_database_knows_the_token_again() -> None:
    run, text = made(RunState.SUBMITTING)
    RunToken.objects.all().delete()
    assert run_of_token(text, now=timezone.now()) is None

    know_run_tokens(run, now=timezone.now())

    assert run_of_token(text, now=timezone.now()) == run


def test_a_restored_database_knows_it_even_if_the_keys_were_rotated_meanwhile(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.MANTIK_ENCRYPTION_KEYS = [old]
    run, text = made(RunState.SUBMITTING)
    RunToken.objects.all().delete()
    settings.MANTIK_ENCRYPTION_KEYS = [new, old]

    know_run_tokens(run, now=timezone.now())

    assert run_of_token(text, now=timezone.now()) == run


def test_revoked_is_revoked_for_later_attempts_as_well() -> None:
    run, text = made()
    member, now = make_user(), timezone.now()

    revoke_run_token(RunToken.objects.get(), actor=member, now=now)
    revoke_run_tokens(run, actor=member, now=now + timedelta(minutes=1))

    assert run_of_token(text, now=now) is None
    assert make_run_token(run, now=now) == text
    know_run_tokens(run, now=now)
    assert run_of_token(text, now=now) is None
    assert RunToken.objects.get().revoked_at == now
    [event] = AuditEvent.objects.filter(verb="run.token_revoked")
    assert (event.actor, event.target_uuid, event.project_uuid) == (member, run.uuid, run.project.uuid)
    assert [event.message for event in run.events.all()] == [
        f"{member.display_name} revoked the run's token. Its job can no longer log to MLflow."
    ]


def test_use_is_noted_once_a_minute() -> None:
    _, text = made()
    now = timezone.now()

    def use(seconds: int) -> datetime | None:
        assert run_of_token(text, now=now + timedelta(seconds=seconds))
        return RunToken.objects.get().last_used_at

    assert RunToken.objects.get().last_used_at is None
    assert use(0) == now
    assert use(59) == now
    assert use(60) == now + timedelta(seconds=60)


def test_a_token_outlives_the_rotation_of_keys_if_it_is_used_meanwhile(settings: Settings) -> None:
    old, new = new_key(), new_key()
    settings.MANTIK_ENCRYPTION_KEYS = [old]
    (run, used), (_, unused) = made(), made()
    settings.MANTIK_ENCRYPTION_KEYS = [new, old]

    assert run_of_token(used, now=timezone.now()) == run
    assert "runs.RunToken.key_id: 1 with an older key." in rotate()
    settings.MANTIK_ENCRYPTION_KEYS = [new]

    assert run_of_token(used, now=timezone.now()) == run
    assert run_of_token(unused, now=timezone.now()) is None
    assert run.tokens.get().key_id == key_id(new)


def test_tokens_of_runs_that_are_over_keep_no_key_in_the_ring(settings: Settings) -> None:
    run, _ = made(RunState.FINISHED)
    Run.objects.filter(pk=run.pk).update(ended_at=timezone.now() - GRACE)
    settings.MANTIK_ENCRYPTION_KEYS = [new_key(), *settings.MANTIK_ENCRYPTION_KEYS]

    assert "Only the first key is needed." in rotate()


def test_a_deleted_run_takes_its_token_along() -> None:
    run, text = made(RunState.FINISHED)
    run.delete()

    assert run_of_token(text, now=timezone.now()) is None


def test_operators_see_tokens_and_revoke_them(client_of: ClientOf, operator: User) -> None:
    _, text = made()
    row = RunToken.objects.get()
    client = client_of(operator)
    changelist = reverse("admin:runs_runtoken_changelist")

    assert row.visible_prefix in client.get(changelist).content.decode()
    chosen = {"action": "revoke", "_selected_action": [row.pk]}
    assert "1 run token revoked.<" in client.post(changelist, chosen, follow=True).content.decode()
    assert (
        "0 run tokens revoked. 1 run token had been revoked before."
        in client.post(changelist, chosen, follow=True).content.decode()
    )

    assert run_of_token(text, now=timezone.now()) is None
    assert AuditEvent.objects.get(verb="run.token_revoked").actor == operator


def rotate() -> str:
    output = StringIO()
    call_command("rotate_keys", stdout=output)
    return output.getvalue()
