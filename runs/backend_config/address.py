"""Checks addresses of UNICORE sites, and whether two of them are of the same site."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


def site_url_fault(url: str) -> str | None:
    """What is wrong with `url`; None if nothing is. It is the end of a sentence that begins with the key.

    The address itself is never in it: it may contain a password.
    """
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in _PORTS or not parts.hostname:
        return "is not an http or https address. Write, for example, https://host/SITE/rest/core."
    if parts.username is not None or parts.password is not None:
        return "contains a user name or password. Remove it: credentials belong in the connection."
    if parts.query or parts.fragment:
        return "contains ? or #. Write the address only up to /rest/core."
    if any(character.isspace() for character in url):
        return "contains a space. Remove it."
    return None


def same_site(url_a: str, url_b: str) -> bool:
    """Whether both are addresses of the same site, whatever the host's case, default ports and a last slash."""
    a, b = _normal(url_a), _normal(url_b)
    return a is not None and a == b


def _normal(url: str) -> tuple[str, str, int, str] | None:
    parts = _split(url)
    if parts is None or not parts.hostname or parts.scheme.lower() not in _PORTS:
        return None
    scheme = parts.scheme.lower()
    path = "/".join(part for part in parts.path.split("/") if part)
    return scheme, parts.hostname.lower().rstrip("."), parts.port or _PORTS[scheme], path


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError:
        return None
    return parts
