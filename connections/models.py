"""Sites, and one user's credentials for a site or a git host."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import MinValueValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from connections.logins import kinds
from connections.querysets import ConnectionQuerySet, SiteOutageQuerySet, SiteQuerySet, SiteVisitQuerySet
from mantik.lib.humanize import spoken_duration
from mantik.lib.leases import Leased
from mantik.lib.name_keys import NamedRow, NameKeyField
from mantik.lib.sealed_fields import register_sealed
from mantik.lib.sealing import seal, unseal

_HTTP = URLValidator(schemes=["https", "http"])
_ADDED_BY_OPERATORS = Q(added_by__isnull=True)


class Site(NamedRow):
    """An HPC endpoint that speaks UNICORE: added by operators for everybody, or by a member for themselves."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=80)
    name_key = NameKeyField(within=["added_by_id"])
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
    max_processes = models.PositiveSmallIntegerField(
        "worker processes",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="So many may talk to this site at once; the others go on with what other sites have to do. "
        "Empty: MANTIK_SITE_PROCESSES.",
    )
    max_processes_per_connection = models.PositiveSmallIntegerField(
        "worker processes per connection",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="So many of them for one connection. Empty: MANTIK_SITE_PROCESSES_PER_CONNECTION.",
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
            models.UniqueConstraint(Lower("name"), name="site_name_unique", condition=_ADDED_BY_OPERATORS),
            models.UniqueConstraint("name_key", name="site_name_key_unique", condition=_ADDED_BY_OPERATORS),
            models.UniqueConstraint("added_by", "name_key", name="site_name_key_unique_per_member"),
            models.UniqueConstraint("base_url", name="site_base_url_unique", condition=_ADDED_BY_OPERATORS),
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
        """Whether operators have entered a login service for it."""
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


class SiteVisit(Leased):
    """One worker process that talks to a site now, in one of the places that the site has for them.

    The row is deleted when the process is done. Its lease frees the place of a process that died: `connections.visits`.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="visits")
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="visits")
    # Numbers from 0, less than the limits of the site and of the connection. As both are unique, no two processes can
    # have the last place.
    place = models.PositiveSmallIntegerField()
    place_of_connection = models.PositiveSmallIntegerField()

    objects = SiteVisitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "place"], name="site_visit_place_once"),
            models.UniqueConstraint(
                fields=["connection", "place_of_connection"], name="site_visit_place_of_connection_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} at {self.site}"


class SiteOutage(Leased):
    """A time during which a site did not answer: the breaker of a site is open while one of its outages has no end.

    Its lease is for the one worker that asks whether the site is back: `connections.outages.probe`.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="outages")
    # Whose request was not answered: the site may answer others, so it is asked again with this login.
    connection = models.ForeignKey(
        "connections.Connection", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # Why the latest request had no answer, in a sentence.
    reason = models.TextField()
    # How often the site was asked whether it is back.
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()

    objects = SiteOutageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site"], name="site_outage_open_once", condition=Q(ended_at__isnull=True))
        ]
        indexes = [models.Index(fields=["site", "-began_at"], name="site_outage_of_site")]

    def __str__(self) -> str:
        return f"{self.site} since {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def length(self) -> str:
        """How long the outage lasted, in words; "" while it is open."""
        return spoken_duration(self.ended_at - self.began_at) if self.ended_at else ""


