"""Turns of requests for the threads of pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from mantik.server.answers import Answer
from mantik.server.pages import Pages
from tests.support.loops import run_apart


def page(_environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"page"]


@pytest.mark.parametrize("is_its_turn", [False, True])
def test_a_request_that_is_cancelled_while_it_waits_keeps_no_thread(is_its_turn: bool) -> None:
    async def ask() -> None:
        pages = Pages(page, threads=1, most_waiting=5, seconds=30)
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "http_version": "1.1",
            "query_string": b"",
            "headers": [],
        }
        staying = asyncio.get_running_loop().create_future()
        await pages._free.acquire()
        waiting = asyncio.ensure_future(pages.answer(scope, b"", leaving=staying))
        await asyncio.sleep(0)
        if is_its_turn:
            pages._free.release()
            # Its turn has come, and it does not know of it yet.
            await asyncio.sleep(0)
        waiting.cancel()
        if not is_its_turn:
            pages._free.release()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        answer = await asyncio.wait_for(pages.answer(scope, b"", leaving=staying), timeout=10)
        assert isinstance(answer, Answer)
        assert answer.body == b"page"

    run_apart(ask())
