"""The address at which a site tells us that a job has moved on.

A notification is a hint to read the job again, never a fact, so all it needs is an address that nobody can
guess. The token is derived, not stored: a dump of the database gives no valid address away.
"""

from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac


def notification_url(run_uuid: UUID) -> str:
    """Absolute URL that the site may POST to."""
    path = reverse("notify", args=[run_uuid, _token(run_uuid)])
    return f"{settings.MANTIK_BASE_URL.rstrip('/')}{path}"


def token_is_valid(run_uuid: UUID, token: str) -> bool:
    return constant_time_compare(_token(run_uuid), token)


def _token(run_uuid: UUID) -> str:
    return salted_hmac("runs.notifications", run_uuid.hex, algorithm="sha256").hexdigest()[:40]
