"""Whether a login still works, judged by what sites answer to its use.

A site that loses its own login service refuses everybody, so one refusal proves nothing. Several in a row, over some
time, do: then nobody asks the site with it any more, so that it does not lock the account, its owner is told, and
what waits for it says so. A new secret, or a test that goes well, ends that. Now and then Mantik tests it by itself,
because the site may have been the one that was ill.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse

from connections.logins.uses import wake
from connections.models import Connection
from connections.querysets import ConnectionQuerySet
from connections.unicore.errors import SiteError
from mantik.audit.services import record
from mantik.notices.services import notify

REFUSALS_TO_BELIEVE = 3
BELIEVED_AFTER = timedelta(minutes=10)
# Of the login itself, not of what it was used for.
_OF_LOGIN = frozenset({"refused.credentials", "refused.token", "refused.unmapped"})
# A use is written down no oftener; a sweep asks sites every few seconds.
_NOTED_EVERY = timedelta(minutes=5)

HEALTHY = {"refusals": 0, "refused_since": None, "refusal_message": "", "marked_bad_at": None}


def is_of_login(error: SiteError) -> bool:
    """Whether the site refused us, and not what we wanted."""
    return error.code in _OF_LOGIN


def note_use(connection: Connection, *, now: datetime) -> None:
    """The login has just worked. Credentials nobody uses any more can be told from those that carry runs."""
    is_recent = connection.last_used_at is not None and now - connection.last_used_at < _NOTED_EVERY
    if is_recent and not connection.refusals and not connection.marked_bad_at:
        return
    connection.last_used_at = now
    mine = Connection.objects.filter(pk=connection.pk)
    if not mine.filter(refusals=0, marked_bad_at=None).update(last_used_at=now):
        mine.update(last_used_at=now)
        note_good_answer(connection, now=now)


def note_good_answer(connection: Connection, *, now: datetime) -> None:
    """End a row of refusals, and wake what waited if the login was believed to be bad."""
    with transaction.atomic():
        same = _of_same_secret(connection)
        was_bad = same.filter(marked_bad_at__isnull=False).update(**HEALTHY)
        if was_bad:
            record("connection.restored", actor=None, target=connection)
            wake(connection, now)
        else:
            same.filter(refusals__gt=0).update(**HEALTHY)
    for name, value in HEALTHY.items():
        setattr(connection, name, value)


def note_refusal(connection: Connection, error: SiteError, *, now: datetime) -> bool:
    """Count a refusal of the login; others are left alone. True if the login is believed to be bad by now.

    What was answered to a secret that has been replaced meanwhile does not count.
    """
    if not is_of_login(error):
        return connection.marked_bad_at is not None
    with transaction.atomic():
        same = _of_same_secret(connection)
        same.update(
            refusals=F("refusals") + 1, refused_since=Coalesce("refused_since", now), refusal_message=error.message
        )
        is_proof = same.filter(
            marked_bad_at=None, refusals__gte=REFUSALS_TO_BELIEVE, refused_since__lte=now - BELIEVED_AFTER
        )
        # Many workers are refused at once; one of them tells.
        if is_proof.update(marked_bad_at=now):
            _tell(Connection.objects.select_related("owner", "site").get(pk=connection.pk))
    connection.refresh_from_db(fields=list(HEALTHY))
    return connection.marked_bad_at is not None


def objection(connection: Connection) -> str:
    """Why nobody uses `connection` now; "" if it may be used."""
    if connection.marked_bad_at is None or connection.refused_since is None:
        return ""
    return (
        f"{_refused_since(connection, connection.refused_since)} Its owner can replace the secret under Settings > "
        "Connections; then this goes on by itself."
    )


def caution(connection: Connection, *, now: datetime) -> str:
    """What somebody has to know who is about to use `connection`; "" if there is nothing."""
    if connection.has_ended(now):
        return f"The secret of {connection.name} has ended. Replace it under Settings > Connections, or the run waits."
    return objection(connection)


def warning(connection: Connection) -> str:
    """The same, for its owner at its card."""
    if connection.marked_bad_at is None or connection.refused_since is None:
        return ""
    what = "Make a new key pair" if connection.traits.has_key_pair else "Replace the secret"
    return f"{_refused_since(connection, connection.refused_since)} {what}; then what waits for it goes on by itself."


def _refused_since(connection: Connection, since: datetime) -> str:
    refused = (
        f"{connection.provider} has refused the login of this connection {connection.refusals} times since "
        f"{since.astimezone(UTC):%d %b %Y %H:%M} UTC"
    )
    # A git host locks nobody out for asking, and one of several repositories may be the one that refuses.
    return f"{refused}, so Mantik does not ask with it any more." if connection.site_id else f"{refused}."


def _of_same_secret(connection: Connection) -> ConnectionQuerySet:
    return Connection.objects.filter(pk=connection.pk, secret_set_at=connection.secret_set_at)


def _tell(connection: Connection) -> None:
    record("connection.marked_bad", actor=None, target=connection, after={"refusals": connection.refusals})
    notify(
        user=connection.owner,
        text=f"{connection.provider} does not accept the login of your connection {connection.name} any more. What "
        f"needs it waits until you replace its secret. {connection.refusal_message}",
        url=f"{reverse('connections:list')}#connection-{connection.uuid}",
        key=f"connection-bad:{connection.uuid}:{connection.marked_bad_at:%Y%m%d%H%M%S}",
    )
