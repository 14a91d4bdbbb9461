"""Checks whether a database fits this version: its migrations, and the tables and columns that the models need.

With data of another version, a request or a task would fail some day in the middle of its work. So two things are
checked: whether tables or columns are missing, and whether there are columns that have to be filled but would not be.
Types, indexes and constraints are not checked: what somebody has widened by hand does no harm.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import apps
from django.apps.registry import Apps
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

# The exit code of processes that refuse to work on a database.
EXIT_CODE = os.EX_DATAERR
# Former apps of Mantik, by label. Old data still have their migrations, and their tables do no harm.
FORMER_APPS = frozenset({"sessions"})
# How long `Watch` keeps the answer that all is well, and the answer that it is not.
GOOD_ANSWER_SECONDS = 60.0
BAD_ANSWER_SECONDS = 5.0

_DEVELOPMENT_DATA = (
    "These data were made by a development version from before 0.1.0, or changed by hand. "
    "Export what you need with the version that made them, and begin with a new data directory or database."
)
_NEWER_DATA = (
    "These data were made by another version, most likely a newer one: start that one, or restore a backup "
    "from before it."
)
# (table, column, whether it refuses NULL, whether it fills itself: by a default, or because it is computed). This takes
# 2 to 4 ms for all tables. Django's own introspection takes 100 ms on PostgreSQL and 400 ms on SQLite: it asks twice
# per table, and on SQLite parses the statement that made it.
_COLUMNS = {
    "sqlite": """
        SELECT t.name, c.name, c."notnull", c.dflt_value IS NOT NULL OR c.hidden <> 0
        FROM sqlite_master AS t JOIN pragma_table_xinfo(t.name) AS c
        WHERE t.type = 'table'
    """,
    "postgresql": """
        SELECT t.relname, c.attname, c.attnotnull, c.atthasdef OR c.attidentity <> ''
        FROM pg_class AS t JOIN pg_attribute AS c ON c.attrelid = t.oid
        WHERE t.relkind IN ('r', 'p') AND pg_table_is_visible(t.oid)
        AND t.relnamespace <> 'pg_catalog'::regnamespace AND c.attnum > 0 AND NOT c.attisdropped
    """,
}


class Unusable(Exception):
    """This code cannot work on the database. `str(error)` says why and what to do; it names no path and no server."""


@dataclass(frozen=True)
class _Column:
    refuses_null: bool
    fills_itself: bool

    @property
    def has_to_be_filled(self) -> bool:
        return self.refuses_null and not self.fills_itself


_Tables = Mapping[str, Mapping[str, _Column]]
# A migration: app label, name.
_Node = tuple[str, str]


def check(connection: BaseDatabaseWrapper) -> None:
    """Raises Unusable, or DatabaseError if the database cannot be asked."""
    # Nearly always they are the same. Then no migration is loaded, which takes longer than everything else.
    if _applied(connection) != _named_here():
        _check_migrations(MigrationExecutor(connection))
    tables = _tables(connection)
    _check_tables(tables, apps.get_models(include_auto_created=True))
    _check_caches(tables)


def check_before_migrating(connection: BaseDatabaseWrapper) -> None:
    """`check` for a database that is to be migrated: it has to be as the migrations so far have made it.

    Otherwise one of the next migrations may fail midway. A new database passes. Raises Unusable and DatabaseError.
    """
    executor = MigrationExecutor(connection)
    _check_history(executor.loader)
    registry = _as_migrated(executor.loader) if _pending(executor) else apps
    _check_tables(_tables(connection), registry.get_models(include_auto_created=True))


def objection(connection: BaseDatabaseWrapper) -> str:
    """What `check` raises Unusable with; "" for a database that can be used. Raises DatabaseError."""
    try:
        check(connection)
    except Unusable as error:
        return str(error)
    return ""


def whereabouts(connection: BaseDatabaseWrapper) -> str:
    """Which database it is, for an operator: the file, or name and server. Never the user or the password."""
    settings = connection.settings_dict
    host = str(settings["HOST"])
    # A path is the directory of a socket, on this machine.
    if not host or host.startswith("/"):
        return str(settings["NAME"])
    return f"{settings['NAME']} on {host}"


@dataclass(frozen=True)
class _Answer:
    applied: frozenset[_Node]
    objection: str
    valid_until: float


class Watch:
    """`objection` for callers that ask again and again. Threads may share it.

    An answer is kept while the same migrations are applied, but for at most GOOD_ANSWER_SECONDS or BAD_ANSWER_SECONDS:
    a restore may change the tables.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: _Answer | None = None

    def objection(self, connection: BaseDatabaseWrapper) -> str:
        applied = _applied(connection)
        now = self._clock()
        last = self._last
        if last is None or last.applied != applied or now >= last.valid_until:
            found = objection(connection)
            last = self._last = _Answer(applied, found, now + (BAD_ANSWER_SECONDS if found else GOOD_ANSWER_SECONDS))
        return last.objection


