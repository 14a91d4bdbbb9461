"""`python -m tests.upgrade.make 0.1.0`: the data of a release, as its code makes them, into the directory of its name.

Two dumps, of an SQLite file and of a throw-away PostgreSQL, and the list of its migrations. It is done once, when a
release is made; until then as often as one likes. Afterwards nothing there changes any more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import django

from mantik.lib.service_urls import sqlite_url
from mantik.up.errors import UpError
from tests.support.places import TOP
from tests.support.postgres import CARELESS, cluster
from tests.upgrade import known
from tests.upgrade.dumps import dump_postgresql, dump_sqlite
from tests.upgrade.releases import (
    HERE,
    NEXT,
    Release,
    is_out,
    list_of,
    migrations_kept,
    migrations_now,
    numbers,
    what_changed,
)

MOST_BYTES = 1_000_000


class NotMade(Exception):
    """The data are not there; the text says why."""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.upgrade.make VERSION")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    try:
        release = release_to_make(sys.argv[1])
        write(release, {"sqlite": make_sqlite(), "postgresql": make_postgresql()})
    except (NotMade, UpError) as error:
        sys.exit(str(error))
    for path in sorted(release.directory.iterdir()):
        print(f"{path.relative_to(TOP)}: {path.stat().st_size:,} bytes")


def release_to_make(version: str) -> Release:
    """Raises NotMade for one that is out and has its data."""
    try:
        numbers(version)
    except ValueError:
        raise NotMade(f"{version} is no version. Name one like 0.1.0.") from None
    release = Release(HERE / version)
    if is_out(version) and release.directory.exists():
        raise NotMade(
            f"{version} is out, says pyproject.toml, and its data never change: databases like them are in use. Is it "
            f"not published yet? Delete {release.directory.relative_to(TOP)} then, and try again."
        )
    return release


def write(release: Release, dumps: dict[str, str]) -> None:
    """Raises NotMade, and leaves what was there, if a dump is too large or tells of this machine."""
    for database, text in dumps.items():
        if len(text.encode()) > MOST_BYTES:
            raise NotMade(f"The dump of {database} has more than {MOST_BYTES:,} bytes. Build less in data.py.")
        if told := [path for path in _of_this_machine() if path != "/" and f"{path}/" in text]:
            raise NotMade(f"The dump of {database} tells of this machine: {', '.join(told)}. See data.py.")
    if changed := what_changed(migrations_kept(), migrations_now()):
        raise NotMade("\n".join(changed))
    release.directory.mkdir(exist_ok=True)
    for database, text in dumps.items():
        release.dump(database).write_bytes(text.encode())
    release.list_of_migrations.write_text(list_of(migrations_now()))
    NEXT.write_text("")


def make_sqlite() -> str:
    """Raises NotMade."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "mantik.sqlite3"
        return _made(sqlite_url(path), lambda: dump_sqlite(path))


def make_postgresql() -> str:
    """Raises NotMade, and UpError where PostgreSQL is not installed."""
    with cluster(careless=CARELESS) as server:
        return _made(server.url, lambda: dump_postgresql(server.url))


def _made(url: str, dump: Callable[[], str]) -> str:
    with tempfile.TemporaryDirectory(prefix="mantik-upgrade-") as data_dir:
        done = subprocess.run(
            [sys.executable, "-m", "tests.upgrade.build"],
            cwd=TOP,
            env=_environment(url, data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode:
        raise NotMade(done.stdout)
    return dump()


def _environment(url: str, data_dir: str) -> dict[str, str]:
    """That of an installation, and of no developer."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MANTIK_", "GIT_"))}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_BASE_URL": "https://mantik.example.org",
        "MANTIK_DATABASE_URL": url,
        "MANTIK_DATA_DIR": data_dir,
        "MANTIK_DEBUG": "1",
        "MANTIK_ENCRYPTION_KEYS": known.ENCRYPTION_KEY,
        "MANTIK_GIT_ALLOW_LOCAL": "1",
        "MANTIK_LOG_LEVEL": "WARNING",
        "MANTIK_SECRET_KEY": known.SECRET_KEY,
        # The order of sets.
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
    }


def _of_this_machine() -> list[str]:
    return [str(TOP), str(Path.home()), tempfile.gettempdir()]


if __name__ == "__main__":
    main()
