"""Nothing is left to chance or to the clock: data that are built twice are the same to the byte.

For a process that does nothing else, before Django's models are loaded: their defaults hold the clock itself.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import time
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone


def hold_still(moment: datetime) -> None:
    """From here on it is always `moment`, and what is random is the same each time."""
    numbers = itertools.count()

    def not_random(size: int) -> bytes:
        return hashlib.shake_256(next(numbers).to_bytes(8)).digest(size)

    seconds = moment.timestamp()
    for module, name, stand_in in (
        (timezone, "now", lambda: moment),
        (time, "time", lambda: seconds),
        # UUIDs and initialisation vectors; salts and tokens.
        (os, "urandom", not_random),
        (random, "_urandom", not_random),
        # Which takes its own from elsewhere.
        (Ed25519PrivateKey, "generate", lambda: Ed25519PrivateKey.from_private_bytes(not_random(32))),
    ):
        setattr(module, name, stand_in)