def _applied(connection: BaseDatabaseWrapper) -> frozenset[_Node]:
    applied = MigrationRecorder(connection).applied_migrations()
    return frozenset(node for node in applied if node[0] not in FORMER_APPS)


@cache
def _named_here() -> frozenset[_Node]:
    """The migrations of this version, by the names of their files."""
    return frozenset((config.label, name) for config in apps.get_app_configs() for name in _names(config.label))


def _names(label: str) -> Iterator[str]:
    """The names of the migrations that Django's loader would load, without loading them."""
    package, _is_set = MigrationLoader.migrations_module(label)
    found = find_spec(package) if package else None
    for module in iter_modules((found.submodule_search_locations if found else None) or ()):
        if not module.ispkg and module.name[0] not in "_~":
            yield module.name


def _check_migrations(executor: MigrationExecutor) -> None:
    _check_history(executor.loader)
    if pending := _pending(executor):
        raise Unusable(f"{_subject_of(pending)} not applied: run `manage.py migrate`.")


def _check_history(loader: MigrationLoader) -> None:
    if newer := _newer(loader):
        raise Unusable(f"{_subject_of(newer)} applied, but not part of this version of Mantik. {_NEWER_DATA}")
    for node in sorted(loader.applied_migrations.keys() & loader.graph.nodes.keys()):
        for parent in sorted(loader.graph.node_map[node].parents):
            if parent.key not in loader.applied_migrations:
                missing, applied = ".".join(parent.key), ".".join(node)
                raise Unusable(
                    f"The migration {applied} is applied, and {missing}, which comes before it, is not. "
                    f"{_DEVELOPMENT_DATA}"
                )


def _newer(loader: MigrationLoader) -> list[str]:
    """Applied migrations that come after all migrations of this code. Other unknown ones have been squashed since."""
    known = set(loader.disk_migrations)
    known.update(*(migration.replaces for migration in loader.disk_migrations.values()))
    unknown = sorted(node for node in loader.applied_migrations.keys() - known if node[0] not in FORMER_APPS)
    return [".".join(node) for node in _after_all(known, unknown)] if unknown else []


def _after_all(known: Iterable[_Node], nodes: Iterable[_Node]) -> Iterator[_Node]:
    """Those of `nodes` that come after all known migrations of their app."""
    # Imported here, because it takes 2 MiB in each process and is only needed for data of another version.
    from django.db.migrations.autodetector import MigrationAutodetector

    def number(node: _Node) -> int:
        return MigrationAutodetector.parse_number(node[1]) or 0

    latest: dict[str, int] = defaultdict(lambda: -1)
    for node in known:
        latest[node[0]] = max(latest[node[0]], number(node))
    return (node for node in nodes if number(node) > latest[node[0]])


def _pending(executor: MigrationExecutor) -> list[str]:
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _as_migrated(loader: MigrationLoader) -> Apps:
    """The models as they were after the migrations that are applied."""
    applied = [node for node in loader.graph.nodes if node in loader.applied_migrations]
    registry: Apps = loader.project_state(applied).apps
    return registry


def _subject_of(names: list[str]) -> str:
    """The beginning of a sentence about these migrations, up to its verb."""
    first, *others = names
    return f"The migration {first} and {len(others)} more are" if others else f"The migration {first} is"


def _check_tables(tables: _Tables, models: Iterable[type[Model]]) -> None:
    gaps = [gap for model in models for gap in _gaps(model, tables)]
    if gaps:
        more = f" (and {len(gaps) - 1} more like this)" if len(gaps) > 1 else ""
        raise Unusable(f"{gaps[0]}{more}. {_DEVELOPMENT_DATA}")


def _check_caches(tables: _Tables) -> None:
    """`migrate` makes the tables of caches, but not by a migration (`mantik/accounts/apps.py`)."""
    for one in caches.all():
        name = one.cache_model_class._meta.db_table if isinstance(one, BaseDatabaseCache) else None
        if name and name not in tables:
            raise Unusable(f"There is no table {name}, which `manage.py migrate` makes: run it.")


def _tables(connection: BaseDatabaseWrapper) -> _Tables:
    tables: dict[str, dict[str, _Column]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS[connection.vendor])
        for table, column, refuses_null, fills_itself in cursor.fetchall():
            tables[table][column] = _Column(bool(refuses_null), bool(fills_itself))
    return tables


def _gaps(model: type[Model], tables: _Tables) -> Iterator[str]:
    options = model._meta
    table = options.db_table
    if options.proxy or not options.managed:
        return
    if table not in tables:
        yield f"There is no table {table}"
        return
    columns = tables[table]
    fields = {name: field for field in options.local_concrete_fields if (name := field.column)}
    for name, field in fields.items():
        if name not in columns:
            yield f"The table {table} has no column {name}"
        elif field.null and columns[name].refuses_null:
            yield f"The column {name} of the table {table} must not be empty, and this version leaves it empty at times"
    for name in sorted(columns.keys() - fields.keys()):
        if columns[name].has_to_be_filled:
            yield f"The table {table} has a column {name} that has to be filled, which this version does not do"
