from __future__ import annotations

import pytest

from bench.recovery import KILLED_AT, label


@pytest.mark.parametrize(
    ("method", "target", "called"),
    [
        ("POST", "/SITE/rest/core/jobs", "POST core/jobs"),
        ("GET", "/SITE/rest/core/jobs?tags=mantik-1", "GET core/jobs"),
        ("POST", "/SITE/rest/core/jobs/1b/actions/start", "POST actions/start"),
        ("POST", "/api/2.0/mlflow/runs/create", "POST runs/create"),
    ],
)
def test_a_request_is_called_by_its_method_and_the_end_of_its_path(method: str, target: str, called: str) -> None:
    assert label(method, target) == called


def test_each_kill_hits_another_request() -> None:
    assert len({aim.label for aim in KILLED_AT}) == len(KILLED_AT)
