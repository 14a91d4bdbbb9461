"""What live parts show of registered models, as versions (`mantik.lib.live`): each one query."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from django.http import QueryDict

from mantik.lib.live import Statement, columns, kept
from projects.pages.seen import of_project_seen, project_seen, roles_seen
from runs.registered_models.filters import ModelFilter
from runs.registered_models.models import ModelAlias, ModelListing, RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet

_SHOWN = columns(
    RegisteredModel,
    without={"lease_token", "lease_until", "next_attempt_at", "certificate", "description", "signature", "metrics"},
)
_SHOWN_OF_OTHERS = ("run__name", "created_by__username", "created_by__first_name", "created_by__last_name")


def model_version(slug: str, uuid: UUID, *, user: int | None) -> str:
    """Of the live part of a model's page. `user`: the primary key, as in `projects.pages.seen`."""
    return _of_model(slug, uuid, user).version()


def list_version(slug: str, query: QueryDict, *, user: int | None, most: int) -> str:
    """Of the newest models of a list, `most` of them, as the list is filtered by `query`."""
    return _of_list(slug, query.urlencode(), user, most).version()


def listing_version(slug: str, uuid: UUID, *, user: int | None) -> str:
    """Of what is known of the models of a run."""
    return _of_listing(slug, uuid, user).version()


@kept
def _of_model(slug: str, uuid: UUID, user: int | None) -> Statement:
    return _statement(RegisteredModel.objects.filter(uuid=uuid), slug, user, most=1)


@kept
def _of_list(slug: str, query: str, user: int | None, most: int) -> Statement:
    filters = ModelFilter(QueryDict(query), project=project_seen(slug, user), path="")
    return _statement(filters.apply(RegisteredModel.objects.all()), slug, user, most=most)


@kept
def _of_listing(slug: str, uuid: UUID, user: int | None) -> Statement:
    listing = ModelListing.objects.filter(run__uuid=uuid, run__project=project_seen(slug, user))
    return Statement.of(listing.values_list("looked_at", "listed_at", "problem", "note", *roles_seen(slug, user)))


def _statement(models: RegisteredModelQuerySet, slug: str, user: int | None, *, most: int) -> Statement:
    newest = of_project_seen(models, slug, user).order_by("-pk")
    seen = [*_aliases(), *roles_seen(slug, user)]
    return Statement.of(newest.values_list(*_SHOWN, *_SHOWN_OF_OTHERS, *seen)[:most])


def _aliases() -> list[Subquery]:
    """How many there are, and which is the newest: an alias is a new row whenever a model gets it."""
    aliases = ModelAlias.objects.filter(model=OuterRef("pk"))
    count = aliases.order_by().values("model").annotate(count=Count("pk")).values("count")
    return [Subquery(count), Subquery(aliases.order_by("-pk").values("pk")[:1])]
