"""What led to an error."""

from __future__ import annotations

from collections.abc import Iterator


def with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """`error`, and what led to it, the last one first."""
    # Errors can lead back to themselves.
    visited: set[int] = set()
    while error is not None and id(error) not in visited:
        visited.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
