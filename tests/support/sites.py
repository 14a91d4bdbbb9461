"""Running UNICORE sites: the sandbox site in this process, and the real server.

`sandbox` and `unicorex` are shared by the session, so a test leaves them as it found them. `site` runs a test once on
each. `strict_site` is likewise both, but allows each user two jobs, and no job more than two days from now; its
UNICORE/X speaks https. `cut_off_site` is both with nodes that have no network.

Where Java or Maven is missing, tests on UNICORE/X are skipped with a sentence; with CI set in the environment they
fail instead.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import httpx
import pytest

from mantik.demo.sandbox.cut_off import is_possible as can_be_cut_off
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.users import SiteUser
from tests.unicorex.install import UnicoreXError, ensure_jars, missing_tools
from tests.unicorex.server import UnicoreXServer

STRICT_QUOTA = 2
STRICT_LIFETIME_SECONDS = 2 * 24 * 3600


@dataclass(frozen=True)
class RunningSite:
    """A site that takes jobs now. `users` are by login: demo and other are members, admin administers it.

    `directory` holds the working directories of jobs, by the id of the job. `ca_bundle` is None over http.
    `authorize_key(login, line)` is what a user does who puts a line into their authorized_keys there.
    """

    name: Literal["sandbox", "unicorex"]
    base_url: str
    users: Mapping[str, SiteUser]
    directory: Path
    ca_bundle: Path | None = None
    authorize_key: Callable[[str, str], None] | None = None

    def client(self, login: str | None = "demo", **options: object) -> httpx.Client:
        """An HTTP client that signs in with every request; anonymous without a login."""
        user = self.users[login] if login else None
        settings: dict[str, object] = {
            "auth": (user.login, user.password) if user else None,
            "headers": {"Accept": "application/json"},
            "trust_env": False,
            "timeout": 30,
            "verify": _tls_context(self.ca_bundle),
        }
        return httpx.Client(**(settings | options))  # type: ignore[arg-type]

    def toggle_submission(self, message: str = "") -> None:
        """Stop taking jobs, with these words; or take them again."""
        url = f"{self.base_url.removesuffix('/core')}/admin/actions/ToggleJobSubmission"
        with self.client("admin") as admin:
            answer = admin.post(url, json={"message": message} if message else {})
        assert answer.status_code == 200, answer.text

    @contextmanager
    def closed(self, message: str = "") -> Iterator[None]:
        """The site takes no jobs in here."""
        self.toggle_submission(message)
        try:
            yield
        finally:
            self.toggle_submission()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with SandboxSite(tmp_path_factory.mktemp("sandbox")) as site:
        yield running_sandbox(site)


@pytest.fixture(scope="session")
def unicorex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_unicorex(tmp_path_factory.mktemp("unicorex")) as site:
        yield site


@pytest.fixture(params=["sandbox", pytest.param("unicorex", marks=pytest.mark.unicorex)])
def site(request: pytest.FixtureRequest) -> RunningSite:
    """Each of the two."""
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def strict_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    directory = tmp_path_factory.mktemp("strict-sandbox")
    with SandboxSite(directory, quota=STRICT_QUOTA, most_lifetime=STRICT_LIFETIME_SECONDS) as site:
        yield running_sandbox(site)


@pytest.fixture(scope="session")
def unicorex_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    directory = tmp_path_factory.mktemp("unicorex-https")
    with running_unicorex(directory, https=True, quota=STRICT_QUOTA, most_lifetime=STRICT_LIFETIME_SECONDS) as site:
        yield site


@pytest.fixture(scope="session")
def cut_off_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with SandboxSite(tmp_path_factory.mktemp("cut-off-sandbox"), cut_off=True) as site:
        yield running_sandbox(site)


@pytest.fixture(scope="session")
def cut_off_unicorex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with running_unicorex(tmp_path_factory.mktemp("cut-off-unicorex"), cut_off=True) as site:
        yield site


@pytest.fixture(params=["cut_off_sandbox", pytest.param("cut_off_unicorex", marks=pytest.mark.unicorex)])
def cut_off_site(request: pytest.FixtureRequest) -> RunningSite:
    """Each of the two, with nodes that have no network."""
    if not can_be_cut_off():
        pytest.skip("This machine makes no network namespaces for us.")
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["strict_sandbox", pytest.param("unicorex_https", marks=pytest.mark.unicorex)])
def strict_site(request: pytest.FixtureRequest) -> RunningSite:
    """Each of the two, with a quota and the longest life of a job."""
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@cache
def _tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    # One for all clients: to make one takes longer than most tests.
    return ssl.create_default_context(cafile=ca_bundle)


def running_sandbox(site: SandboxSite) -> RunningSite:
    keys = site.bearers.authorize_key
    return RunningSite("sandbox", site.base_url, site.users, site.jobs_directory, authorize_key=keys)


@contextmanager
def running_unicorex(
    directory: Path,
    *,
    https: bool = False,
    quota: int | None = None,
    most_lifetime: int | None = None,
    userinfo: str | None = None,
    cut_off: bool = False,
) -> Iterator[RunningSite]:
    """One of one's own. With `userinfo` it takes the access tokens that are good at that endpoint. `cut_off`: jobs
    have no network."""
    require_unicorex()
    server = UnicoreXServer(
        directory, https, quota=quota, most_lifetime=most_lifetime, userinfo=userinfo, cut_off=cut_off
    )
    server.start()
    jobs = directory / "jobs"
    try:
        yield RunningSite("unicorex", server.base_url, server.users, jobs, server.ca_bundle, server.authorize_key)
    finally:
        server.stop()


def require_unicorex() -> None:
    """Skips the test, or fails it in CI, where the real server cannot be had."""
    missing = missing_tools()
    if missing:
        _leave_out(f"the real UNICORE/X needs Java and Maven, and {' and '.join(missing)} cannot be found")
    try:
        ensure_jars()
    except UnicoreXError as error:
        _leave_out(str(error))


def _leave_out(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI must not leave this out: {reason}.")
    pytest.skip(f"Left out: {reason}.")
