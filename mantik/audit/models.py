"""Audit events: what was done, by whom, to what."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from mantik.audit import verbs
from mantik.audit.querysets import AuditEventQuerySet

MANTIK = "Mantik"


@dataclass(frozen=True)
class Change:
    """The change of one field, for people; None if there was or is no value."""

    name: str
    before: Any
    after: Any


class AuditEvent(models.Model):
    """One event, stored with the change it describes, and never changed.

    Actor, target and project are kept by name or id as well as by reference, so that an event outlives them.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    happened_at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    actor_name = models.CharField(max_length=150)
    target_kind = models.CharField(max_length=60)
    target_uuid = models.UUIDField(null=True, blank=True)
    target_name = models.CharField(max_length=200)
    project_uuid = models.UUIDField(null=True, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [
            # Lists: newest first in a project, alone or by the actor. The second one is also that of the foreign key.
            models.Index(fields=["project_uuid", "happened_at", "id"], name="audit_event_list"),
            models.Index(fields=["actor", "happened_at", "id", "project_uuid"], name="audit_event_by_actor"),
            # For subjects with few events. Those with many are soon found in the list.
            models.Index(
                fields=["project_uuid", "verb"], opclasses=["", "varchar_pattern_ops"], name="audit_event_by_verb"
            ),
            models.Index(fields=["target_uuid", "-id"], name="audit_event_of_target"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.words}"

    @property
    def who(self) -> str:
        """The actor as pages name people; the stored login if the account was deleted. Reads `actor`."""
        actor = self.actor
        return actor.display_name if actor and not actor.deleted_at else self.actor_name

    @property
    def words(self) -> str:
        return verbs.words(self.verb, target=self.target_name)

    @property
    def changes(self) -> list[Change]:
        """The changed fields, in the order in which they were recorded."""
        return list(self._changes())

    def _changes(self) -> Iterator[Change]:
        for name in {**self.before, **self.after}:
            yield Change(name.replace("_", " "), self.before.get(name), self.after.get(name))
