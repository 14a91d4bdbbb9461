"""Sites that members add for themselves, and the events that operators' changes leave."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.deletion import RestrictedError

from connections.models import Site
from connections.unicore.address import site_urls
from connections.unicore.pool import tls_context
from mantik.accounts.models import User
from mantik.audit.services import changes, record
from mantik.lib.name_keys import holder_of

# Columns of a site that the audit keeps, and the names it gives them. They differ where the admin has another label, or
# where the audit would take the column's name for that of a secret ("token").
_AUDITED = {
    "name": "name",
    "base_url": "base_url",
    "ca_bundle": "ca_bundle",
    "notes": "notes",
    "is_offered": "is_offered",
    "max_processes": "worker_processes",
    "max_processes_per_connection": "worker_processes_per_connection",
    "oidc_issuer": "oidc_issuer",
    "oidc_token_url": "oidc_endpoint",
    "oidc_client_id": "oidc_client_id",
}


class SiteTaken(Exception):
    """The member already sees a site with that name or address."""


class SiteUsed(Exception):
    """The site cannot be deleted, because it has connections."""


def usable_base_url(text: str) -> str:
    """`text` as the base URL of a site, tidied. Raises BadBaseUrl."""
    return site_urls(text).base


def check_ca_bundle(text: str) -> None:
    """Raises SiteRefused if `text` holds no certificate in PEM format. "" is fine: then this machine's are used."""
    tls_context(text or None)


def add_site(*, member: User, name: str, base_url: str, ca_bundle: str, notes: str) -> Site:
    """Add a site that only `member` sees. Raises SiteTaken."""
    known = Site.objects.visible_to(member)
    if holder_of(known, name) or known.filter(base_url=base_url).exists():
        raise SiteTaken
    site = Site(name=name, base_url=base_url, ca_bundle=ca_bundle, notes=notes, added_by=member)
    try:
        with transaction.atomic():
            site.save()
            record("site.added", actor=member, target=site, after=audit_values(site))
    except IntegrityError:
        raise SiteTaken from None
    return site


def delete_site(*, site: Site, actor: User) -> None:
    """Delete a site that has no connections. Raises SiteUsed."""
    try:
        with transaction.atomic():
            record("site.deleted", actor=actor, target=site, before=audit_values(site))
            site.delete()
    except RestrictedError:
        raise SiteUsed from None


def record_change(*, site: Site, before: dict[str, Any] | None, actor: User) -> None:
    """Record what an operator has changed. `before`: audit_values() before the change, None for a new site."""
    after = audit_values(site)
    if before is None:
        record("site.added", actor=actor, target=site, after=after)
        return
    change = changes(before, after)
    if change["after"]:
        record("site.changed", actor=actor, target=site, project=None, **change)


def audit_values(site: Site) -> dict[str, Any]:
    values = {shown: getattr(site, column) for column, shown in _AUDITED.items()}
    if site.ca_bundle:
        # A bundle is long, and its fingerprint is enough to tell one from another.
        values["ca_bundle"] = f"sha256 {hashlib.sha256(site.ca_bundle.encode()).hexdigest()[:16]}"
    return values