class Connection(NamedRow, Leased):
    """One user's credentials for one provider. The secret goes in and is never shown again.

    Its lease is for exchanging the secret for the next one: `connections.renewal.secret_leases`.
    """

    Kind = kinds.Kind

    class TestOutcome(models.TextChoices):
        """The result of the last test. No answer is not a refusal."""

        NOT_TESTED = "not-tested", "Not tested"
        WORKS = "works", "Works"
        REFUSED = "refused", "Refused"
        NO_ANSWER = "no-answer", "No answer"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=32, choices=kinds.Kind)
    name = models.CharField(max_length=80)
    name_key = NameKeyField(within=["owner_id"])
    # Restricted, not protected: with a member's account their own sites and connections go together.
    site = models.ForeignKey(Site, on_delete=models.RESTRICT, null=True, blank=True, related_name="connections")
    login_name = models.CharField(max_length=150, blank=True)
    # A password, a token, a refresh token, or the private half of a key pair.
    sealed_secret = models.TextField(editable=False)
    # The public half of a key pair that Mantik made: one line, for authorized_keys or a git host.
    public_key = models.CharField(max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    secret_set_at = models.DateTimeField()
    # When the secret expires: from the token itself, or as its owner typed it. None if it never does, or nobody knows.
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    # The access token that was fetched with the secret, shared by all processes until it expires.
    sealed_access = models.TextField(blank=True, editable=False)
    access_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    renew_at = models.DateTimeField(null=True, blank=True, editable=False)
    renewed_at = models.DateTimeField(null=True, blank=True)
    renewal_error = models.TextField(blank=True)

    # How often in a row the login was refused, and since when. A good answer sets this to 0 and None.
    refusals = models.PositiveIntegerField(default=0)
    refused_since = models.DateTimeField(null=True, blank=True)
    refusal_message = models.TextField(blank=True)
    marked_bad_at = models.DateTimeField(null=True, blank=True)

    # As `CodeRepository.fetch_requested`: each request for a test adds 1 to the first number, and a test that is done
    # makes the second what the first was when it began.
    tests_requested = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    tests_served = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_outcome = models.CharField(max_length=12, choices=TestOutcome, default=TestOutcome.NOT_TESTED)
    test_message = models.TextField(blank=True)
    # What the site said at the last good test: connections/logins/test_results.py writes and reads it.
    facts = models.JSONField(default=dict, blank=True, editable=False)
    # What this login may ask of each queue, as the site said at the last good test. {} if it did not say.
    queue_limits = models.JSONField(default=dict, blank=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="connection_name_unique_per_owner"),
            models.UniqueConstraint("owner", "name_key", name="connection_name_key_unique"),
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
            models.Index(
                fields=["id"], name="connection_awaits_test", condition=Q(tests_requested__gt=F("tests_served"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def traits(self) -> kinds.Traits:
        return kinds.traits_of(self.kind)

    @property
    def awaits_test(self) -> bool:
        return self.tests_requested > self.tests_served

    @property
    def test_badge(self) -> dict[str, str]:
        """The badge of the last test."""
        hue, icon = _TEST_LOOKS[Connection.TestOutcome(self.test_outcome)]
        return {"label": self.get_test_outcome_display(), "hue": hue, "icon": icon}

    @property
    def provider(self) -> str:
        return self.site.name if self.site else "Git host"

    def has_ended(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_renewed(self, now: datetime) -> bool:
        """Whether Mantik renews the secret before it expires, as far as anybody knows."""
        is_failing = bool(self.renewal_error) or self.marked_bad_at is not None
        return self.renew_at is not None and not is_failing and not self.has_ended(now)

    def final_end(self, now: datetime) -> datetime | None:
        """When the secret expires without being renewed by Mantik; None if never, as far as anybody knows."""
        return None if self.is_renewed(now) else self.expires_at

    def put_secret(self, plaintext: str) -> None:
        """Seal `plaintext` into the row; the caller saves."""
        self.sealed_secret = self.sealed("secret", plaintext)

    def reveal_secret(self) -> str:
        """The plain secret, only for the code that talks to the provider. Raises SealBroken."""
        return unseal(self.sealed_secret, owner=self._seal_owner("secret"))

    def reveal_access(self) -> str:
        """The access token that `sealed_access` holds; "" if there is none. Raises SealBroken."""
        return unseal(self.sealed_access, owner=self._seal_owner("access")) if self.sealed_access else ""

    def sealed(self, field: str, plaintext: str) -> str:
        """`plaintext`, sealed for the column sealed_<field> of this row."""
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
