"""What live parts show of runs, as versions (`mantik.lib.live`): each one query, which also asks who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.db.models.expressions import Combinable
from django.http import QueryDict

from connections.outages.breaker import outage_seen
from mantik.lib.live import LASTS, Statement, columns, kept
from projects.pages.seen import of_project_seen, project_seen, roles_seen
from runs.models import Run
from runs.pages.fetched import fetched_seen
from runs.pages.filters import RunFilter
from runs.querysets import RunQuerySet

# What changes with each look of a worker and is not shown as such, and what never changes.
_OF_WORKERS = ("lease_token", "lease_until", "next_attempt_at", "next_poll_at", "poll_failures", "watched_until")
_OF_LOG = ("log_fetched_at", "log_size", "log_tail_from", "log_tail_to", "log_truncated")
_LONG = ("mlproject_content", "backend_config_content", "job_script", "parameters", "notes", "tags")
_SHOWN = columns(Run, without={*_OF_WORKERS, *_OF_LOG, *_LONG})
_SHOWN_OF_OTHERS = (
    *("experiment__name", "created_by__username", "created_by__first_name", "created_by__last_name"),
    *("registered_model__uuid", "registered_model__name", "registered_model__state", "registered_model__created_by"),
)
_SHOWN_OF_LOG = ("state", "outcome_line", "log_complete", *_OF_LOG[1:])
# Of a table, in whichever order, the runs that most probably change.
_MOST_OF_TABLE = 60

# The bar of a young run changes quickly.
LEAST = timedelta(seconds=5)
_SHARE_OF_AGE = 20


def run_version(slug: str, uuid: UUID, *, user: int | None) -> str:
    """Of the live part of a run's page. `user`: the primary key, as in `projects.pages.seen`."""
    return _of_run(slug, uuid, user).version()


def log_version(slug: str, uuid: UUID, *, user: int | None) -> str:
    """Of what is stored of a run's log."""
    return _of_log(slug, uuid, user).version()


def list_version(
    slug: str, query: QueryDict, *, user: int | None, most: int, now: datetime, has_local: bool = True
) -> str:
    """Of the newest runs of a list, `most` of them, as the list is filtered by `query`.

    `has_local`: the list has local runs, too.
    """
    # A period that ends some seconds earlier leaves out no run that a page would show for long.
    until = now.replace(second=0, microsecond=0) if "period" in query else None
    return _of_list(slug, query.urlencode(), user, most, until, has_local).version()


def table_version(slug: str, uuid: UUID | None, *, user: int | None) -> str:
    """Of the newest runs of an experiment, or of the project, and all that they have logged.

    An older run is drawn when the stamp ends.
    """
    return _of_table(slug, uuid, user).version()


@kept
def _of_table(slug: str, uuid: UUID | None, user: int | None) -> Statement:
    of_experiment = {"experiment__uuid": uuid} if uuid else {}
    runs = Run.objects.filter(project=project_seen(slug, user), **of_experiment)
    return _statement(runs, slug, user, F("summaries__version"), most=_MOST_OF_TABLE)


@kept
def _of_run(slug: str, uuid: UUID, user: int | None) -> Statement:
    runs = Run.objects.filter(project=project_seen(slug, user), uuid=uuid)
    return _statement(runs, slug, user, fetched_seen(), most=1)


@kept
def _of_log(slug: str, uuid: UUID, user: int | None) -> Statement:
    runs = Run.objects.filter(uuid=uuid, project=project_seen(slug, user))
    return Statement.of(runs.values_list(*_SHOWN_OF_LOG))


@kept
def _of_list(slug: str, query: str, user: int | None, most: int, until: datetime | None, has_local: bool) -> Statement:
    filters = RunFilter(QueryDict(query), project=None, path="", now=until or datetime.now(UTC))
    runs = filters.apply(Run.objects.all() if has_local else Run.objects.without_local())
    return _statement(of_project_seen(runs, slug, user), slug, user, most=most)


def _statement(runs: RunQuerySet, slug: str, user: int | None, *more: Combinable, most: int) -> Statement:
    seen: list[Combinable] = [outage_seen("connection"), *roles_seen(slug, user), *more]
    return Statement.of(runs.newest_first().values_list(*_SHOWN, *_SHOWN_OF_OTHERS, *seen)[:most])


def right_for(runs: list[Run], *, now: datetime) -> timedelta:
    """How long bars and durations of these runs are right enough if nothing else changes."""
    ages = [now - run.created_at for run in runs if run.is_active]
    return max(LEAST, min([age / _SHARE_OF_AGE for age in ages], default=LASTS))
