"""Whether a login still works, judged by the answers of its site.

A site whose own login service is down refuses everybody, so one refusal proves nothing. After several in a row, over
some time, Mantik stops using the login, so that the site does not lock the account. Its owner gets a notice, and the
pages of whatever waits for the login say so. A new secret or a successful test ends that. Now and then Mantik tests the
login itself, because the fault may have been the site's.

Refusals by a git host are counted and reported in the same way, but the login stays in use: git hosts lock no accounts,
and perhaps only one of several repositories refuses it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import capfirst

from connections.logins.attempts import note_refused_connection
from connections.logins.kinds import Need
from connections.logins.uses import wake
from connections.models import Connection
from connections.unicore.errors import SiteError
from mantik.audit.services import record
from mantik.lib.humanize import absolute_time
from mantik.notices.services import notify

# A login counts as refused after so many refusals in a row, if the first of them is at least this long ago.
REFUSALS_TO_BELIEVE = 3
BELIEVED_AFTER = timedelta(minutes=10)
# Error codes that concern the login itself, not what it was used for.
_OF_LOGIN = frozenset({"refused.credentials", "refused.token", "refused.unmapped"})
# Successful use is stored at most this often, because sweeps ask sites every few seconds.
_NOTED_EVERY = timedelta(minutes=5)

# The columns of a login that was not refused lately.
HEALTHY = {"refusals": 0, "refused_since": None, "refusal_message": "", "marked_bad_at": None}


def concerns_login(error: SiteError) -> bool:
    """Whether the site refused the login itself, and not just what was asked."""
    return error.code in _OF_LOGIN


def note_use(connection: Connection, *, now: datetime) -> None:
    """Note that the login has just worked, so that owners see which of their connections are in use."""
    is_recent = connection.last_used_at is not None and now - connection.last_used_at < _NOTED_EVERY
    if is_recent and not connection.refusals and not connection.marked_bad_at:
        return
    connection.last_used_at = now
    mine = Connection.objects.filter(pk=connection.pk)
    if not mine.filter(refusals=0, marked_bad_at=None).update(last_used_at=now):
        mine.update(last_used_at=now)
        note_good_answer(connection, now=now)


def note_good_answer(connection: Connection, *, now: datetime) -> None:
    """Forget earlier refusals. If the login seemed to be refused, whatever waits for it continues."""
    with transaction.atomic():
        same = Connection.objects.with_secret_of(connection)
        was_bad = same.filter(marked_bad_at__isnull=False).update(**HEALTHY)
        if was_bad:
            record("connection.restored", actor=None, target=connection)
            wake(connection, now)
        else:
            same.filter(refusals__gt=0).update(**HEALTHY)
    for name, value in HEALTHY.items():
        setattr(connection, name, value)


def note_refusal(connection: Connection, error: SiteError, *, now: datetime) -> bool:
    """Count the refusal if the site refused the login itself. True if the login now counts as refused."""
    if not concerns_login(error):
        return connection.marked_bad_at is not None
    note_refused_connection(error, connection)
    return note_login_refused(connection, error.message, now=now)


def note_login_refused(connection: Connection, message: str, *, now: datetime) -> bool:
    """Count a refusal of the login itself, by a site or a git host. True if the login now counts as refused.

    An answer to a secret that was replaced meanwhile does not count.
    """
    with transaction.atomic():
        same = Connection.objects.with_secret_of(connection)
        same.update(refusals=F("refusals") + 1, refused_since=Coalesce("refused_since", now), refusal_message=message)
        is_proof = same.filter(
            marked_bad_at=None, refusals__gte=REFUSALS_TO_BELIEVE, refused_since__lte=now - BELIEVED_AFTER
        )
        # Many workers are refused at once; only one of them notifies the owner.
        if is_proof.update(marked_bad_at=now):
            _tell(Connection.objects.select_related("owner", "site").get(pk=connection.pk))
    # Deleted meanwhile: then there is nothing to count.
    with suppress(Connection.DoesNotExist):
        connection.refresh_from_db(fields=list(HEALTHY))
    return connection.marked_bad_at is not None


def why_login_unused(connection: Connection) -> str:
    """Why Mantik does not use `connection`, which is one to a site, now; "" if it does."""
    return _refused(connection, "Its owner can {} under Connections in their own settings")


def caution_before_use(connection: Connection, *, now: datetime) -> str:
    """What the owner of `connection` should know before using it; "" if nothing."""
    if connection.has_ended(now):
        expired = (
            f"The secret of {connection.name} has expired."
            if connection.traits.expiry is Need.NO
            else f"The last day that you entered for the secret of {connection.name} is over."
        )
        return (
            f"{expired} If {connection.provider} refuses the secret, the run waits until you replace it under "
            "Connections in your own settings."
        )
    return _refused(connection, "{} under Connections in your own settings")


def warning_for_owner(connection: Connection) -> str:
    """That the login of `connection` is refused, for its card, which has the buttons that help; "" if it is not."""
    return _refused(connection, "{}")


def _refused(connection: Connection, remedy: str) -> str:
    """Since when the login of `connection` is refused, and what helps; "" if it does not count as refused.

    `remedy` is a sentence without its period, with {} for what to do.
    """
    if connection.marked_bad_at is None or connection.refused_since is None:
        return ""
    has_key_pair = connection.traits.has_key_pair
    remedy = capfirst(remedy.format("make a new key pair" if has_key_pair else "replace the secret"))
    # A new key pair is refused, too, until its public key is at the provider.
    done = "Once its public key is in place of the old one," if has_key_pair else "After that,"
    return (
        f"{_refused_since(connection, connection.refused_since)} {remedy}. {done} everything that waits for this "
        "connection continues."
    )


def _refused_since(connection: Connection, since: datetime) -> str:
    refused = (
        f"{_who_refuses(connection)} has refused the login of this connection {connection.refusals} times since "
        f"{absolute_time(since, zone=UTC)}"
    )
    # A git host does not lock accounts, and perhaps only one of several repositories refuses this login.
    return f"{refused}, so Mantik has stopped using it." if connection.site_id else f"{refused}."


def _who_refuses(connection: Connection) -> str:
    return connection.provider if connection.site_id else "The git host"


def _tell(connection: Connection) -> None:
    record("connection.marked_bad", actor=None, target=connection, after={"refusals": connection.refusals})
    new = "the public key of a new key pair is in place" if connection.traits.has_key_pair else "you replace its secret"
    consequence = (
        f"Runs that use this connection wait until {new}. Until then, due times of schedules that use it are refused."
        if connection.site_id
        else f"Code that needs it cannot be fetched until {new}, or the git host accepts it again."
    )
    notify(
        user=connection.owner,
        text=f"{_who_refuses(connection)} no longer accepts the login of your connection {connection.name}. "
        f"{consequence} {connection.refusal_message}",
        url=f"{reverse('connections:list')}#connection-{connection.uuid}",
        key=f"connection-bad:{connection.uuid}:{connection.marked_bad_at:%Y%m%d%H%M%S}",
    )
