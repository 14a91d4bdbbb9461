"""Blanks the tokens of Mantik that a job has printed, wherever its log is shown: a training may print its environment.

Each byte of the secret part becomes an asterisk, so offsets in the log stay what they are at the site. A log is read in
parts, and a part may end inside a token: the next one is blanked with the help of the bytes before it. What the former
part has shown of the secret by then is too little to guess the rest.
"""

from __future__ import annotations

import re

from mantik.lib import token_form

# More than any token has bytes.
LONGEST_TOKEN = 100
_TOKEN = re.compile(rf"({token_form.SHOWN})({token_form.SECRET})".encode())
_OF_TOKEN = re.compile(rb"[A-Za-z0-9_-]")


def may_continue_token(content: bytes) -> bool:
    """Whether `content` may begin inside a token."""
    return _OF_TOKEN.match(content) is not None


def blank_tokens(content: bytes, *, before: bytes = b"") -> bytes:
    """`content` with the secret part of tokens blanked, of the same length. `before`: up to LONGEST_TOKEN bytes."""
    return _TOKEN.sub(_blanked, before + content)[len(before) :]


def _blanked(found: re.Match[bytes]) -> bytes:
    return found[1] + b"*" * len(found[2])
