"""`manage.py check --deploy` says if a site could not reach the addresses that jobs are given."""

from __future__ import annotations

import pytest
from django.core.checks import Tags, run_checks
from pytest_django.fixtures import Settings

from runs.tracking.deploy_check import why_out_of_reach

PUBLIC = "https://mantik.example.org"


def warnings(settings: Settings, *, base: str = PUBLIC, tracking: str = "") -> list[str]:
    settings.MANTIK_BASE_URL = base
    settings.MANTIK_TRACKING_URI = tracking or f"{base}/tracking"
    found = run_checks(tags=["mantik"], include_deployment_checks=True)
    return [f"{message.id} {message.msg}" for message in found]


def test_a_public_address_needs_no_word(settings: Settings) -> None:
    assert warnings(settings) == []
    assert warnings(settings, tracking="https://gate.example.org/mantik/tracking") == []


def test_it_is_for_deployments_only(settings: Settings) -> None:
    settings.MANTIK_BASE_URL = "http://127.0.0.1:8000"
    assert run_checks(tags=["mantik"]) == []
    assert run_checks(tags=[Tags.urls]) == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        *((f"https://{host}", "reaches only itself") for host in ("localhost", "127.0.0.1:8000", "[::1]", "0.0.0.0")),
        ("https://mantik", "nobody knows the name mantik"),
        ("http://mlflow:5000", "nobody knows the name mlflow"),
        ("http://mantik.example.org", "everybody on the way can read"),
        ("http://10.1.2.3", "everybody on the way can read"),
        ("https://10.1.2.3", ""),
        ("https://[2001:db8::1]:8443", ""),
        (PUBLIC, ""),
    ],
)
def test_an_address_that_no_site_reaches_is_known(url: str, why: str) -> None:
    assert (why in why_out_of_reach(url)) if why else (why_out_of_reach(url) == "")


def test_what_is_wrong_is_said_once(settings: Settings) -> None:
    assert warnings(settings, base="https://localhost") == [
        "mantik.W001 MANTIK_BASE_URL is https://localhost: each machine reaches only itself by that name."
    ]


def test_an_address_of_mlflow_itself_is_noticed(settings: Settings) -> None:
    assert [line.split()[0] for line in warnings(settings, tracking="http://mlflow:5000")] == [
        "mantik.W002",
        "mantik.W003",
    ]
