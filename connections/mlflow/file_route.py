"""Files of our MLflow server, sent as fast as they are read, and stored whole or not at all.

MLflow reads a file as fast as it can, and keeps in memory what its client has not taken yet: gigabytes, for a slow one.
What is sent to it, it copies to where the file belongs, where a half is left if it is killed meanwhile.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from starlette.responses import FileResponse, JSONResponse

from connections.mlflow.file_parts import (
    Part,
    drop_forgotten,
    drop_others,
    incomplete,
    is_genuine,
    is_whole,
    other_bytes,
    part_in,
)
from connections.mlflow.guard import App, Receive, Scope, Send
from connections.mlflow.paths import SERVED_FILE

_PREFIX = SERVED_FILE.format(path="")
# Files that are being sent, in the same file system as all others.
_UNDER_WAY = ".uploads"
_IN_THE_WAY = {
    "error_code": "INVALID_PARAMETER_VALUE",
    "message": "A file cannot be stored where a folder is, nor below another file. Choose another path.",
}
_TOO_LONG = {
    "error_code": "INVALID_PARAMETER_VALUE",
    "message": "A name in this path is longer than the file system takes. Choose a shorter one.",
}
# How much is written at a time, in bytes.
_PIECE = 1024 * 1024


def with_files(app: App, *, root: Path) -> App:
    """`app`, but what it would read below `root`, store there or remove from there is read, stored or removed here."""
    top = root.resolve()
    # Of those who were sending when the server was stopped.
    drop_others(top / _UNDER_WAY)

    async def files_first(scope: Scope, receive: Receive, send: Send) -> None:
        place = _place(scope, top) if scope["type"] == "http" else None
        if place is None:
            await app(scope, receive, send)
        elif scope["method"] == "GET" and _is_file(place):
            await FileResponse(place, media_type="application/octet-stream", filename=place.name)(scope, receive, send)
        elif scope["method"] == "PUT":
            answer = await _answer_to_put(place, top / _UNDER_WAY, part_in(scope), receive)
            if answer:
                await answer(scope, receive, send)
        elif scope["method"] == "DELETE":
            await (await asyncio.to_thread(_remove, place))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return files_first


def _place(scope: Scope, top: Path) -> Path | None:
    """The place that is asked for; None if it is for MLflow to say what is wrong with the request."""
    # A name with a % in it, which MLflow decodes once more.
    if not scope["path"].startswith(_PREFIX) or "%" in scope["path"] or scope["query_string"]:
        return None
    path = top / scope["path"].removeprefix(_PREFIX)
    try:
        found = path.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    # Neither a link that leads out of it, nor a second name of the same file.
    is_ours = found == path and found.is_relative_to(top) and found != top
    return found if is_ours and found.relative_to(top).parts[0] != _UNDER_WAY else None


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:
        return False


async def _answer_to_put(place: Path, under_way: Path, asked: Part | None, receive: Receive) -> JSONResponse | None:
    """None if the client has gone before all was there: then nothing is stored."""
    try:
        await asyncio.to_thread(under_way.mkdir, exist_ok=True)
        if asked:
            return await _go_on(place, under_way, asked, receive)
        return await _store(place, under_way / uuid.uuid4().hex, receive)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        # It will be so the next time as well, so the client is not to try again.
        return JSONResponse(_IN_THE_WAY, status_code=400)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return JSONResponse(_TOO_LONG, status_code=400)
        return JSONResponse(_words(error), status_code=500)


async def _store(place: Path, part: Path, receive: Receive) -> JSONResponse | None:
    try:
        if not await _receive(part, 0, receive):
            return None
        await asyncio.to_thread(_move, part, place)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return JSONResponse({})


async def _go_on(place: Path, under_way: Path, asked: Part, receive: Receive) -> JSONResponse | None:
    """What comes stays, until it is whole (`file_parts.py`)."""
    await asyncio.to_thread(drop_forgotten, under_way)
    part = asked.file_in(under_way, place)
    if asked.is_next(part) and not await _receive(part, asked.first or 0, receive):
        return None
    if not is_whole(asked, part):
        return incomplete(part)
    if not await asyncio.to_thread(is_genuine, asked, part):
        await asyncio.to_thread(part.unlink, missing_ok=True)
        return other_bytes()
    await asyncio.to_thread(_move, part, place)
    return JSONResponse({}, status_code=201)


async def _receive(part: Path, first: int, receive: Receive) -> bool:
    """Write what comes from byte `first` on. Whether the whole body has come."""
    with await asyncio.to_thread(_opened, part, first) as file:
        held = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                await asyncio.to_thread(_write, file, bytes(held), False)
                return False
            held += message.get("body", b"")
            is_last = not message.get("more_body", False)
            if len(held) >= _PIECE or is_last:
                await asyncio.to_thread(_write, file, bytes(held), is_last)
                held.clear()
            if is_last:
                return True


def _opened(part: Path, first: int) -> BinaryIO:
    """Not to add to it: a worker that is thought dead may still send, but then the same bytes to the same places."""
    file = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT, 0o666), "wb")
    file.seek(first)
    return file


def _write(file: BinaryIO, content: bytes, is_last: bool) -> None:
    file.write(content)
    if is_last:
        file.flush()
        os.fsync(file.fileno())


def _move(part: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part.replace(place)


def _remove(place: Path) -> JSONResponse:
    """A file, or a folder with all that is in it. Nothing is there afterwards, so asking again is answered the same."""
    try:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except NotADirectoryError:
        # Below a file nothing is.
        return JSONResponse({})
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return JSONResponse({})
        return JSONResponse(_words(error) | {"message": f"It could not be removed: {error.strerror}."}, status_code=500)
    return JSONResponse({})


def _words(error: OSError) -> dict[str, Any]:
    return {"error_code": "INTERNAL_ERROR", "message": f"The file could not be stored: {error.strerror}."}
