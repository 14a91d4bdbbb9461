"""What an MLmodel file says is plain enough for a certificate, whatever a job wrote into it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from runs.registered_models.certificate import canonical, sha256_of
from runs.registered_models.contents import describe


def described(params: str) -> dict[str, Any]:
    inputs = json.dumps([{"name": "hour", "type": "long"}])
    return describe(yaml.safe_dump({"signature": {"inputs": inputs, "params": params}}).encode()).signature


@pytest.mark.parametrize(("written", "kept"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("0.5", 0.5)])
def test_a_default_that_json_does_not_have_is_kept_as_its_name(written: str, kept: object) -> None:
    """MLflow writes it so, for a parameter such as `missing` of XGBoost."""
    signature = described(f'[{{"name": "missing", "type": "double", "default": {written}, "shape": null}}]')
    assert signature["params"][0]["default"] == kept
    assert sha256_of(canonical(signature))


@pytest.mark.parametrize("written", ["[1e999]", '["\\ud800"]', "[", "{}", "[" * 100_000])
def test_what_cannot_stand_in_a_certificate_is_left_out(written: str) -> None:
    signature = described(written)
    assert list(signature) == ["inputs"]
    assert sha256_of(canonical(signature))
