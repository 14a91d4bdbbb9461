"""The address at which a site notifies Mantik that a job has changed.

A notification is only a hint to read the job again, so an address that nobody can guess is protection enough. The
token is derived, not stored: a dump of the database gives no valid address away.
"""

from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from mantik.lib.absolute_urls import absolute_url
from mantik.lib.queue import send_on_commit
from runs.models import Run
from runs.states import AT_SITE


def notification_url(run_uuid: UUID) -> str:
    """The absolute URL to which the site may POST."""
    return absolute_url(reverse("notify", args=[run_uuid, _token(run_uuid)]))


def token_is_valid(run_uuid: UUID, token: str) -> bool:
    return constant_time_compare(_token(run_uuid), token)


def job_moved_on(*, run_uuid: UUID, now: datetime) -> bool:
    """Make a run due because its site says that the job has changed. False if there is no such run."""
    run = Run.objects.filter(uuid=run_uuid).only("pk", "connection_id").first()
    if run is None:
        return False
    if Run.objects.filter(pk=run.pk, state__in=AT_SITE).update(next_poll_at=now):
        send_on_commit("runs.tasks.follow_connection", connection_id=run.connection_id)
    return True


def _token(run_uuid: UUID) -> str:
    return salted_hmac("runs.notifications", run_uuid.hex, algorithm="sha256").hexdigest()[:40]
