"""Queries of projects and what they hold; most begin with what a person may see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from mantik.lib.leases import is_free
from projects.roles import Role

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from projects.models import (
        CodeRepository,
        Experiment,
        GroupMember,
        GroupMembership,
        Invitation,
        Label,
        Membership,
        Project,
        UserGroup,
    )


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User | AnonymousUser) -> ProjectQuerySet:
        if not user.is_authenticated:
            return self.filter(is_public=True)
        # A subquery instead of a join, so that there is one row per project whatever else a caller joins.
        return self.filter(Q(is_public=True) | Q(pk__in=_joined_by(user)))

    def joined_by(self, user: User | AnonymousUser) -> ProjectQuerySet:
        """The projects in which `user` has a role, directly or by a group."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(pk__in=_joined_by(user))

    def labelled(self, name: str) -> ProjectQuerySet:
        """Projects with that label. Call it once for each label that they must have."""
        return self.filter(pk__in=self.model.labels.through.objects.filter(label__name=name).values("project"))

    def matching(self, text: str) -> ProjectQuerySet:
        """Projects with `text` in their name, summary or a label."""
        by_label = self.model.labels.through.objects.filter(label__name__icontains=text).values("project")
        return self.filter(Q(name__icontains=text) | Q(summary__icontains=text) | Q(pk__in=by_label))


def _joined_by(user: User) -> models.QuerySet[Any, Any]:
    by_group = user.group_members.filter(group__memberships__isnull=False).values("group__memberships__project")
    return user.memberships.values("project").union(by_group)


class LabelQuerySet(models.QuerySet["Label"]):
    def in_order(self) -> LabelQuerySet:
        return self.order_by("name")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def owners(self) -> MembershipQuerySet:
        """Owners who can act: those whose account is active."""
        return self.filter(role=Role.OWNER, user__is_active=True)

    def in_order(self) -> MembershipQuerySet:
        """Owners first, then by name."""
        return self.order_by(rank_of_role(), Lower("user__first_name"), Lower("user__username"))


def rank_of_role() -> Case:
    """For a query of memberships: the place of the role among all roles, 0 for the highest."""
    ranks = [When(role=role, then=Value(rank)) for rank, role in enumerate(reversed(Role))]
    return Case(*ranks, output_field=IntegerField())


class UserGroupQuerySet(models.QuerySet["UserGroup"]):
    def visible_to(self, user: User | AnonymousUser) -> UserGroupQuerySet:
        """The groups that `user` is in; others are private."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(pk__in=_groups_of(user))

    def in_order(self) -> UserGroupQuerySet:
        return self.order_by(Lower("name"), "pk")


def _groups_of(user: User) -> models.QuerySet[Any, Any]:
    return user.group_members.values("group")


class GroupMemberQuerySet(models.QuerySet["GroupMember"]):
    def admins(self) -> GroupMemberQuerySet:
        """Admins who can act: those whose account is active."""
        return self.filter(is_admin=True, user__is_active=True)

    def in_order(self) -> GroupMemberQuerySet:
        """Admins first, then by name."""
        return self.order_by("-is_admin", Lower("user__first_name"), Lower("user__username"))


class GroupMembershipQuerySet(models.QuerySet["GroupMembership"]):
    def in_order(self) -> GroupMembershipQuerySet:
        return self.order_by(Lower("group__name"), "pk")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, now: datetime) -> InvitationQuerySet:
        """Invitations that can still be accepted."""
        return self.filter(state="open", expires_at__gt=now)

    def for_person(self, user: User) -> InvitationQuerySet:
        """Invitations of the account, and of the e-mail addresses that `user` has confirmed."""
        addresses = EmailAddress.objects.filter(user=user, verified=True).values(address=Lower("email"))
        return self.filter(Q(user=user) | Q(user=None, email__in=addresses))

    def void(self, *, now: datetime, since: datetime) -> InvitationQuerySet:
        """Invitations that expired or were withdrawn between `since` and `now`."""
        withdrawn = Q(state="withdrawn", closed_at__gt=since)
        return self.filter(withdrawn | Q(state__in=["open", "expired"], expires_at__gt=since, expires_at__lte=now))


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def rename_due(self) -> ExperimentQuerySet:
        """Experiments that still have their former name in MLflow."""
        named = self.filter(rename_due_at__isnull=False).exclude(mlflow_experiment_id="")
        return named.select_related("project").order_by("rename_due_at", "pk")

    def in_order(self) -> ExperimentQuerySet:
        return self.order_by("name", "pk")


class CodeRepositoryQuerySet(models.QuerySet["CodeRepository"]):
    def fetch_due(self, now: datetime) -> CodeRepositoryQuerySet:
        """Code repositories with a request that no worker is serving, those that have waited longest first."""
        waiting = self.filter(is_free(now), fetch_requested__gt=F("fetch_served"))
        return waiting.order_by(F("fetch_requested_at").asc(nulls_first=True), "pk")

    def being_fetched(self, now: datetime) -> CodeRepositoryQuerySet:
        """Code repositories that a worker is fetching, whether or not somebody asked for it."""
        return self.filter(lease_until__gt=now)

    def in_order(self) -> CodeRepositoryQuerySet:
        return self.order_by("name", "pk")
