"""A journal that is partly here, sent by its relay, and partly at the site."""

from __future__ import annotations

from runs.tracking.carrying.relay_folder import RelayFolder
from runs.tracking.journals.inbox import Inbox


class SentAndKept:
    """A Source: what has been sent is read here, and everything else at the site. Both have the same bytes."""

    def __init__(self, inbox: Inbox, folder: RelayFolder) -> None:
        self._inbox, self._folder = inbox, folder

    def size(self, path: str) -> int | None:
        sizes = [size for size in (self._inbox.size(path), self._folder.size(path)) if size is not None]
        return max(sizes, default=None)

    def read(self, path: str, offset: int, length: int) -> bytes:
        return self._inbox.read(path, offset, length) or self._folder.read(path, offset, length)
