"""The releases whose data are kept here: a directory for each, and what must stay of it."""

from __future__ import annotations

import hashlib
import inspect
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

from tests.support.places import TOP
from tests.upgrade.tables import our_apps

HERE = Path(__file__).resolve().parent
PYPROJECT = TOP / "pyproject.toml"
# The migrations that have reached `main` after the newest release, as `migrations.sha256` has those of a release.
NEXT = HERE / "next.sha256"
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Release:
    directory: Path

    @property
    def version(self) -> str:
        return self.directory.name

    def dump(self, database: str) -> Path:
        return self.directory / f"{database}.sql"

    @property
    def list_of_migrations(self) -> Path:
        return self.directory / "migrations.sha256"

    def migrations(self) -> dict[str, str]:
        """SHA-256 of each migration of ours that it has, by "<app>/<file>"."""
        return read_list(self.list_of_migrations)

    def digest(self) -> str:
        """SHA-256 of all that is kept of it."""
        whole = hashlib.sha256()
        for path in (self.list_of_migrations, *map(self.dump, sorted(DATABASES))):
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest()


def releases() -> list[Release]:
    """Oldest first."""
    found = [Release(path.parent) for path in HERE.glob("*/migrations.sha256")]
    return sorted(found, key=lambda release: numbers(release.version))


def migrations_now() -> dict[str, str]:
    """As `Release.migrations`, of the code that is here: what Django would apply, whatever its name."""
    found = MigrationLoader(None).disk_migrations
    files = {key: Path(inspect.getfile(type(migration))) for key, migration in found.items() if key[0] in our_apps()}
    return {
        f"{label}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for (label, _), path in sorted(files.items())
    }


def migrations_kept() -> dict[str, str]:
    """Of every release, and of those after it that have reached `main`."""
    lists = [*(release.migrations() for release in releases()), read_list(NEXT)]
    return {name: digest for kept in lists for name, digest in kept.items()}


def read_list(path: Path) -> dict[str, str]:
    return {name: digest for digest, name in (line.split() for line in path.read_text().splitlines())}


def list_of(migrations: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in migrations.items())


def what_changed(frozen: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """A sentence for each migration of a release, or of `main`, that is not any more what it was."""
    return [
        f"{name} is {'gone' if name not in now else 'changed'}, and people have applied it: their databases never see "
        "the difference. Put it back as it was (git log -- the file), and say what is to be different in a new "
        "migration."
        for name, digest in frozen.items()
        if now.get(name) != digest
    ]


def what_is_new(kept: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The lines that `next.sha256` lacks."""
    return list_of({name: digest for name, digest in now.items() if name not in kept})


def versions_in_changelog() -> list[str]:
    """Those that are out, newest first."""
    headings = re.findall(r"^## (.+)$", (TOP / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    return [heading.split(",")[0] for heading in headings if not heading.endswith("not released yet")]


def numbers(version: str) -> tuple[int, ...]:
    """(0, 1, 0) of "0.1.0". Raises ValueError."""
    found = tuple(int(part) for part in version.split("."))
    if len(found) != 3:
        raise ValueError(f"{version} is not a version like 0.1.0.")
    return found


def version_here() -> str:
    """As the project says it of itself."""
    return str(tomllib.loads(PYPROJECT.read_text())["project"]["version"])


def is_out(version: str) -> bool:
    """Whether the project says that it has released this one: "0.1.0.dev0" comes before 0.1.0."""
    released, _, is_to_come = version_here().partition(".dev")
    return numbers(released) > numbers(version) or (not is_to_come and released == version)
