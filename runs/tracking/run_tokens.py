"""The token with which a job logs to its own run and to nothing else.

A run's token is derived from the run's id and the encryption keys. So every attempt to submit the run sends the same
one: the job has a token that is known, whichever attempt it comes from, and also if the database was restored from a
backup meanwhile. Only its hash is stored. The token itself is in the job's 0600 file, and in the memory of the worker
that sends it.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import record as record_for_audit
from mantik.tokens.services import recognise
from runs.lifecycle import record
from runs.models import Run, RunToken
from runs.querysets import TOKEN_GRACE, RunTokenQuerySet

GRACE = TOKEN_GRACE


def make_run_token(run: Run, *, now: datetime) -> str:
    """The token for the job of `run`. Its row is stored in the current transaction, unless there is one already.

    A token that was revoked stays so.
    """
    return _know(run, settings.MANTIK_ENCRYPTION_KEYS[0], now=now)


def know_run_tokens(run: Run, *, now: datetime) -> None:
    """Store the token that a job of `run` was sent, if a restored database does not know it. See `make_run_token`."""
    for key in settings.MANTIK_ENCRYPTION_KEYS:
        _know(run, key, now=now)


def run_of_token(text: str, *, now: datetime) -> Run | None:
    """The run whose job has the token `text`, with its project and experiment, while the token is valid.

    It is valid until it is revoked, and as long as the run is active or has been over for less than GRACE. One query;
    the use is noted once a minute at most. Long texts of the run are read only if they are asked for.
    """
    token = recognise(RunToken.objects.valid(now).with_run(), text, now=now)
    return token.run if token else None


def revoke_run_token(token: RunToken, *, actor: User, now: datetime) -> bool:
    """Make the token invalid, whatever its job still does. False if it was revoked already, which changes nothing."""
    return _revoke(token.run, RunToken.objects.filter(pk=token.pk), actor=actor, now=now)


def revoke_run_tokens(run: Run, *, actor: User, now: datetime) -> bool:
    """As `revoke_run_token`, for every token that a job of `run` may have. False if there was none to revoke."""
    return _revoke(run, RunToken.objects.filter(run=run), actor=actor, now=now)


def _revoke(run: Run, tokens: RunTokenQuerySet, *, actor: User, now: datetime) -> bool:
    with transaction.atomic():
        if not tokens.filter(revoked_at=None).update(revoked_at=now):
            return False
        message = f"{actor.display_name} revoked the run's token. Its job can no longer log to MLflow."
        record(run, now=now, kind="token.revoked", message=message, actor=actor)
        record_for_audit("run.token_revoked", actor=actor, target=run, project=run.project)
    return True


def _know(run: Run, key: str, *, now: datetime) -> str:
    token = RunToken.kind.derived(run.uuid.bytes, key=key)
    hashed = RunToken.kind.hash(token)
    row = RunToken(
        run=run,
        prefix=RunToken.kind.prefix_of(token),
        digest=hashed.digest,
        key_id=hashed.key_id,
        created_at=now,
    )
    RunToken.objects.bulk_create([row], ignore_conflicts=True)
    return token
