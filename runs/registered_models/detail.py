"""The context of a registered model's page and of its live part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.humanize import measure
from mantik.lib.live import Live
from projects.permissions import Action, may
from runs.pages.commits import commit_url
from runs.registered_models.document import read_document
from runs.registered_models.example import input_example
from runs.registered_models.forms import AliasForm
from runs.registered_models.models import ModelAliasChange, RegisteredModel
from runs.registered_models.services import may_edit, may_unregister
from runs.registered_models.signatures import signature_parts
from runs.registered_models.snippets import loading_help
from runs.registered_models.states import UNDER_WAY
from runs.registered_models.waiting import waiting
from runs.results.metric_order import most_telling

TABS = {"overview": "Overview", "signature": "Signature", "files": "Files", "certificate": "Certificate"}
# How many metrics have a large figure, and how many changes of aliases are listed.
MOST_FIGURES = 4
MOST_CHANGES = 20
# MLflow adds this flavor to every model that it can load in Python.
EVERY_FLAVOR = "python_function"


def model_page(
    model: RegisteredModel,
    *,
    user: User | AnonymousUser,
    tab: str,
    now: datetime,
    alias_form: AliasForm | None = None,
) -> dict[str, Any]:
    """Context of registered_models/detail.html; reads only what the chosen `tab` needs."""
    return live_parts(model, user=user, now=now, live=Live()) | {
        "tab": tab,
        "tabs": _tabs(model, tab),
        **_tab_context(model, user, tab, alias_form),
    }


def live_parts(model: RegisteredModel, *, user: User | AnonymousUser, now: datetime, live: Live) -> dict[str, Any]:
    """Context of registered_models/_live.html: what changes while workers register or unregister the model."""
    return {
        "project": model.project,
        "nav": "models",
        "model": model,
        "is_under_way": model.state in UNDER_WAY,
        "live": live,
        "waiting": waiting(model, now=now),
        "flavors": [name for name in model.flavors if name != EVERY_FLAVOR] or model.flavors,
        "aliases": list(model.aliases.select_related("set_by")),
        "commit_url": commit_url(model.run),
        "may_edit": user.is_authenticated and may_edit(user, model),
        "may_unregister": may_unregister(user, model),
        "may_download": may(user, Action.DOWNLOAD_ARTIFACTS, model.project),
    }


def _tabs(model: RegisteredModel, current: str) -> list[dict[str, Any]]:
    page = _url("detail", model)
    urls = {"overview": page, "certificate": _url("certificate", model)}
    return [
        {"id": key, "label": label, "url": urls.get(key, f"{page}?tab={key}"), "is_current": key == current}
        for key, label in TABS.items()
    ]


def _tab_context(
    model: RegisteredModel, user: User | AnonymousUser, tab: str, alias_form: AliasForm | None
) -> dict[str, Any]:
    if tab == "signature":
        # An example is a file that the run has logged, so whoever may not download artifacts may not see it.
        reads = may(user, Action.DOWNLOAD_ARTIFACTS, model.project)
        return {"parts": signature_parts(model.signature), "example": input_example(model) if reads else None}
    if tab in ("files", "certificate"):
        return {"document": read_document(model.certificate)}
    alias_changes = _alias_changes(model)
    pinned = [model.run.experiment.pinned_metric]
    metrics = [(name, measure(model.metrics[name])) for name in most_telling(model.metrics, pinned=pinned)]
    return {
        "figures": metrics[:MOST_FIGURES],
        "parts": signature_parts(model.signature),
        "metrics": metrics,
        "snippets": loading_help(model, base_url=settings.MANTIK_BASE_URL),
        "alias_form": alias_form or AliasForm(),
        "alias_changes": list(alias_changes.select_related("by").order_by("-pk")[:MOST_CHANGES]),
        "more_alias_changes": max(0, alias_changes.count() - MOST_CHANGES),
    }


def _alias_changes(model: RegisteredModel) -> QuerySet[ModelAliasChange]:
    """The changes of aliases that this model has or had."""
    its_own = Q(alias__in=model.aliases.values("alias")) | Q(before=model.name) | Q(after=model.name)
    return ModelAliasChange.objects.filter(its_own, project=model.project)


def _url(name: str, model: RegisteredModel) -> str:
    return reverse(f"registered_models:{name}", kwargs={"slug": model.project.slug, "uuid": model.uuid})
