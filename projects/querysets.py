"""Querysets that start from what a person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from projects.models import CodeRepository, Experiment, Project


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


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def in_order(self) -> ExperimentQuerySet:
        return self.order_by("name", "pk")


class CodeRepositoryQuerySet(models.QuerySet["CodeRepository"]):
    def in_order(self) -> CodeRepositoryQuerySet:
        return self.order_by("name", "pk")
