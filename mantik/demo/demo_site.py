"""The site that the demo's jobs run at: the sandbox site, or a real UNICORE/X on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from mantik.demo import DemoFailed
from mantik.demo.sandbox.users import SiteUser, UsersFileError, read_users
from mantik.up.ports import lasting_port, remember_ports
from mantik.up.service_process import Service
from mantik.up.stack import Stack

SiteKind = Literal["sandbox", "unicorex"]
LOGIN = "demo"
# Fetching the server's jars for the first time takes most of it.
_UNICOREX_PATIENCE = 900


@dataclass(frozen=True)
class DemoSite:
    """A running site and a login there. `connection` is the name of the demo user's connection."""

    name: str
    connection: str
    base_url: str
    login: str
    password: str = field(repr=False)


def sandbox_site(stack: Stack) -> DemoSite:
    """The sandbox site that `stack` runs. Raises DemoFailed."""
    assert stack.sandbox_url, "the stack was started without the sandbox site"
    user = _user(stack.options.data_dir / "sandbox" / "users.json")
    return DemoSite("Sandbox", "sandbox", stack.sandbox_url, user.login, user.password)


def unicorex_site(stack: Stack) -> DemoSite:
    """Start UNICORE/X in the stack. Raises DemoFailed, and what `Stack.start` raises."""
    missing = [tool for tool in ("java", "keytool") if shutil.which(tool) is None]
    if missing:
        raise DemoFailed(
            f"SITE=unicorex needs Java and Maven, but {' and '.join(missing)} cannot be found. "
            "Install them (Debian: apt-get install default-jre-headless maven), or leave SITE out."
        )
    directory = stack.options.data_dir / "unicorex"
    directory.mkdir(parents=True, exist_ok=True)
    ports = stack.options.data_dir / "ports.json"
    port = lasting_port("unicorex", memory=ports)
    remember_ports({"unicorex": port}, memory=ports)
    base_url = f"http://127.0.0.1:{port}/rest/core"
    users = directory / "users.json"
    stack.start(
        Service(
            "unicorex",
            [sys.executable, "-m", "tests.unicorex.server", "--dir", str(directory), "--port", str(port)],
            is_ready=_takes_logins(base_url, users),
            patience=_UNICOREX_PATIENCE,
            grace=20,
        )
    )
    user = _user(users)
    return DemoSite("UNICORE/X", "unicorex", base_url, user.login, user.password)


def _takes_logins(base_url: str, users: Path) -> Callable[[], bool]:
    """The server opens its port before it knows its users; until then everybody is anonymous."""

    def is_ready() -> bool:
        try:
            user = _user(users)
            answer = httpx.get(
                base_url,
                params={"fields": "client"},
                auth=(user.login, user.password),
                headers={"Accept": "application/json"},
                timeout=5,
                trust_env=False,
            )
            return bool(answer.status_code == 200 and answer.json()["client"]["role"]["selected"] != "anonymous")
        except (DemoFailed, httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    return is_ready


def _user(users: Path) -> SiteUser:
    try:
        known = read_users(users)
    except UsersFileError as error:
        raise DemoFailed(str(error)) from None
    for user in known:
        if user.login == LOGIN:
            return user
    raise DemoFailed(f'There is no user "{LOGIN}" in {users}. Remove the file; a new one is made.')


SITES: dict[SiteKind, Callable[[Stack], DemoSite]] = {"sandbox": sandbox_site, "unicorex": unicorex_site}
