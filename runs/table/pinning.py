"""The metric by which an experiment's runs are compared first."""

from __future__ import annotations

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import changes, record
from projects.models import Experiment


def pin_metric(*, experiment: Experiment, actor: User, metric: str, more_is_better: bool) -> None:
    """Pin the metric with that name, or none for "". Nothing happens if it is pinned so already."""
    with transaction.atomic():
        stored = Experiment.objects.select_for_update().get(pk=experiment.pk)
        before = {"pinned_metric": stored.pinned_metric, "more_is_better": stored.more_is_better}
        after = {"pinned_metric": metric, "more_is_better": more_is_better}
        if before == after:
            return
        Experiment.objects.filter(pk=experiment.pk).update(**after)
        record(
            "experiment.metric_pinned",
            actor=actor,
            target=experiment,
            project=experiment.project,
            **changes(before, after),
        )
    experiment.pinned_metric, experiment.more_is_better = metric, more_is_better
