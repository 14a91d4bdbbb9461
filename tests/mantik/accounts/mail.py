"""What came by mail."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core import mail


def link_in_last_mail() -> str:
    """The path of the link that is meant to be opened."""
    found = re.search(r"https?://\S+/accounts/\S+", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return urlsplit(found[0]).path


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]
