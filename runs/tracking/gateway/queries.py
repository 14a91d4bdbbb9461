"""What a request asks for, read in one way only, and refused where two readers could take it differently."""

from __future__ import annotations

from django.http import HttpRequest


class Unclear(Exception):
    """A sentence about what is wrong with the request."""


def parameters(request: HttpRequest, *names: str) -> list[str]:
    """The values of `names` in the address, "" for one that is not there.

    Raises Unclear for one that is given twice, and for a request with a body: MLflow's own server would read that.
    """
    if request.headers.get("Content-Length", "0") not in ("", "0") or "Transfer-Encoding" in request.headers:
        raise Unclear("This call takes its parameters from the address, and nothing in the body.")
    return [_only(request, name) for name in names]


def _only(request: HttpRequest, name: str) -> str:
    values = request.GET.getlist(name)
    if len(values) > 1:
        raise Unclear(f"{name} is given {len(values)} times in the address. Give it once.")
    # What a database may not even be asked about is the name of nothing.
    return values[0] if values and values[0].isprintable() else ""
