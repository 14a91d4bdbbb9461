"""What the routes have in common: the client, the fields and the page that it wants, the words of errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mantik.demo.sandbox.gate import Session
from mantik.demo.sandbox.http_server import Request, Response, error_response
from mantik.demo.sandbox.users import SiteUser


@dataclass(frozen=True, slots=True)
class Visit:
    """One admitted request."""

    request: Request
    session: Session

    @property
    def user(self) -> SiteUser:
        return self.session.user

    @property
    def method(self) -> str:
        """HEAD counts as GET; the server leaves out the body."""
        return "GET" if self.request.method == "HEAD" else self.request.method

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    def only(self, method: str) -> Response | None:
        """None for a request with `method`, the refusal for any other."""
        return None if self.method == method else Response(405)


@dataclass(frozen=True, slots=True)
class Fields:
    """The properties a client asked for, or asked to leave out."""

    names: frozenset[str]
    left_out: frozenset[str]

    def wants(self, name: str) -> bool:
        return name in self.names if self.names else name not in self.left_out


@dataclass(frozen=True, slots=True)
class Page:
    offset: int
    num: int


def fields_of(visit: Visit) -> Fields | None:
    """Read `fields=status,exitCode` or `fields=!log`; None if all are wanted."""
    words = visit.query.get("fields", "").replace(",", " ").replace("+", " ").split()
    if not words:
        return None
    names = frozenset(word for word in words if not word.startswith("!"))
    return Fields(names, frozenset(word[1:] for word in words if word.startswith("!")))


def only(document: Mapping[str, Any], fields: Fields | None) -> Mapping[str, Any]:
    if fields is None:
        return document
    return {name: value for name, value in document.items() if fields.wants(name)}


def read_page(visit: Visit, most: int) -> Page | Response:
    """Read `offset=` and `num=`; the server's answer if these are not numbers."""
    try:
        page = Page(int(visit.query.get("offset", "0")), int(visit.query.get("num", str(most))))
    except ValueError:
        return Response(404)
    if page.offset < 0 or page.num < 0:
        return error_response(500, f"Error: {error_text('offset and num must be positive.')}")
    return page


def page_links(url: str, page: Page, total: int) -> dict[str, dict[str, str]]:
    """Links to the neighbouring pages, without the tags that were asked for, as the real server makes them."""

    def link(offset: int, num: int) -> dict[str, str]:
        return {"href": f"{url}?offset={offset}&num={num}"}

    links = {"self": link(page.offset, page.num)}
    after = page.offset + page.num
    if after < total:
        links["next"] = link(after, min(page.num, total - page.num))
    if page.offset:
        links["previous"] = link(max(0, page.offset - page.num), page.num)
    return links


def json_object(content: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object in a body, or None and the server's complaint."""
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value, ""
    return None, "org.json.JSONException: A JSONObject text must begin with '{' at 1 [character 2 line 1]"


def require_type(visit: Visit, content_type: str) -> Response | None:
    """None for a body of this type, the refusal for any other."""
    given = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if given == content_type else Response(415)


def error_text(reason: str) -> str:
    return f"java.lang.IllegalArgumentException: {reason}"
