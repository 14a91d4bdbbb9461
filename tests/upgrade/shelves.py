"""Databases of releases, filled once and copied for each test."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Protocol

import psycopg
from django.core.management import call_command
from psycopg import sql

from mantik.lib.service_urls import sqlite_url
from tests.support.other_database import connected_to
from tests.upgrade.dumps import load_postgresql, load_sqlite
from tests.upgrade.releases import Release

# Who runs Mantik need not be anything but the owner of its database.
OWNER = "mantik"


class Shelf(Protocol):
    """A database system. Its databases are known by URL; one that is copied has nobody connected to it."""

    name: str

    def load(self, text: str) -> str:
        """A new database with what a dump holds."""

    def copy(self, url: str) -> str: ...


class SqliteShelf:
    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        self._directory, self._numbers = directory, itertools.count()
        self._paths: dict[str, Path] = {}

    def load(self, text: str) -> str:
        path = self._new()
        load_sqlite(text, path)
        return self._known(path)

    def copy(self, url: str) -> str:
        path = self._new()
        shutil.copyfile(self._paths[url], path)
        return self._known(path)

    def _new(self) -> Path:
        return self._directory / f"{next(self._numbers)}.sqlite3"

    def _known(self, path: Path) -> str:
        url = sqlite_url(path)
        self._paths[url] = path
        return url


class PostgresqlShelf:
    name = "postgresql"

    def __init__(self, url: str) -> None:
        """`url` is of a superuser."""
        self._url, self._numbers = url, itertools.count()
        self._do(sql.SQL("CREATE ROLE {owner} LOGIN").format(owner=sql.Identifier(OWNER)))
        self._names: dict[str, str] = {}

    def load(self, text: str) -> str:
        url = self._new("template0")
        load_postgresql(text, url)
        return url

    def copy(self, url: str) -> str:
        return self._new(self._names[url])

    def _new(self, template: str) -> str:
        name = f"release{next(self._numbers)}"
        names = {"name": name, "template": template, "owner": OWNER}
        statement = sql.SQL("CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}")
        self._do(statement.format(**{key: sql.Identifier(value) for key, value in names.items()}))
        url = self._url.replace("postgres@/postgres", f"{OWNER}@/{name}")
        self._names[url] = name
        return url

    def _do(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute(statement)


class Stock:
    """The databases of one release on one system."""

    def __init__(self, release: Release, shelf: Shelf) -> None:
        self.release, self._shelf = release, shelf
        self._loaded = self._migrated = ""

    def left_behind(self) -> str:
        """The URL of a new one, as the release has left it."""
        if not self._loaded:
            self._loaded = self._shelf.load(self.release.dump(self._shelf.name).read_bytes().decode())
        return self._shelf.copy(self._loaded)

    def upgraded(self) -> str:
        """The URL of a new one that has had every migration."""
        if not self._migrated:
            url = self.left_behind()
            with connected_to(url):
                call_command("migrate", verbosity=0)
            self._migrated = url
        return self._shelf.copy(self._migrated)
