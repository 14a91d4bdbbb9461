"""Sites, and one user's credentials for a site or a git host."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from connections.querysets import ConnectionQuerySet, SiteQuerySet
from connections.sealed_fields import register_sealed
from connections.sealing import seal, unseal


class Site(models.Model):
    """An HPC endpoint that speaks UNICORE, catalogued by operators."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    base_url = models.URLField(
        "REST base URL",
        max_length=300,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text="As the site's documentation gives it, for example https://hpc.example.org:8080/SITE/rest/core",
    )
    ca_bundle = models.TextField(
        "CA bundle",
        blank=True,
        help_text="PEM certificates to verify the site with. Empty: the certificates this machine trusts.",
    )
    notes = models.TextField(blank=True, help_text="Shown to members who make a connection to this site.")
    is_offered = models.BooleanField(
        "offered to members", default=True, help_text="Members may make new connections to it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="site_name_unique"),
            models.UniqueConstraint("base_url", name="site_base_url_unique"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


class Connection(models.Model):
    """One user's credentials for one provider. The secret goes in and is never shown again."""

    class Kind(models.TextChoices):
        UNICORE_PASSWORD = "unicore-password", "UNICORE, user name and password"
        GIT_TOKEN = "git-token", "Git host, access token"

    class TestOutcome(models.TextChoices):
        """What the last test came to. A site that does not answer has not refused anything."""

        NOT_TESTED = "not-tested", "Not tested"
        WORKS = "works", "Works"
        REFUSED = "refused", "Refused"
        NO_ANSWER = "no-answer", "No answer"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=32, choices=Kind)
    name = models.CharField(max_length=80)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="connections")
    login_name = models.CharField(max_length=150, blank=True)
    sealed_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    secret_set_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_outcome = models.CharField(max_length=12, choices=TestOutcome, default=TestOutcome.NOT_TESTED)
    test_message = models.TextField(blank=True)
    # What this login may ask of each queue, as the site said at the last good test. {} where it did not say.
    queue_limits = models.JSONField(default=dict, blank=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="connection_name_unique_per_owner"),
            models.CheckConstraint(
                name="connection_site_fits_kind",
                condition=Q(kind="unicore-password", site__isnull=False) | Q(kind="git-token", site__isnull=True),
            ),
            models.CheckConstraint(name="connection_has_secret", condition=~Q(sealed_secret="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def test_badge(self) -> dict[str, str]:
        """How the outcome of the last test is drawn."""
        hue, icon = _TEST_LOOKS[Connection.TestOutcome(self.test_outcome)]
        return {"label": self.get_test_outcome_display(), "hue": hue, "icon": icon}

    @property
    def provider(self) -> str:
        return self.site.name if self.site else "Git host"

    def put_secret(self, plaintext: str) -> None:
        """Seal `plaintext` into the row; the caller saves."""
        self.sealed_secret = seal(plaintext, owner=self._seal_owner)

    def reveal_secret(self) -> str:
        """For the code that talks to the outside, and nothing else. Raises SealBroken."""
        return unseal(self.sealed_secret, owner=self._seal_owner)

    @property
    def _seal_owner(self) -> str:
        return f"connections.connection.secret:{self.uuid}"


register_sealed(Connection, "sealed_secret", owner_of=lambda connection: connection._seal_owner)

_TEST_LOOKS = {
    Connection.TestOutcome.NOT_TESTED: ("off", "question-circle-fill"),
    Connection.TestOutcome.WORKS: ("ok", "check-circle-fill"),
    Connection.TestOutcome.REFUSED: ("bad", "x-circle-fill"),
    Connection.TestOutcome.NO_ANSWER: ("wait", "hourglass-split"),
}
