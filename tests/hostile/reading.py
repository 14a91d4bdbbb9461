"""Which parameters of its query, or fields of its body, a request is asked for by the code that answers it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from django.utils.functional import cached_property


@contextmanager
def names_read(of: str) -> Iterator[set[str]]:
    """Of all requests until the end of the block. `of`: "GET" or "POST"."""
    found: set[str] = set()

    class Noting(QueryDict):
        def __getitem__(self, key: str) -> Any:
            # Django's own loops over whatever is there ask for nothing by its name.
            if not sys._getframe(1).f_code.co_filename.endswith("datastructures.py"):
                found.add(key)
            return super().__getitem__(key)

        def get(self, key: str, default: Any = None) -> Any:
            found.add(key)
            return super().get(key, default)

        def getlist(self, key: str, default: Any = None) -> Any:
            found.add(key)
            return super().getlist(key, default)

        def __contains__(self, key: object) -> bool:
            found.add(str(key))
            return super().__contains__(key)

    def query(request: WSGIRequest) -> QueryDict:
        return Noting(request.META.get("QUERY_STRING", ""), encoding=request.encoding)

    def body(request: WSGIRequest) -> QueryDict:
        posted: QueryDict = WSGIRequest._get_post(request)  # type: ignore[attr-defined]
        if type(posted) is QueryDict:
            posted.__class__ = Noting
        return posted

    with pytest.MonkeyPatch.context() as patch:
        if of == "GET":
            noting: Any = cached_property(query)
            noting.__set_name__(WSGIRequest, "GET")
            patch.setattr(WSGIRequest, "GET", noting)
        else:
            patch.setattr(WSGIRequest, "POST", property(body, WSGIRequest._set_post))  # type: ignore[attr-defined]
        yield found
