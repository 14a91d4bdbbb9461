"""What can go wrong with a git repository, in words for its owner."""

from __future__ import annotations


class GitError(Exception):
    """`message` is a plain sentence. `code` is stable. `permanent`: trying again will not help by itself."""

    def __init__(self, message: str, *, code: str, permanent: bool) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.permanent = permanent
