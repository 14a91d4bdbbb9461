"""Which requests were answered, and how."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

LONGEST_KIND = 60


class IdempotencyKey(models.Model):
    """One request of a person: `kind` says for what ("run.added"), `digest` covers its key and its contents.

    `answer` names what the request made: a UUID or an address, as its caller chose.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="idempotency_keys")
    kind = models.CharField(max_length=LONGEST_KIND)
    digest = models.CharField(max_length=64)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    # Of a request without a key (`unanswered.py`): until then it is being answered; null if it was left without one.
    held_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", "kind", "digest", name="idempotency_key_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"
