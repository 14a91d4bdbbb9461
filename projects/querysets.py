"""Querysets that start from what a person may see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When
from django.db.models.functions import Lower

from projects.permissions import Role

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from projects.models import CodeRepository, Experiment, Invitation, Membership, Project


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        if not user.is_authenticated:
            return self.filter(is_public=True)
        # Exists and not a join: one row per project, however many memberships are ever joined to it.
        return self.filter(Q(is_public=True) | Exists(_memberships_of(user)))

    def joined_by(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """The projects `user` is a member of."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Exists(_memberships_of(user)))


def _memberships_of(user: User) -> models.QuerySet[models.Model]:
    from projects.models import Membership

    return Membership.objects.filter(project=OuterRef("pk"), user=user)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def owners(self) -> MembershipQuerySet:
        """Those who can act: an account that was switched off owns nothing."""
        return self.filter(role=Role.OWNER, user__is_active=True)

    def in_order(self) -> MembershipQuerySet:
        """Owners first, then by name."""
        ranks = [When(role=role, then=Value(rank)) for rank, role in enumerate(reversed(Role))]
        rank = Case(*ranks, output_field=IntegerField())
        return self.order_by(rank, Lower("user__first_name"), Lower("user__username"))


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, now: datetime) -> InvitationQuerySet:
        """Those that can still be accepted."""
        return self.filter(state="open", expires_at__gt=now)

    def void(self, *, now: datetime, since: datetime) -> InvitationQuerySet:
        """Those that expired or were withdrawn between `since` and `now`."""
        withdrawn = Q(state="withdrawn", closed_at__gt=since)
        return self.filter(withdrawn | Q(state__in=["open", "expired"], expires_at__gt=since, expires_at__lte=now))


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def in_order(self) -> ExperimentQuerySet:
        return self.order_by("name", "pk")


class CodeRepositoryQuerySet(models.QuerySet["CodeRepository"]):
    def in_order(self) -> CodeRepositoryQuerySet:
        return self.order_by("name", "pk")
