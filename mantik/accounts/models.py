"""Users, their sessions, and the secrets of their second factors."""

from __future__ import annotations

import uuid
from datetime import tzinfo
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mantik.accounts.querysets import FactorSecretQuerySet, SessionManager, UserManager
from mantik.accounts.sessions import SessionStore
from mantik.lib.name_keys import NamedRow, NameKeyField
from mantik.lib.sealed_fields import register_sealed
from mantik.lib.sealing import seal, unseal


class Theme(models.TextChoices):
    SYSTEM = "", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(NamedRow, AbstractUser):
    """A person. Operators are users with `is_staff`; everybody else is a member of projects.

    `email` follows the confirmed address that allauth stores. If a person deletes their account, the row stays, without
    anything that says who they were, because their runs refer to it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username_key = NameKeyField("username")
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: that of the installation.")
    theme = models.CharField(max_length=5, blank=True, choices=Theme)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        verbose_name = "user"
        constraints = [
            models.CheckConstraint(
                name="user_deleted_is_inactive", condition=Q(deleted_at__isnull=True) | Q(is_active=False)
            ),
            models.UniqueConstraint("username_key", name="user_name_key_unique"),
            models.CheckConstraint(name="user_theme_known", condition=Q(theme__in=Theme.values)),
        ]

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def zone(self) -> tzinfo:
        """The zone in which this person sees times: the chosen one, or else that of the installation."""
        try:
            return ZoneInfo(self.time_zone) if self.time_zone else timezone.get_default_timezone()
        except (ZoneInfoNotFoundError, ValueError):
            return timezone.get_default_timezone()


class Session(AbstractBaseSession):
    """One browser's session; see mantik/accounts/sessions.py. `user` is None without a signed-in user."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        return SessionStore


class FactorSecret(models.Model):
    """The secret of an authenticator app, or the seed of recovery codes. allauth's row holds `uuid` in its place."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sealed_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    objects = FactorSecretQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def seal_owner(self) -> str:
        return f"accounts.FactorSecret:{self.uuid}:sealed_secret"

    def put(self, secret: str) -> None:
        self.sealed_secret = seal(secret, owner=self.seal_owner)

    def reveal(self) -> str:
        return unseal(self.sealed_secret, owner=self.seal_owner)


register_sealed(FactorSecret, "sealed_secret", owner_of=lambda row: row.seal_owner)
