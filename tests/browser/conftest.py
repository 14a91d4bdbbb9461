"""A browser, and pages to look at with it.

Chromium is Debian's `chromium-headless-shell`, which draws the same without a window nobody sees, a quarter quicker; or
`chromium`, or what MANTIK_TEST_CHROMIUM names. Without any these tests are skipped; in CI they fail.
MANTIK_TEST_SCREENSHOTS=1 has test_pages.py write a picture of every page it opens into screenshots/.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from mantik.accounts.models import User
from mantik.accounts.oidc import provider_settings
from runs.models import Run
from tests.browser.kept_scenes import KeptScenes
from tests.browser.scene import Scene, build, write_sources
from tests.browser.tracking import Tracking, log_metrics
from tests.browser.visit import Visit
from tests.support.live_server import connections_now, wait_for_answers
from tests.support.model_listings import list_at_once
from tests.support.pages import confirm_identity

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WHERE = Path(__file__).parent
PATIENCE = 20_000

Opener = Callable[..., Visit]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if WHERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("MANTIK_TEST_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not path:
        sentence = "Chromium is not installed, so no page was looked at. Install it (Debian: apt install chromium)."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, in which Django would refuse to touch the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def tracking(monkeypatch: pytest.MonkeyPatch) -> Tracking:
    stand_in = Tracking()
    monkeypatch.setattr("runs.results.artifacts.tracking_client", lambda: stand_in)
    list_at_once(monkeypatch)
    monkeypatch.setattr("runs.registered_models.candidates.tracking_client", lambda: stand_in)
    monkeypatch.setattr("runs.registered_models.candidates.model_files", lambda: stand_in)
    monkeypatch.setattr("runs.registered_models.example.model_files", lambda: stand_in)
    return stand_in


@pytest.fixture(scope="session")
def kept_scenes() -> KeptScenes:
    return KeptScenes()


@pytest.fixture
def scene(
    transactional_db: None,
    settings: Settings,
    sources: tuple[Path, Path],
    data_dir: Path,
    tracking: Tracking,
    kept_scenes: KeptScenes,
) -> Scene:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MEMBERS_ADD_SITES = True
    settings.MANTIK_DATA_DIR = data_dir
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(
        issuer="https://id.example.org", name="Example ID", client_id="mantik", client_secret="x", scopes=["openid"]
    )
    return kept_scenes.get(lambda: _build(sources))


def _build(sources: tuple[Path, Path]) -> Scene:
    built = build(sources)
    for run in Run.objects.exclude(mlflow_run_id=""):
        log_metrics(run)
    return built


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer) -> Iterator[Opener]:
    """Opens pages: `open_page(user, width=1280, theme="light", javascript=True)`; without `user`, not signed in.

    `confirmed`: the user has just shown once more who they are.
    """
    contexts: list[BrowserContext] = []
    before = connections_now()

    def open_one(
        user: User | None = None,
        *,
        width: int = 1280,
        theme: str = "light",
        javascript: bool = True,
        confirmed: bool = False,
        **more: Any,
    ) -> Visit:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 860},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **{"timezone_id": "UTC", **more},
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        if user:
            _sign_in(context, user, live_server.url, confirmed=confirmed)
        return Visit(_new_page(context))

    yield open_one
    for context in contexts:
        context.close()
    wait_for_answers(besides=before)


def _new_page(context: BrowserContext) -> Page:
    return context.new_page()


def _sign_in(context: BrowserContext, user: User, url: str, *, confirmed: bool) -> None:
    client = Client()
    client.force_login(user)
    if confirmed:
        confirm_identity(client, user)
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
