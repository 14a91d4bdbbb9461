"""Sends notices, and marks them as read."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from mantik.accounts.models import User
from mantik.lib.absolute_urls import absolute_url
from mantik.notices.models import Notice
from mantik.notices.outbox import write_letter


def notify(*, user: User, text: str, url: str = "", key: str = "", bell: bool = True) -> None:
    """Give `user` a notice, and a letter if they have an address, in the current transaction.

    `text` is a sentence or two without secrets, `url` a path in Mantik. With a `key`, the same person gets it only
    once, ever. Without `bell` it is listed, but not counted: the bell counts some things, such as invitations, by
    itself. A user whose account is not active gets nothing.
    """
    if not user.is_active:
        return
    try:
        with transaction.atomic():
            Notice.objects.create(user=user, text=text, url=url, key=key, read_at=None if bell else timezone.now())
    except IntegrityError:
        if key and Notice.objects.filter(user=user, key=key).exists():
            return
        raise
    if user.email:
        lines = [text, absolute_url(url)] if url else [text]
        write_letter(address=user.email, subject=_subject(text), text="\n\n".join(lines))


def unread(user: User) -> int:
    return Notice.objects.of_user(user).unread().count()


def mark_read(*, user: User, now: datetime, up_to: int) -> None:
    """Mark all that the page showed as read: from the notice `up_to` (its primary key) backwards, but no newer one."""
    Notice.objects.of_user(user).unread().filter(pk__lte=up_to).update(read_at=now)


def _subject(text: str) -> str:
    """The first sentence, cut to what an e-mail program shows."""
    first = text.partition(". ")[0].rstrip(".")
    return first if len(first) <= 120 else f"{first[:119]}…"
