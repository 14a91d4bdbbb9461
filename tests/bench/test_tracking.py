"""What the benchmark of carrying takes from a page's answer is what was logged."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bench.tracking import _TICK, _TICKS, _drawn
from runs.states import RunState
from tests.support import factories


@pytest.mark.django_db
def test_it_sees_every_value_on_the_page(client: Client) -> None:
    run = factories.make_run(RunState.RUNNING)
    factories.log_to(run, *range(_TICKS), key=_TICK)
    client.force_login(factories.join(run.project))

    answer = client.get(reverse("runs:metric-points", args=[run.project.slug, run.uuid]), {"key": _TICK}).json()

    assert _drawn(answer) == list(range(_TICKS))
