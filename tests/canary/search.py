"""Looking for canaries: secrets so distinctive that finding one anywhere proves a leak.

A place is what was found somewhere, as (where, bytes). A canary is looked for as it is and in every form in which a
credential travels: base64 at each alignment, percent-encoded, escaped for HTML and JSON.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, quote_plus

Place = tuple[str, bytes]


@dataclass(frozen=True)
class Canary:
    name: str
    value: str = field(repr=False)

    @cached_property
    def forms(self) -> frozenset[bytes]:
        plain = [
            self.value,
            quote(self.value),
            quote(self.value, safe=""),
            quote_plus(self.value),
            html.escape(self.value),
            json.dumps(self.value)[1:-1],
        ]
        return frozenset([*(text.encode() for text in plain), *_in_base64(self.value.encode())])


def _in_base64(secret: bytes) -> Iterator[bytes]:
    """The characters that depend on nothing but `secret`, wherever in an encoded text it begins."""
    for before in range(3):
        first, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        padded = bytes(before) + secret
        yield base64.b64encode(padded)[first:end]
        yield base64.urlsafe_b64encode(padded)[first:end]


def found(canaries: Iterable[Canary], places: Iterable[Place]) -> list[str]:
    """ "<canary> in <where>" for each; the secret itself is not in it."""
    wanted = list(canaries)
    return sorted(
        {
            f"{canary.name} in {where}"
            for where, content in places
            for canary in wanted
            if any(form in content for form in canary.forms)
        }
    )
