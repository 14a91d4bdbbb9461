"""A real UNICORE/X on a loopback port, for tests and for `SITE=unicorex make demo`.

`python -m tests.unicorex.server --dir DIR [--port N] [--users FILE] [--https]` prints one line when it is ready
and stops on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from mantik.demo.sandbox.users import SiteUser, UsersFileError, generated_users, read_users, write_users
from tests.unicorex.configuration import Settings, write_configuration
from tests.unicorex.install import UnicoreXError, ensure_jars

_START_SECONDS = 120.0
_STOP_SECONDS = 15.0
_JAVA_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class UnicoreXServer:
    """One server process working in `workdir`, which keeps key, jobs and database from start to start."""

    def __init__(
        self,
        workdir: Path,
        https: bool = False,
        *,
        port: int | None = None,
        users: Sequence[SiteUser] | None = None,
        quota: int | None = None,
        most_lifetime: int | None = None,
        userinfo: str | None = None,
        cut_off: bool = False,
    ) -> None:
        self.users: dict[str, SiteUser] = {user.login: user for user in users or generated_users()}
        self._workdir = workdir.resolve()
        self._https = https
        self._port = port
        self._quota = quota
        self._most_lifetime = most_lifetime
        self._userinfo = userinfo
        self._cut_off = cut_off
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: Settings | None = None

    @property
    def base_url(self) -> str:
        """The REST base, as a connection would name it. The port is known from the first `start` on."""
        return f"{self._current.external_url}/rest/core"

    @property
    def ca_bundle(self) -> Path | None:
        """The certificate to trust over HTTPS; None over HTTP."""
        return self._current.certificate if self._https else None

    def authorize_key(self, login: str, public_line: str) -> None:
        """What a user does who puts a line into their authorized_keys on the cluster."""
        with self._current.public_keys.open("a") as file:
            file.write(f"{login}:{public_line.strip()}:{self.users[login].dn}\n")

    @property
    def log(self) -> Path:
        return self._workdir / "unicorex.log"

    @property
    def _current(self) -> Settings:
        if self._settings is None:
            raise UnicoreXError("This UNICORE/X was never started.")
        return self._settings

    def start(self) -> None:
        """Start and wait until the server answers a signed-in user. Raises `UnicoreXError`."""
        jars = ensure_jars()
        self._workdir.mkdir(parents=True, exist_ok=True)
        self._port = self._port or free_port()
        self._settings = Settings(
            self._workdir,
            self._port,
            self._https,
            list(self.users.values()),
            quota=self._quota,
            most_lifetime=self._most_lifetime,
            userinfo=self._userinfo,
            cut_off=self._cut_off,
        )
        write_configuration(self._settings)
        self._process = self._launch(jars)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if it runs; its embedded batch system and running jobs end with it."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _launch(self, jars: Path) -> subprocess.Popen[bytes]:
        command = ["java", *_JAVA_OPTIONS, f"-Dlog4j.configurationFile={self._workdir}/log4j2.properties"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, "-cp", f"{jars}/*", "eu.unicore.uas.UAS", str(self._current.properties)],
                cwd=self._workdir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C at a terminal reaches the launcher alone, which then stops the server in order.
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        user = next(iter(self.users.values()))
        deadline = time.monotonic() + _START_SECONDS
        # Without this header the server answers with a page for people.
        accept = {"Accept": "application/json"}
        auth = (user.login, user.password)
        with httpx.Client(auth=auth, headers=accept, verify=self._verify(), timeout=10) as client:
            while not self._answers(client):
                if self.has_ended():
                    raise UnicoreXError(f"UNICORE/X ended while starting. Its last words:\n{self._last_words()}")
                if time.monotonic() > deadline:
                    raise UnicoreXError(f"UNICORE/X did not answer in time. Its last words:\n{self._last_words()}")
                time.sleep(0.1)

    def _answers(self, client: httpx.Client) -> bool:
        """Whether a user is known and can submit: the first comes a moment before the second."""
        with contextlib.suppress(httpx.TransportError, ValueError, KeyError):
            told = client.get(self.base_url, params={"fields": "client"}).json()
            if told["client"]["role"]["selected"] == "anonymous":
                return False
            return bool(client.get(f"{self.base_url}/factories").json()["factories"])
        return False

    def _verify(self) -> ssl.SSLContext | bool:
        return ssl.create_default_context(cafile=str(self.ca_bundle)) if self.ca_bundle else True

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def free_port() -> int:
    """A loopback port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.unicorex.server", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="keeps jobs, key and database")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--users", type=Path, help="who may sign in; made with fresh passwords if not given")
    parser.add_argument("--https", action="store_true")
    return parser.parse_args(argv)


def _users(options: argparse.Namespace) -> list[SiteUser]:
    path = options.users or options.dir / "users.json"
    if options.users is None and not path.exists():
        options.dir.mkdir(parents=True, exist_ok=True)
        write_users(path, generated_users())
    return read_users(path)


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = UnicoreXServer(options.dir, options.https, port=options.port or None, users=_users(options))
        server.start()
    except (UnicoreXError, UsersFileError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"UNICORE/X ready: {server.base_url}", flush=True)
    while not stop.wait(0.5) and not server.has_ended():
        pass
    ended_by_itself = server.has_ended()
    server.stop()
    return 1 if ended_by_itself else 0


if __name__ == "__main__":
    sys.exit(main())
