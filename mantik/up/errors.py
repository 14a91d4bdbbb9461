"""What stops a stack. The messages are for the terminal."""

from __future__ import annotations


class UpError(Exception):
    """The stack cannot start, or cannot keep running."""


class ChildDied(UpError):
    """A child process ended by itself. `name` says which, `last_lines` what it wrote last.

    `exit_code` is negative after a signal, as that of subprocess.
    """

    def __init__(self, name: str, how: str, last_lines: list[str], *, exit_code: int | None) -> None:
        self.name = name
        self.exit_code = exit_code
        self.last_lines = last_lines
        tail = "".join(f"\n    {line}" for line in last_lines) or "\n    (it wrote nothing)"
        super().__init__(f"{name} {how}. Its last lines:{tail}")


class UnusableData(UpError):
    """The data belong to another version of Mantik. Nothing in them was changed."""


class StopRequested(Exception):
    """Ctrl-C, or a signal that means the same."""
