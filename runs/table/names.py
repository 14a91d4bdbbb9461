"""The names under which runs have logged, for filters and columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches

from runs.results.metric_order import more_is_better
from runs.results.scores import pinned_directions
from runs.table.language import Field, Source, Which
from runs.table.scope import Scope
from runs.table.tokens import Token

_LOGGED = (Source.METRIC, Source.PARAM, Source.TAG)
# Among how many names a similar one is looked for.
_MOST_SIMILAR = 2000


class Names:
    """Those names of `scope` that `fields` may mean. One query, of a project two;
    none if they are all of runs themselves.
    """

    def __init__(self, scope: Scope, fields: Iterable[Field]) -> None:
        self._scope = scope
        logged = [field for field in fields if field.source is not Source.OWN]
        keys = {key for field in logged for key in (field.name, f"{field.name}.{field.which}")}
        self._ids: dict[tuple[Source, str], list[int]] = defaultdict(list)
        for pk, kind, key in scope.names().filter(key__in=keys).values_list("pk", "kind", "key") if keys else ():
            self._ids[Source(kind), key].append(pk)
        self._directions = _directions(scope) if keys else {}

    def ids_of(self, field: Field) -> list[int]:
        """The primary keys of the name of a field, one for each experiment; none of what runs have of themselves."""
        return self._ids.get((field.source, field.name), [])

    def known(self, field: Field, token: Token) -> Field:
        """`field`, from where it is. Raises Misread if no run has logged it, or it may be one of several."""
        if field.source is Source.OWN or self.ids_of(field):
            return field
        found = self._of_any(field) if field.source is Source.ANY else []
        if len(found) > 1:
            both = " and ".join(f"a {one.source}" for one in found)
            raise token.wrong(f"“{field.name}” is {both} here. Write {' or '.join(map(str, found))}.")
        if not found:
            raise token.wrong(self._unknown(field))
        return found[0]

    def more_is_better(self, field: Field) -> bool:
        """As those say that have pinned it; what is usual if nobody has, or if they disagree; else more."""
        pinned = self._directions.get(field.name)
        return more_is_better(field.name) is not False if pinned is None else pinned

    def _of_any(self, field: Field) -> list[Field]:
        found = [Field(source, field.name, field.which) for source in _LOGGED]
        if field.which is not Which.LAST:
            # Only metrics have several values; a param or tag may be called like that.
            found = [found[0], *(Field(source, f"{field.name}.{field.which}") for source in _LOGGED[1:])]
        return [one for one in found if self.ids_of(one)]

    def _unknown(self, field: Field) -> str:
        kinds = [str(field.source)] if field.source in _LOGGED else [str(source) for source in _LOGGED]
        rows = self._scope.names().filter(kind__in=kinds).order_by("kind", "key").values_list("kind", "key")
        keys = {key: kind for kind, key in rows.distinct()[:_MOST_SIMILAR]}
        what = f"a {field.source}" if len(kinds) == 1 else "a metric, param or tag"
        sentence = f"No run of this {self._scope.noun} has logged {what} named “{field.name}”."
        near = [Field(Source(keys[key]), key) for key in get_close_matches(field.name, keys, n=3, cutoff=0.6)]
        return f"{sentence} Similar: {', '.join(map(str, near))}." if near else sentence


def _directions(scope: Scope) -> dict[str, bool | None]:
    """One query, or none of an experiment."""
    return pinned_directions(
        [scope.experiment] if scope.experiment else scope.project.experiments.exclude(pinned_metric="")
    )
