"""Reading pages as a person does, and counting what they cost."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mantik.accounts.models import User

_NOT_READ = re.compile(r"<(script|style|template)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"<[^>]*>")


def page_text(response: Any) -> str:
    """The words of a page without its markup, each space a single one."""
    content = _TAGS.sub(" ", _NOT_READ.sub(" ", response.content.decode()))
    return " ".join(html.unescape(content).split())


def links(response: Any) -> dict[str, str]:
    """Where each link of a page leads, by its words."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), re.DOTALL)
    return {" ".join(_TAGS.sub(" ", words).split()): html.unescape(url) for url, words in found}


def neighbour(response: Any, rel: str) -> str | None:
    """Where a list goes on: its link to the page that is "next" (older) or "prev" (newer), None if there is none."""
    found = re.search(rf'href="([^"]*)" rel="{rel}"', response.content.decode())
    return html.unescape(found[1]) if found else None


def confirm_identity(client: Client, user: User) -> None:
    """As if `user`, who is signed in, had just given the password once more."""
    session = client.session
    record = {"method": "password", "at": time.time(), "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def count_queries(client: Client, path: str) -> int:
    """Of a page that answers 200."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(queries)
