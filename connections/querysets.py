"""Sites and connections, by who may see them and by what has to be done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from mantik.lib.leases import is_free

if TYPE_CHECKING:
    from connections.models import Connection, Site, SiteOutage, SiteVisit
    from mantik.accounts.models import User


class SiteQuerySet(models.QuerySet["Site"]):
    def visible_to(self, user: User) -> SiteQuerySet:
        """Sites that operators have added, and those that `user` added."""
        return self.filter(Q(added_by=None) | Q(added_by=user)).order_by("name", "pk")

    def offered_to(self, user: User) -> SiteQuerySet:
        """Sites for which `user` may add a connection."""
        return self.visible_to(user).filter(is_offered=True)

    def with_login_service(self) -> SiteQuerySet:
        return self.exclude(oidc_client_id="").exclude(oidc_issuer="", oidc_token_url="")


class SiteOutageQuerySet(models.QuerySet["SiteOutage"]):
    def open(self) -> SiteOutageQuerySet:
        """Outages without an end: at most one of each site."""
        return self.filter(ended_at=None)

    def due_for_probe(self, now: datetime) -> SiteOutageQuerySet:
        """Open outages whose site is due to be asked whether it is back, and that no worker is asking."""
        return self.open().filter(is_free(now), next_try_at__lte=now)


class SiteVisitQuerySet(models.QuerySet["SiteVisit"]):
    def under_way(self, now: datetime) -> SiteVisitQuerySet:
        """Visits of processes that are alive."""
        return self.exclude(is_free(now))

    def abandoned(self, now: datetime) -> SiteVisitQuerySet:
        """Visits of processes that died."""
        return self.filter(is_free(now))


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def owned_by(self, user: User | AnonymousUser) -> ConnectionQuerySet:
        """The query for all pages: a connection belongs to its owner, whatever role others have."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(owner=user).select_related("site").order_by("name", "pk")

    def for_sites(self) -> ConnectionQuerySet:
        return self.exclude(site=None)

    def for_git(self) -> ConnectionQuerySet:
        return self.filter(site=None)

    def with_secret_of(self, connection: Connection) -> ConnectionQuerySet:
        """`connection`, unless its owner has replaced the secret since it was read."""
        return self.filter(pk=connection.pk, secret_set_at=connection.secret_set_at)

    def due_for_renewal(self, now: datetime) -> ConnectionQuerySet:
        """Connections whose token is past half of its life, and that no process is renewing, longest due first.

        Those whose token has expired, or whose login seems to be refused, are left out.
        """
        alive = Q(expires_at__gt=now, marked_bad_at=None)
        return self.filter(is_free(now), alive, renew_at__lte=now).order_by("renew_at", "pk")

    def awaiting_test(self) -> ConnectionQuerySet:
        return self.filter(tests_requested__gt=F("tests_served"))

    def ending_before(self, moment: datetime) -> ConnectionQuerySet:
        return self.filter(expires_at__lt=moment).select_related("owner", "site").order_by("expires_at", "pk")
