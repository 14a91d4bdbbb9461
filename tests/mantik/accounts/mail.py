"""What came by mail, once a worker has sent what waited."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core import mail
from django.core.mail import EmailMessage

from mantik.notices import outbox


def delivered() -> list[EmailMessage]:
    """All that has come so far, oldest first. No page sends anything itself."""
    outbox.send_due()
    return list(mail.outbox)


def link_in_last_mail() -> str:
    """The path of the link that is meant to be opened."""
    body = str(delivered()[-1].body)
    found = re.search(r"https?://\S+/accounts/\S+", body)
    assert found, body
    return urlsplit(found[0]).path


def subjects() -> list[str]:
    return [str(message.subject) for message in delivered()]
