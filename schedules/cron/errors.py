"""The error for a cron expression that is refused."""

from __future__ import annotations


class CronError(ValueError):
    """A cron expression is refused.

    `message` is one or two sentences for the person who typed it: which field, which value, and what to write instead.
    `field` is that field's name ("day of month"), empty if the whole expression is meant. `offer` is a whole expression
    in standard cron that means the same, if there is one. `instead` is the part of it that replaces `term`, which is
    all of the field or one of the terms in its list.
    """

    def __init__(self, message: str, *, field: str = "", offer: str = "", term: str = "", instead: str = "") -> None:
        self.message = message
        self.field = field
        self.offer = offer
        self.term = term
        self.instead = instead
        super().__init__(message)
