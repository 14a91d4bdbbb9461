"""Large files that are sent to our MLflow server: what has come of one is kept, so that it is sent once, however often
who sends it is stopped.

Such a PUT has `Repr-Digest: sha-256=:<base64>:` (RFC 9530), of the whole file, and `Content-Range: bytes
<first>-<last>/<size>`; with `bytes */<size>`, and no body, it asks how much is there. The answer is 308 while something
is missing: its `Range: bytes=0-<last>` says what there is, and without that header nothing is. Once all of it is there,
and its digest is the one that was announced, the file is stored, and the answer is 201. With another digest, it is 409,
and all that has come is dropped.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from starlette.responses import JSONResponse

from connections.mlflow.guard import Scope

# A part to which nothing was added for so long is not waited for: a job's files are kept at its site for three days.
_KEPT_SECONDS = 4 * 24 * 3600
_KEPT = "kept-"
_PIECE = 1024 * 1024
_RANGE = re.compile(rb"bytes (?:(\d{1,19})-(\d{1,19})|\*)/(\d{1,19})", re.ASCII)
_DIGEST = re.compile(rb"sha-256=:([A-Za-z0-9+/]{43}=):", re.ASCII)
_OTHER_BYTES = {
    "error_code": "INVALID_PARAMETER_VALUE",
    "message": "The bytes that were sent are not those of the file: its SHA-256 is another one. Nothing was stored.",
}


class Part(NamedTuple):
    """What a request says of a file. `first`: where its body belongs; None if it only asks how much there is."""

    first: int | None
    size: int
    digest: bytes

    def file_in(self, folder: Path, place: Path) -> Path:
        """Where it is kept until it is whole. Another file for the same place is another one."""
        name = hashlib.sha256(b"\0".join([str(place).encode(), str(self.size).encode(), self.digest])).hexdigest()
        return folder / f"{_KEPT}{name}"

    def is_next(self, part: Path) -> bool:
        """Whether the body begins where that which is there ends."""
        return self.first is not None and self.first == bytes_in(part)


def part_in(scope: Scope) -> Part | None:
    """What a request says of the part of a file that it brings; None if it brings a whole one."""
    headers = dict(scope["headers"])
    place = _RANGE.fullmatch(headers.get(b"content-range", b""))
    digest = _DIGEST.fullmatch(headers.get(b"repr-digest", b""))
    if not place or not digest:
        return None
    first, _, size = place.groups()
    return Part(int(first) if first else None, int(size), base64.b64decode(digest[1]))


def incomplete(part: Path) -> JSONResponse:
    there = bytes_in(part)
    return JSONResponse({}, status_code=308, headers={"Range": f"bytes=0-{there - 1}"} if there else {})


def is_whole(asked: Part, part: Path) -> bool:
    return part.exists() and bytes_in(part) >= asked.size


def is_genuine(asked: Part, part: Path) -> bool:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest() == asked.digest


def other_bytes() -> JSONResponse:
    return JSONResponse(_OTHER_BYTES, status_code=409)


def bytes_in(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def drop_forgotten(folder: Path) -> None:
    """Remove parts that nobody goes on with."""
    oldest = time.time() - _KEPT_SECONDS
    with suppress(FileNotFoundError):
        for part in folder.glob(f"{_KEPT}*"):
            if part.stat().st_mtime < oldest:
                part.unlink()


def drop_others(folder: Path) -> None:
    """Remove files that came whole or not at all, when nobody sends any."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if not path.name.startswith(_KEPT):
                path.unlink()
