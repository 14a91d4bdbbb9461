"""The names under which runs of an experiment have logged, for filters and columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from projects.models import Experiment
from runs.models import LoggedName
from runs.table.language import Field, Source, Which
from runs.table.tokens import Token

# Metrics of errors and costs: for these less is better. A pinned metric has its own mark.
_LESS_IS_BETTER = {
    "loss",
    "error",
    "err",
    "rmse",
    "mae",
    "mse",
    "mape",
    "nll",
    "perplexity",
    "wer",
    "cer",
    "fid",
    "cost",
}
_WORD = re.compile(r"[a-z]+")
_LOGGED = (Source.METRIC, Source.PARAM, Source.TAG)
# Among how many names a similar one is looked for.
_MOST_SIMILAR = 2000


class Names:
    """Those names of `experiment` that `fields` may mean. One query."""

    def __init__(self, experiment: Experiment, fields: Iterable[Field]) -> None:
        self._experiment = experiment
        logged = [field for field in fields if field.source is not Source.OWN]
        keys = {key for field in logged for key in (field.name, f"{field.name}.{field.which}")}
        found = LoggedName.objects.filter(experiment=experiment, key__in=keys) if keys else []
        self._ids = {(Source(name.kind), name.key): name.pk for name in found}

    def id_of(self, field: Field) -> int | None:
        """The primary key of the name of a field that is known; None for one of each run itself."""
        return self._ids.get((field.source, field.name))

    def known(self, field: Field, token: Token) -> Field:
        """`field`, from where it is. Raises Misread if no run has logged it, or it may be one of several."""
        if field.source is Source.OWN or self.id_of(field):
            return field
        found = self._of_any(field) if field.source is Source.ANY else []
        if len(found) > 1:
            both = " and ".join(f"a {one.source}" for one in found)
            raise token.wrong(f"“{field.name}” is {both} here. Write {' or '.join(map(str, found))}.")
        if not found:
            raise token.wrong(self._unknown(field))
        return found[0]

    def more_is_better(self, field: Field) -> bool:
        if field.name == self._experiment.pinned_metric:
            return self._experiment.more_is_better
        return more_is_better(field.name)

    def _of_any(self, field: Field) -> list[Field]:
        found = [Field(source, field.name, field.which) for source in _LOGGED]
        if field.which is not Which.LAST:
            # Only metrics have several values; a param or tag may be called like that.
            found = [found[0], *(Field(source, f"{field.name}.{field.which}") for source in _LOGGED[1:])]
        return [one for one in found if self.id_of(one)]

    def _unknown(self, field: Field) -> str:
        kinds = [str(field.source)] if field.source in _LOGGED else [str(source) for source in _LOGGED]
        rows = LoggedName.objects.filter(experiment=self._experiment, kind__in=kinds).order_by("kind", "key")
        keys = {key: kind for kind, key in rows.values_list("kind", "key")[:_MOST_SIMILAR]}
        what = f"a {field.source}" if len(kinds) == 1 else "a metric, param or tag"
        sentence = f"No run of this experiment has logged {what} named “{field.name}”."
        near = [Field(Source(keys[key]), key) for key in get_close_matches(field.name, keys, n=3, cutoff=0.6)]
        return f"{sentence} Similar: {', '.join(map(str, near))}." if near else sentence


def more_is_better(name: str) -> bool:
    """What is usual for a metric of that name."""
    return not _LESS_IS_BETTER.intersection(_WORD.findall(name.lower()))
