"""Somebody who reads pages through the real web server, one after the other, and how long that takes."""

from __future__ import annotations

import time

import httpx
from django.conf import settings
from django.test import Client
from django.urls import reverse

from bench.ground import Ground
from mantik.accounts.models import User
from mantik.up.web import address
from runs.models import Run

HOST = "127.0.0.1"


def visitor(ground: Ground, user: User) -> httpx.Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return httpx.Client(
        base_url=address(HOST, ground.port), cookies={name: client.cookies[name].value}, trust_env=False, timeout=60
    )


def cookie_of(browser: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def some_pages(run: Run) -> list[str]:
    slug = run.project.slug
    return [
        reverse("projects:list"),
        reverse("runs:list", args=[slug]),
        reverse("runs:detail", args=[slug, run.uuid]),
        reverse("runs:live", args=[slug, run.uuid]),
    ]


def read_pages(browser: httpx.Client, paths: list[str], *, rounds: int) -> tuple[float, float]:
    """The time of all but one in twenty pages, and the longest of /healthz, in seconds."""
    pages: list[float] = []
    alive: list[float] = []
    for _ in range(rounds):
        pages += [_seconds(browser, path) for path in paths]
        alive.append(_seconds(browser, "/healthz"))
    return sorted(pages)[int(len(pages) * 0.95)], max(alive)


def _seconds(browser: httpx.Client, path: str) -> float:
    begin = time.perf_counter()
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return time.perf_counter() - begin
