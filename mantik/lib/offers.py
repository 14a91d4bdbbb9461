"""Buttons of a form that fill one of its fields, for browsers without scripts; with them, static/js/fill.js does it.

The button is named after its field, "use-account", and sends the form to its preview, which comes back filled in.
"""

from __future__ import annotations

from django.http import QueryDict

OFFER = "use-"


def with_offers(data: QueryDict) -> QueryDict:
    """`data` with what was offered for a field, where that button was pressed."""
    taken = {name.removeprefix(OFFER): value for name, value in data.items() if name.startswith(OFFER)}
    if not taken:
        return data
    filled = data.copy()
    for name, value in taken.items():
        filled[name] = str(value)
    return filled
