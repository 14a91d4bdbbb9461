"""For `manage.py check --deploy`: whether jobs at a site could reach the addresses that they are given."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

# Below Mantik's address, and below any other by which a proxy leads there.
_GATEWAY = "/tracking"


def register_check() -> None:
    checks.register(check_addresses, "mantik", deploy=True)


def check_addresses(**_: Any) -> list[checks.CheckMessage]:
    """Warnings about MANTIK_BASE_URL and, if it is somewhere else, MANTIK_TRACKING_URI."""
    base, tracking = settings.MANTIK_BASE_URL, settings.MANTIK_TRACKING_URI
    found: list[checks.CheckMessage] = []
    if why := why_out_of_reach(base):
        found.append(
            checks.Warning(
                f"MANTIK_BASE_URL is {base}: {why}.",
                hint="Sites notify Mantik there, and jobs log there. Set it to the address that members open.",
                id="mantik.W001",
            )
        )
    if tracking == base + _GATEWAY:
        return found
    if why := why_out_of_reach(tracking):
        hint = "Jobs log there. Leave it out, or set it to an address of Mantik that the nodes of a site can reach."
        found.append(checks.Warning(f"MANTIK_TRACKING_URI is {tracking}: {why}.", hint=hint, id="mantik.W002"))
    if not tracking.endswith(_GATEWAY):
        hint = f"Leave it out: it is {base}{_GATEWAY} then. MLflow itself does not take the tokens that jobs have."
        message = f"MANTIK_TRACKING_URI is {tracking}, which does not end with {_GATEWAY} as Mantik's own address does."
        found.append(checks.Warning(message, hint=hint, id="mantik.W003"))
    return found


def why_out_of_reach(url: str) -> str:
    """Why a job at a site could not reach `url`, or should not; "" if nothing is known against it."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if _is_of_one_machine(host):
        return "each machine reaches only itself by that name"
    if "." not in host and ":" not in host:
        return f"outside of Mantik's own network nobody knows the name {host}"
    if parts.scheme != "https":
        return "without https, everybody on the way can read the run tokens of jobs"
    return ""


def _is_of_one_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".localdomain"))
    return address.is_loopback or address.is_unspecified or address.is_link_local
