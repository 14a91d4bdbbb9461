"""Reads why a site refuses a job: from UNICORE's words to the resource that they are about."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OUT_OF_RANGE = re.compile(r"Resource request <([A-Za-z]\w{0,60}) ?= ?([^<>]{0,500})> is out of range")
_NOT_AVAILABLE = re.compile(r"Resource <([A-Za-z]\w{0,60})> is not available for partition <([^<>]{0,200})>")
# What Slurm says of an account that it does not know, and of one that may not use the partition.
_ACCOUNT = re.compile(r"Invalid account or account/partition combination|\binvalid account\b", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """A resource that the job asked for, by the site's name for it. `asked` is the value, "" if the words do not say.

    `is_offered`: the site has this resource, but not this value of it. `queue` is "" if the words do not name it.
    """

    resource: str
    asked: str = ""
    queue: str = ""
    is_offered: bool = True


def refusal_in(words: str) -> Refusal | None:
    """The resource that the words are about; None if they are about something else."""
    if found := _OUT_OF_RANGE.search(words):
        return Refusal(found[1], asked=found[2].strip())
    if found := _NOT_AVAILABLE.search(words):
        return Refusal(found[1], queue=found[2].strip(), is_offered=False)
    return Refusal("Project") if _ACCOUNT.search(words) else None
