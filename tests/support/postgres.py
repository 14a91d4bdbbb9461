"""A command beside a PostgreSQL of its own: `python -m tests.support.postgres -- COMMAND...`.

The server listens on a socket in a temporary directory, named to the command by MANTIK_TEST_DATABASE_URL, and
is gone with its data afterwards. PostgreSQL refuses to run as root; there it runs as the user `postgres`.

`cluster()` is the same for a block instead of a command.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mantik.up.errors import UpError
from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.service_process import Service
from tests.support.beside import command_after_dashes, run_beside

# Debian keeps the programs of each version in a directory of their own.
_DEBIAN = Path("/usr/lib/postgresql")
_SUPERUSER = "postgres"
# Nobody misses these data after a power cut, and every commit is quicker.
FOR_CRASHES = ("fsync=off", "full_page_writes=off")
CARELESS = (*FOR_CRASHES, "synchronous_commit=off")


def main() -> None:
    command = command_after_dashes(sys.argv[1:], program="tests.support.postgres")
    with _directory() as directory:
        try:
            code = run_beside(
                _server(directory, CARELESS),
                command,
                environment={"MANTIK_TEST_DATABASE_URL": database_url(directory)},
                directory=directory,
                preparation=[_initialise(directory)],
            )
        except UpError as error:
            sys.exit(str(error))
    sys.exit(code)


class Cluster:
    """A server of one's own that can crash. `careless` are settings that save it time."""

    def __init__(self, directory: Path, careless: Sequence[str]) -> None:
        self._directory, self._careless = directory, careless
        self.url = database_url(directory)
        self._group = self._new_group()
        self._group.run(_initialise(directory))

    def start(self) -> None:
        self._group.start([_server(self._directory, self._careless)])
        self._group.await_ready()

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: nothing is finished or tidied up."""
        (server,) = self._group.children
        os.kill(server.pid, signal.SIGQUIT)
        server.finish(deadline=time.monotonic() + 30)
        self._group.stop()
        self._group = self._new_group()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and statements, and answers none of them."""
        (server,) = self._group.children
        processes = [server.pid, *_children_of(server.pid)]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        self._group.stop()

    def _new_group(self) -> Group:
        return Group(directory=self._directory, output=silent, is_stopping=lambda: False)


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def cluster(*, careless: Sequence[str]) -> Iterator[Cluster]:
    """It runs. Raises UpError where PostgreSQL is not installed.

    With FOR_CRASHES it keeps what it has once committed, if only it crashes and not the machine.
    """
    program("postgres")
    with _directory() as directory:
        made = Cluster(directory, careless)
        try:
            made.start()
            yield made
        finally:
            made.stop()


@contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mantik-pg-") as name:
        directory = Path(name)
        if _is_root():
            shutil.chown(directory, _SUPERUSER)
        yield directory


def database_url(directory: Path) -> str:
    """Of the server whose socket is in `directory`."""
    return f"postgresql://{_SUPERUSER}@/postgres?host={directory}"


def _initialise(directory: Path) -> Service:
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    command = [program("initdb"), f"--pgdata={directory / 'data'}", f"--username={_SUPERUSER}", *options]
    return Service("initdb", _as_somebody(command))


def _server(directory: Path, careless: Sequence[str]) -> Service:
    options = ("listen_addresses=", f"unix_socket_directories={directory}", "max_connections=200")
    command = [program("postgres"), "-D", str(directory / "data")]
    command += [word for option in (*options, *careless) for word in ("-c", option)]
    return Service("postgresql", _as_somebody(command), is_ready=lambda: _answers(directory))


def _answers(directory: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(database_url(directory), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def program(name: str) -> str:
    """Path of one of PostgreSQL's programs: of PATH, else the newest of Debian's. Raises UpError."""
    if found := shutil.which(name):
        return found
    installed = [path for path in _DEBIAN.glob(f"*/bin/{name}") if path.parts[-3].isdecimal()]
    if installed:
        return str(max(installed, key=lambda path: int(path.parts[-3])))
    raise UpError(f"PostgreSQL's {name} was not found. Install PostgreSQL (Debian: the package postgresql).")


def _as_somebody(command: list[str]) -> list[str]:
    if not _is_root():
        return command
    return ["setpriv", f"--reuid={_SUPERUSER}", f"--regid={_SUPERUSER}", "--init-groups", *command]


def _is_root() -> bool:
    return os.geteuid() == 0


if __name__ == "__main__":
    main()
