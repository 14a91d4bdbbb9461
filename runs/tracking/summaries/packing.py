"""Buckets as bytes: a digit for the form, and then each of their fields as eight bytes, compressed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from runs.tracking.summaries.buckets import Bucket

_FORM = b"1"
_BUCKET = struct.Struct("<qqdqqddqdqQQQQ")


def pack(buckets: Sequence[Bucket]) -> bytes:
    # The quickest: it is packed again with each point.
    return _FORM + zlib.compress(b"".join([_BUCKET.pack(*bucket) for bucket in buckets]), 1)


def unpack(content: bytes | memoryview) -> list[Bucket]:
    written = bytes(content)
    assert written[:1] == _FORM
    return list(map(list, _BUCKET.iter_unpack(zlib.decompress(written[1:]))))
