"""Who signs in."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. Operators are users with `is_staff`; everybody else is a member of projects."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: that of the installation.")

    class Meta(AbstractUser.Meta):
        verbose_name = "user"

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
