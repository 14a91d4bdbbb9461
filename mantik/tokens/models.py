"""What programs sign in with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from mantik.lib.name_keys import NamedRow, NameKeyField
from mantik.lib.sealed_fields import register_keyed
from mantik.lib.token_form import written
from mantik.tokens.hashing import PERSONAL, TokenKind
from mantik.tokens.named_projects import NamedProject
from mantik.tokens.querysets import TokenQuerySet


class Scope(models.TextChoices):
    """What a token allows, from the least to the most; never more than its owner may do."""

    READ = "read", "Read"
    SUBMIT = "submit", "Submit"
    ADMIN = "admin", "Admin"

    def covers(self, other: Scope) -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


SCOPE_MEANING: dict[Scope, str] = {
    Scope.READ: "reads experiments, runs and their files, and loads registered models",
    Scope.SUBMIT: "also starts runs from a laptop or notebook, with plain MLflow, logs to them, and adds experiments",
    Scope.ADMIN: "will allow everything that you may do except changing your account and credentials; for now it "
    "allows the same as Submit",
}


class StoredToken(models.Model):
    """What is kept of a token: `prefix` and a keyed hash, not the token itself."""

    kind: ClassVar[TokenKind]

    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    key_id = models.CharField(max_length=8, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def visible_prefix(self) -> str:
        """As much of the token as pages show."""
        return written(self.kind.mark, self.prefix, "…")


class PersonalAccessToken(NamedRow, StoredToken):
    """A token of a user, who sees it once."""

    kind = PERSONAL

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=80)
    name_key = NameKeyField(within=["user_id"], only=Q(revoked_at__isnull=True))
    scope = models.CharField(max_length=8, choices=Scope)
    expires_at = models.DateTimeField()
    # The projects it is restricted to; None: no restriction. One that is deleted, or that its owner has left, stays
    # here, so that the token never reaches more than it was made for.
    project_uuids = models.JSONField(null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "user",
                Lower("name"),
                name="access_token_name_unique_while_valid",
                condition=Q(revoked_at__isnull=True),
            ),
            models.UniqueConstraint(
                "user",
                "name_key",
                name="access_token_name_key_unique_while_valid",
                condition=Q(revoked_at__isnull=True),
            ),
            models.CheckConstraint(name="access_token_scope_known", condition=Q(scope__in=Scope.values)),
        ]

    def __str__(self) -> str:
        return self.name

    def is_for(self, project_uuid: UUID) -> bool:
        """Whether the token may be used in that project, if its owner has a role there."""
        return self.project_uuids is None or str(project_uuid) in self.project_uuids

    def among(self, projects: Sequence[NamedProject]) -> list[NamedProject]:
        """Those of `projects` in which it may be used."""
        return [project for project in projects if self.is_for(project.uuid)]

    @property
    def badge(self) -> dict[str, str]:
        """How its state is drawn."""
        if self.revoked_at:
            return {"label": "Revoked", "hue": "off", "icon": "slash-circle"}
        if self.expires_at <= timezone.now():
            return {"label": "Expired", "hue": "off", "icon": "hourglass-split"}
        return {"label": "Valid", "hue": "ok", "icon": "check-circle-fill"}


register_keyed(PersonalAccessToken, "key_id", still_matters=TokenQuerySet.valid)
