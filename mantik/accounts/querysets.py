"""Creates users, and finds their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.sessions.base_session import BaseSessionManager
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils import timezone

from mantik.accounts.email_addresses import vouch_for
from mantik.lib.name_keys import same_name

if TYPE_CHECKING:
    from mantik.accounts.models import FactorSecret, Session, User


def display_name() -> Coalesce:
    """`User.display_name`, computed by the database."""
    full_name = Trim(Concat(F("first_name"), Value(" "), F("last_name")))
    return Coalesce(NullIf(full_name, Value("")), F("username"))


class UserManager(DjangoUserManager["User"]):
    def _create_user(self, username: str, email: str | None, password: str | None, **columns: Any) -> User:
        """Only operators and their programs create users like this, so the address counts as confirmed."""
        user: User = super()._create_user(username, email, password, **columns)  # type: ignore[misc]
        vouch_for(user)
        return user

    def called(self, name: str) -> User | None:
        """Who has this user name, or one that counts as the same (`mantik.lib.names`); None if nobody has.

        Of two from before such names were refused, it is who has exactly this one, or nobody.
        """
        found = list(self.filter(same_name(self.model, name))[:2])
        exact = next((user for user in found if user.username == name), None)
        return exact or (found[0] if len(found) == 1 else None)


class SessionQuerySet(models.QuerySet["Session"]):
    def of(self, user: User) -> SessionQuerySet:
        """Sessions that have not ended."""
        return self.filter(user=user, expire_date__gt=timezone.now())

    def latest_first(self) -> SessionQuerySet:
        return self.order_by("-seen_at", "pk")


class SessionManager(BaseSessionManager.from_queryset(SessionQuerySet)):  # type: ignore[misc]
    pass


class FactorSecretQuerySet(models.QuerySet["FactorSecret"]):
    def reveal(self, reference: str) -> str:
        """Raises FactorSecret.DoesNotExist and SealBroken."""
        return self.get(uuid=reference).reveal()
