"""A form that could not be stored because there was no room."""

from __future__ import annotations

from mantik.lib import disk


def sentence_or_raise(error: Exception) -> str:
    """The sentence for a form that is shown again with what was typed. Raises `error` if it is about anything else."""
    refusal = disk.refusal_in(error)
    if refusal is None:
        raise error
    disk.watch.notice(error)
    return str(refusal)
