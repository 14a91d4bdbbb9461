"""Sites, and one user's credentials for a site or a git host."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from connections.logins import kinds
from connections.querysets import ConnectionQuerySet, SiteQuerySet
from mantik.lib.leases import Leased
from mantik.lib.sealed_fields import register_sealed
from mantik.lib.sealing import seal, unseal

_HTTP = URLValidator(schemes=["https", "http"])
CATALOGUED = Q(added_by__isnull=True)


class Site(models.Model):
    """An HPC endpoint that speaks UNICORE: catalogued by operators, or added by a member for themselves."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    base_url = models.URLField(
        "REST base URL",
        max_length=300,
        validators=[_HTTP],
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
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="sites",
        help_text="Who sees this site; empty for those of the catalogue, which everybody sees.",
    )
    oidc_issuer = models.URLField(
        "OIDC issuer",
        max_length=300,
        blank=True,
        validators=[_HTTP],
        help_text="Of the login service whose access tokens the site takes. Its discovery document tells the rest.",
    )
    oidc_token_url = models.URLField(
        "OIDC token endpoint",
        max_length=300,
        blank=True,
        validators=[_HTTP],
        help_text="Instead of an issuer, for a login service without a discovery document.",
    )
    oidc_client_id = models.CharField("OIDC client id", max_length=200, blank=True)
    sealed_oidc_secret = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="site_name_unique", condition=CATALOGUED),
            models.UniqueConstraint("base_url", name="site_base_url_unique", condition=CATALOGUED),
            models.UniqueConstraint("added_by", Lower("name"), name="site_name_unique_per_member"),
            models.UniqueConstraint("added_by", "base_url", name="site_base_url_unique_per_member"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def has_login_service(self) -> bool:
        """Whether operators have told how to get access tokens for it."""
        return bool(self.oidc_client_id and (self.oidc_issuer or self.oidc_token_url))

    def put_oidc_secret(self, plaintext: str) -> None:
        """Seal `plaintext` into the row, or forget what is there if it is empty; the caller saves."""
        self.sealed_oidc_secret = seal(plaintext, owner=self._seal_owner) if plaintext else ""

    def reveal_oidc_secret(self) -> str:
        """Empty for a public client. Raises SealBroken."""
        return unseal(self.sealed_oidc_secret, owner=self._seal_owner) if self.sealed_oidc_secret else ""

    @property
    def _seal_owner(self) -> str:
        return f"connections.site.oidc_secret:{self.uuid}"


class Connection(Leased):
    """One user's credentials for one provider. The secret goes in and is never shown again.

    Who has its lease turns the secret into the next: `connections.renewal.turns`.
    """

    Kind = kinds.Kind

    class TestOutcome(models.TextChoices):
        """What the last test came to. A site that does not answer has not refused anything."""

        NOT_TESTED = "not-tested", "Not tested"
        WORKS = "works", "Works"
        REFUSED = "refused", "Refused"
        NO_ANSWER = "no-answer", "No answer"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=32, choices=kinds.Kind)
    name = models.CharField(max_length=80)
    # Restricted, not protected: with a member's account their own sites and connections go together.
    site = models.ForeignKey(Site, on_delete=models.RESTRICT, null=True, blank=True, related_name="connections")
    login_name = models.CharField(max_length=150, blank=True)
    # A password, a token, a refresh token, or the private half of a key pair.
    sealed_secret = models.TextField(editable=False)
    # Of a key pair that Mantik has made: one line, for authorized_keys or a git host. The secret is its other half.
    public_key = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    secret_set_at = models.DateTimeField()
    # When the secret ends: as the token itself says, or as its owner typed it. None: it does not, or nobody knows.
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    # What was got with the secret and is shared by all processes until it ends.
    sealed_access = models.TextField(blank=True, editable=False)
    access_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    renew_at = models.DateTimeField(null=True, blank=True, editable=False)
    renewed_at = models.DateTimeField(null=True, blank=True)
    renewal_error = models.TextField(blank=True)

    # Refusals of the login in a row, and since when; any good answer ends the row.
    refusals = models.PositiveIntegerField(default=0)
    refused_since = models.DateTimeField(null=True, blank=True)
    refusal_message = models.TextField(blank=True)
    marked_bad_at = models.DateTimeField(null=True, blank=True)

    tested_at = models.DateTimeField(null=True, blank=True)
    test_outcome = models.CharField(max_length=12, choices=TestOutcome, default=TestOutcome.NOT_TESTED)
    test_message = models.TextField(blank=True)
    # What the site said at the last good test: connections/logins/test_results.py writes and reads it.
    facts = models.JSONField(default=dict, blank=True, editable=False)
    # What this login may ask of each queue, as the site said at the last good test. {} where it did not say.
    queue_limits = models.JSONField(default=dict, blank=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="connection_name_unique_per_owner"),
            models.CheckConstraint(
                name="connection_site_fits_kind",
                condition=Q(kind__in=kinds.WITH_SITE, site__isnull=False)
                | Q(kind__in=kinds.WITHOUT_SITE, site__isnull=True),
            ),
            models.CheckConstraint(name="connection_has_secret", condition=~Q(sealed_secret="")),
        ]
        indexes = [
            models.Index(fields=["renew_at"], name="connection_due_for_renewal", condition=Q(renew_at__isnull=False)),
            models.Index(fields=["expires_at"], name="connection_expiry", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def traits(self) -> kinds.Traits:
        return kinds.traits_of(self.kind)

    @property
    def test_badge(self) -> dict[str, str]:
        """How the outcome of the last test is drawn."""
        hue, icon = _TEST_LOOKS[Connection.TestOutcome(self.test_outcome)]
        return {"label": self.get_test_outcome_display(), "hue": hue, "icon": icon}

    @property
    def provider(self) -> str:
        return self.site.name if self.site else "Git host"

    def has_ended(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def put_secret(self, plaintext: str) -> None:
        """Seal `plaintext` into the row; the caller saves."""
        self.sealed_secret = self.sealed("secret", plaintext)

    def reveal_secret(self) -> str:
        """For the code that talks to the outside, and nothing else. Raises SealBroken."""
        return unseal(self.sealed_secret, owner=self._seal_owner("secret"))

    def reveal_access(self) -> str:
        """What `sealed_access` holds, "" if nothing. Raises SealBroken."""
        return unseal(self.sealed_access, owner=self._seal_owner("access")) if self.sealed_access else ""

    def sealed(self, field: str, plaintext: str) -> str:
        """`plaintext`, for the column sealed_<field> of this row."""
        return seal(plaintext, owner=self._seal_owner(field))

    def _seal_owner(self, field: str) -> str:
        return f"connections.connection.{field}:{self.uuid}"


def _owner_of(field: str) -> Any:
    return lambda connection: connection._seal_owner(field)


register_sealed(Site, "sealed_oidc_secret", owner_of=lambda site: site._seal_owner)
register_sealed(Connection, "sealed_secret", owner_of=_owner_of("secret"))
register_sealed(Connection, "sealed_access", owner_of=_owner_of("access"))

_TEST_LOOKS = {
    Connection.TestOutcome.NOT_TESTED: ("off", "question-circle-fill"),
    Connection.TestOutcome.WORKS: ("ok", "check-circle-fill"),
    Connection.TestOutcome.REFUSED: ("bad", "x-circle-fill"),
    Connection.TestOutcome.NO_ANSWER: ("wait", "hourglass-split"),
}
