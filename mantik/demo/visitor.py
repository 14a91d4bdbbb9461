"""A member's browser, as far as the demo needs one: it signs in, fills in the new-run form and presses RUN!."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from types import TracebackType
from typing import Self

import httpx

from mantik.demo import DemoFailed

_TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field
# A page that takes longer is broken.
_PATIENCE_SECONDS = 30


class Visitor:
    """Goes to the product's own pages, with their forms and tokens. Every method raises DemoFailed."""

    def __init__(self, url: str) -> None:
        # The server runs on this machine, so no proxy of the environment is used.
        self._http = httpx.Client(base_url=url, timeout=_PATIENCE_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.close()

    def sign_in(self, name: str, password: str) -> None:
        self._submit("/accounts/sign-in/", {"username": name, "password": password})

    def start_run(self, slug: str, fields: Mapping[str, str]) -> str:
        """Press RUN!; returns the address of the run's page, without the host."""
        return self._submit(f"/projects/{slug}/runs/submissions/add/", fields)

    def register_model(self, run_path: str, name: str) -> str:
        """Register the model of the run whose page is at `run_path`; returns the address of the model's page."""
        return self._submit(f"{run_path}register/", {"name": name})

    def look_at(self, path: str) -> str:
        """The page as text."""
        answer = self._request("GET", path)
        if answer.status_code != 200:
            raise DemoFailed(f"The page {path} cannot be opened: it answers with the status {answer.status_code}.")
        return answer.text

    def _submit(self, path: str, values: Mapping[str, str]) -> str:
        """Fill in the form of a page and send it; returns the address that the answer redirects to."""
        form = read_page(self.look_at(path))
        token = form.fields.get(_TOKEN)
        if token is None:
            raise DemoFailed(f"The page {path} has no form to fill in.")
        answer = self._request("POST", path, {**form.fields, **values, _TOKEN: token})
        if answer.is_redirect:
            return answer.headers["location"]
        complaints = read_page(answer.text).complaints
        reasons = "\n".join(f"    {complaint}" for complaint in complaints) or "    (it does not say why)"
        raise DemoFailed(f"The page {path} did not accept the form ({answer.status_code}):\n{reasons}")

    def _request(self, method: str, path: str, data: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return self._http.request(method, path, data=data, headers={"Referer": str(self._http.base_url)})
        except httpx.HTTPError as error:
            raise DemoFailed(f"The page {path} does not answer: {error or type(error).__name__}.") from None


class Page(HTMLParser):
    """The fields of the form on a page, and its error messages."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.complaints: list[str] = []
        self._select = ""
        self._complains_in = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "input" and found.get("name"):
            self.fields.setdefault(found["name"], found.get("value", ""))
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select and ("selected" in found or self._select not in self.fields):
            self.fields[self._select] = found.get("value", "")
        elif "field-error" in found.get("class", "").split() or found.get("role") == "alert":
            self._complains_in = tag
            self.complaints.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == self._complains_in:
            self._complains_in = ""

    def handle_data(self, data: str) -> None:
        if self._complains_in and data.strip():
            self.complaints[-1] = f"{self.complaints[-1]} {data.strip()}".strip()


def read_page(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    page.complaints = [complaint for complaint in page.complaints if complaint]
    return page
