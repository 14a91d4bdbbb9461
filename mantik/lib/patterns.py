"""SQL's LIKE and ILIKE as lookups of text: `%` stands for any characters, `_` for one; nothing escapes them.

`name__like="Base%"`. In place of regular expressions, which a pattern with many `%` keeps busy for hours on SQLite.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

# What GLOB, the one comparison of SQLite that distinguishes a from A, takes for something else.
_SPECIAL_IN_GLOB = re.compile(r"[*?\[]")


class _Pattern(Lookup[bool]):
    prepare_rhs = False
    operator: str

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return self._compared(compiler, connection, self.operator, str(self.rhs).replace("\\", "\\\\"))

    def _compared(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, operator: str, pattern: str
    ) -> tuple[str, tuple[Any, ...]]:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} {operator}", (*values, pattern)


@CharField.register_lookup
@TextField.register_lookup
class Like(_Pattern):
    """Case matters."""

    lookup_name = "like"
    operator = r"LIKE %s ESCAPE '\'"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        literal = _SPECIAL_IN_GLOB.sub(lambda found: f"[{found[0]}]", str(self.rhs))
        return self._compared(compiler, connection, "GLOB %s", literal.replace("%", "*").replace("_", "?"))


@CharField.register_lookup
@TextField.register_lookup
class ILike(_Pattern):
    """Case does not matter; on SQLite only that of ASCII."""

    lookup_name = "ilike"
    operator = r"ILIKE %s ESCAPE '\'"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return self._compared(compiler, connection, r"LIKE %s ESCAPE '\'", str(self.rhs).replace("\\", "\\\\"))
