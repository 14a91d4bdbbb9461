"""A whole sandbox site in this process."""

from __future__ import annotations

import fcntl
import html
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from mantik.demo.sandbox import fileroutes, jobroutes, siteroutes
from mantik.demo.sandbox.answers import Visit
from mantik.demo.sandbox.bearers import Bearers
from mantik.demo.sandbox.engine import Engine
from mantik.demo.sandbox.gate import Gate, NotAdmitted
from mantik.demo.sandbox.http_server import BadRequest, HttpServer, Request, Response, error_response
from mantik.demo.sandbox.jobs import Job
from mantik.demo.sandbox.keys import site_key
from mantik.demo.sandbox.notifications import Notifier
from mantik.demo.sandbox.queues import Queues, read_queues
from mantik.demo.sandbox.state import SiteState
from mantik.demo.sandbox.store import Store
from mantik.demo.sandbox.users import SiteUser, generated_users, read_users, write_users

log = logging.getLogger(__name__)

NAME = "SANDBOX"
SESSIONS_PER_USER = 5
DEFAULT_SLOTS = 4
# As at a real site, the directory of a job appears a moment after the job.
STAGING_DELAY = 0.05
# UNICORE's default: after this time a job is deleted with its directory, whether it has ended or not.
LIFETIME_SECONDS = 24 * 3600.0


class DirectoryInUse(Exception):
    """Another site works in this directory."""


class SandboxSite:
    """A site that keeps its users, key and jobs in `data_dir`, which only its owner can read.

    Without `users` they come from `users.json` there, which is made with fresh passwords if it is missing. `port` 0
    picks a free one. `cut_off`: jobs have no network. `lifetime` and `most_lifetime` are as in `SiteState`. Raises
    `UsersFileError`, and `DirectoryInUse` when started.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        users: Sequence[SiteUser] | None = None,
        port: int = 0,
        slots: int = DEFAULT_SLOTS,
        quota: int | None = None,
        sessions_per_user: int = SESSIONS_PER_USER,
        staging_delay: float = STAGING_DELAY,
        queues: Queues | None = None,
        lifetime: float = LIFETIME_SECONDS,
        most_lifetime: float | None = None,
        cut_off: bool = False,
    ) -> None:
        self._directory = data_dir.resolve()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = list(users) if users else ensure_users(self._directory / "users.json")
        self.users: dict[str, SiteUser] = {user.login: user for user in known}
        self._key = site_key(self._directory)
        self.bearers = Bearers(self._key, known, self._directory / "ssh-keys.txt")
        self.gate = Gate(known, bearers=self.bearers, sessions_per_user=sessions_per_user)
        self._port = port
        self._slots = slots
        self._quota = quota
        self._staging_delay = staging_delay
        self._queues = queues or read_queues()
        self._lifetime = lifetime
        self._most_lifetime = most_lifetime
        self._cut_off = cut_off
        self._state: SiteState | None = None

    @property
    def state(self) -> SiteState:
        assert self._state, "the site was not started"
        return self._state

    @property
    def base_url(self) -> str:
        return self.state.base

    @property
    def engine(self) -> Engine:
        return self.state.engine

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def jobs_directory(self) -> Path:
        return self._directory / "jobs"

    @property
    def ledger_file(self) -> Path:
        """The file that `read_ledger` reads."""
        return self._directory / "site.sqlite3"

    def start(self) -> None:
        """Listen on 127.0.0.1 and continue the stored jobs."""
        self._lock = _lock(self._directory)
        try:
            self._server = HttpServer(self._handle, self._port)
        except OSError:
            os.close(self._lock)
            raise
        store = Store(self.ledger_file)
        key = self._key
        self._notifier = Notifier(key=key, job_url=self._job_url, note=lambda job, text: engine.note(job, text))
        engine = Engine(
            directory=self.jobs_directory,
            store=store,
            queues=self._queues,
            slots=self._slots,
            staging_delay=self._staging_delay,
            cut_off=self._cut_off,
            on_change=self._notifier.job_changed,
        )
        base = f"http://127.0.0.1:{self._server.port}/{NAME}/rest/core"
        self._state = SiteState(
            NAME, base, engine, store, self._queues, key, self._quota, self._lifetime, self._most_lifetime
        )
        self._notifier.start()
        engine.start()
        self._server.start()

    def stop(self) -> None:
        """Stop listening and end all programs of jobs."""
        self._server.stop()
        self.engine.stop()
        self._notifier.stop()
        self.state.store.close()
        os.close(self._lock)

    def __enter__(self) -> SandboxSite:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _job_url(self, job: Job) -> str:
        return f"{self.base_url}/jobs/{job.id}"

    def _handle(self, request: Request) -> Response:
        try:
            session = self.gate.admit(request)
            response = self._route(Visit(request, session))
            response.headers |= session.headers()
        except NotAdmitted as refusal:
            return Response(refusal.status)
        except BadRequest:
            raise
        except Exception:
            log.exception("request_failed")
            return error_response(500, "The sandbox site has an error of its own; its log has the details.")
        return _page(response) if _is_for_people(request, response) else response

    def _route(self, visit: Visit) -> Response:
        parts = visit.request.path.strip("/").split("/")
        if ".." in parts:
            return Response(400)
        site = self.state
        match parts:
            case ["SANDBOX", "rest", "core"]:
                return siteroutes.base(site, visit)
            case ["SANDBOX", "rest", "core", "jobs"]:
                return jobroutes.jobs(site, visit)
            case ["SANDBOX", "rest", "core", "jobs", job_id, *rest]:
                return jobroutes.job(site, visit, job_id, rest)
            case ["SANDBOX", "rest", "core", "storages", *rest]:
                return fileroutes.storages(site, visit, rest)
            case ["SANDBOX", "rest", "core", "sites", *rest]:
                return siteroutes.sites(site, visit, rest)
            case ["SANDBOX", "rest", "core", "certificate"]:
                return siteroutes.certificate(site, visit)
            case ["SANDBOX", "rest", "core", "token"]:
                return siteroutes.token(site, visit, self.bearers)
            case ["SANDBOX", "rest", "admin", *rest]:
                return siteroutes.admin(site, visit, rest)
        return Response(404)


def ensure_users(path: Path) -> list[SiteUser]:
    """The users in the file, which is made if it is missing. Raises `UsersFileError`."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_users(path, generated_users())
    return read_users(path)


def _is_for_people(request: Request, response: Response) -> bool:
    """Whether to answer with a page: a UNICORE server does so unless the client asks for JSON explicitly."""
    is_document = response.status == 200 and response.content_type == "application/json"
    return is_document and request.method == "GET" and "application/json" not in request.accepts


def _page(response: Response) -> Response:
    body = f"<!doctype html><title>Sandbox site</title><pre>{html.escape(response.content.decode())}</pre>"
    return Response(response.status, body.encode(), "text/html; charset=utf-8", response.headers)


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / "site.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DirectoryInUse(
            f"Another sandbox site is at work in {directory}. Stop it, or name another directory."
        ) from None
    return descriptor
