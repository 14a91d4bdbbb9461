"""Expressions that filter runs, with values at the edge of what a type holds: found or refused, never an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.utils import timezone

from projects.models import Experiment
from runs.models import Run
from runs.table.completion import completions
from runs.table.query import filtered
from runs.table.scope import Scope
from runs.table.tokens import Misread, quoted
from tests.hostile import values
from tests.support import factories
from tests.support.proofs import Proved

pytestmark = pytest.mark.django_db
_NAMES = ("metric.loss", "param.seed", "tag.note", "name", "state", "by", "started", "duration", "notes", "starred")
_COMPARISONS = ("=", "!=", "<", ">=", "~", "!~")


def _texts() -> Iterator[str]:
    for value in values.ALL:
        # As Django reads bytes of a query that are no text.
        yield value if isinstance(value, str) else value.decode(errors="replace")


def _expressions(text: str) -> Iterator[str]:
    yield text
    yield f"{text} = 1"
    yield f"metric.{quoted(text)} is missing"
    for name in _NAMES:
        for comparison in _COMPARISONS:
            yield f"{name} {comparison} {text}"
            yield f"{name} {comparison} {quoted(text)}"


def _breaks(experiment: Experiment, expression: str) -> str:
    now = timezone.now()
    try:
        with transaction.atomic():
            scope, user = Scope.of(experiment), experiment.created_by
            list(filtered(Run.objects.all(), expression, scope=scope, user=user, now=now)[:2])
    except Misread as misread:
        return "" if str(misread) else f"{expression[:80]!a}: refused without a sentence"
    except Exception as error:  # noqa: BLE001 - whatever it is, it would be a 500
        return f"{expression[:80]!a}: {type(error).__name__}: {error}"[:300]
    return ""


def _completes(experiment: Experiment, expression: str) -> str:
    try:
        with transaction.atomic():
            completions(Scope.of(experiment), expression, len(expression))
    except Exception as error:  # noqa: BLE001
        return f"completing {expression[:80]!a}: {type(error).__name__}: {error}"[:300]
    return ""


def test_no_expression_breaks_the_filter_of_runs(proved: Proved) -> None:
    run = factories.make_run()
    for kind, key in (("metric", "loss"), ("param", "seed"), ("tag", "note")):
        run.experiment.logged_names.create(kind=kind, key=key)
    expressions = [expression for text in _texts() for expression in _expressions(text)]
    found = [how for one in expressions for how in (_breaks(run.experiment, one), _completes(run.experiment, one))]
    wrong = [how for how in found if how]
    proved(expressions=len(expressions), broken=len(wrong))
    assert wrong == []
