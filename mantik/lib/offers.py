"""Buttons that fill a field of a form in browsers without JavaScript. With JavaScript, static/js/fill.js does so.

The button is named after its field, "use-account", and sends the form to its preview, which comes back filled in.
"""

from __future__ import annotations

from django.http import QueryDict

OFFER = "use-"


def with_offers(data: QueryDict) -> QueryDict:
    """`data` with the offered value filled in, if such a button was pressed."""
    taken = {name.removeprefix(OFFER): value for name, value in data.items() if name.startswith(OFFER)}
    if not taken:
        return data
    filled = data.copy()
    for name, value in taken.items():
        filled[name] = str(value)
    return filled
