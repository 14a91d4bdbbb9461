"""What of `connections` a person may see: their own, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models

if TYPE_CHECKING:
    from connections.models import Connection, Site
    from mantik.accounts.models import User


class SiteQuerySet(models.QuerySet["Site"]):
    def offered(self) -> SiteQuerySet:
        """Sites that a new connection may be made for."""
        return self.filter(is_offered=True).order_by("name", "pk")


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
