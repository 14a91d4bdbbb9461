"""A person's browser, which keeps every answer that it was given."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx

from tests.canary.places import headers_of, pages
from tests.canary.search import Place

_COOKIE = "mantik-csrf"


class Browser:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self.answers: list[Place] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.close()

    def sign_in(self, name: str, password: str) -> int:
        self.get("/accounts/sign-in/")
        return self.post("/accounts/sign-in/", username=name, password=password).status_code

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._kept(self._http.get(path, headers=headers))

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Sent as a form; the page it leads to is looked at, too."""
        headers = {"X-CSRFToken": self._http.cookies.get(_COOKIE) or "", "Referer": str(self._http.base_url)}
        answer = self._kept(self._http.post(path, data=fields, headers=headers))
        if answer.is_redirect:
            self.get(answer.headers["location"])
        return answer

    def cookie(self, name: str) -> str:
        return self._http.cookies[name]

    def everything(self, *starts: str) -> Iterator[Place]:
        return pages(self._http, *starts)

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        content = headers_of(answer) + answer.content
        self.answers.append((f"answer: {answer.request.method} {answer.request.url.path}", content))
        return answer
