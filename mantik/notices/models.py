"""Notices, and e-mails that are still to be sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mantik.lib.leases import Leased
from mantik.lib.sealed_fields import register_sealed
from mantik.lib.sealing import seal, unseal
from mantik.notices.querysets import LetterQuerySet, NoticeQuerySet, SealedLetterQuerySet


class Notice(models.Model):
    """A sentence under one person's bell. `url` is the path in Mantik that it leads to, or empty."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    text = models.TextField()
    url = models.CharField(max_length=300, blank=True)
    # What this is about: a person gets only one notice with the same key. Empty: no such limit.
    key = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("user", "key", name="notice_once_per_key", condition=~Q(key="")),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_unread(self) -> bool:
        return self.read_at is None


class AnyLetter(Leased):
    """An e-mail that is still to be sent. The row is deleted once the mail server has accepted it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta(Leased.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.subject} to {self.address}"


class Letter(AnyLetter):
    """What anybody may read who may read the database."""

    text = models.TextField()

    objects = LetterQuerySet.as_manager()


class SealedLetter(AnyLetter):
    """About an account: the text may hold a link that lets anyone in who has it, so it is encrypted.

    A table of its own, because a worker of 0.1.0, which runs for a while beside newer ones during an upgrade, would
    send a row of the other one without its text. After `send_until` it is deleted, sent or not.
    """

    # As long as forms take: it is whatever somebody has typed who forgot their password.
    address = models.EmailField(max_length=320)
    sealed_text = models.TextField(editable=False)
    send_until = models.DateTimeField()

    objects = SealedLetterQuerySet.as_manager()

    def put(self, text: str) -> None:
        self.sealed_text = seal(text, owner=self.seal_owner)

    def reveal(self) -> str:
        """The text. Raises SealBroken."""
        return unseal(self.sealed_text, owner=self.seal_owner)

    @property
    def seal_owner(self) -> str:
        return f"notices.SealedLetter:{self.uuid}:sealed_text"


register_sealed(SealedLetter, "sealed_text", owner_of=lambda row: row.seal_owner)
