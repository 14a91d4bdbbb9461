"""What of `connections` a person may see: their own, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from mantik.lib.leases import is_free

if TYPE_CHECKING:
    from connections.models import Connection, Site
    from mantik.accounts.models import User


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: User) -> SiteQuerySet:
        """The catalogue, and what they added themselves."""
        return self.filter(Q(added_by=None) | Q(added_by=user)).order_by("name", "pk")

    def offered_to(self, user: User) -> SiteQuerySet:
        """Sites that they may make a new connection for."""
        return self.visible_to(user).filter(is_offered=True)

    def with_login_service(self) -> SiteQuerySet:
        return self.exclude(oidc_client_id="").exclude(oidc_issuer="", oidc_token_url="")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def owned_by(self, user: User | AnonymousUser) -> ConnectionQuerySet:
        """The only door for pages: a connection belongs to its owner, whatever anybody's role is."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(owner=user).select_related("site").order_by("name", "pk")

    def for_sites(self) -> ConnectionQuerySet:
        return self.exclude(site=None)

    def for_git(self) -> ConnectionQuerySet:
        return self.filter(site=None)

    def due_for_renewal(self, now: datetime) -> ConnectionQuerySet:
        """Tokens at half of their life, longest due first, that no other process is renewing now.

        One that has ended, or that is believed to be refused, is not tried any more.
        """
        alive = Q(expires_at__gt=now, marked_bad_at=None)
        return self.filter(is_free(now), alive, renew_at__lte=now).order_by("renew_at", "pk")

    def ending_before(self, moment: datetime) -> ConnectionQuerySet:
        return self.filter(expires_at__lt=moment).select_related("owner", "site").order_by("expires_at", "pk")
