from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.serializers import serialize

from runs.states import RunState
from tests.support import kept_rows
from tests.support.factories import make_run


def everything() -> dict[str, str]:
    return {
        model._meta.label: serialize("json", model._base_manager.order_by("pk"))
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }


@pytest.mark.django_db(transaction=True)
def test_rows_come_back_as_they_were() -> None:
    make_run(RunState.FINISHED, name="nightly\tÜ\\N")
    before, kept = everything(), kept_rows.take()
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    assert everything() != before
    kept_rows.put_back(kept)
    assert everything() == before
