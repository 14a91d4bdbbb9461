"""Files of our MLflow server, sent as fast as they are read.

MLflow reads a file as fast as it can, and keeps in memory what its client has not taken yet: gigabytes, for a slow one.
"""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse

from connections.mlflow.guard import App, Receive, Scope, Send
from connections.mlflow.paths import SERVED_FILE

_PREFIX = SERVED_FILE.format(path="")


def with_files(app: App, *, root: Path) -> App:
    """`app`, but a file that it would read from below `root` is sent from there."""
    top = root.resolve()

    async def files_first(scope: Scope, receive: Receive, send: Send) -> None:
        file = _file(scope, top) if scope["type"] == "http" and scope["method"] == "GET" else None
        answer = FileResponse(file, media_type="application/octet-stream", filename=file.name) if file else app
        await answer(scope, receive, send)

    return files_first


def _file(scope: Scope, top: Path) -> Path | None:
    """The file that is asked for; None if it is for MLflow to say what is wrong with the request."""
    # A name with a % in it, which MLflow decodes once more.
    if not scope["path"].startswith(_PREFIX) or "%" in scope["path"] or scope["query_string"]:
        return None
    path = top / scope["path"].removeprefix(_PREFIX)
    try:
        found = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    # Neither a link that leads out of it, nor a second name of the same file.
    return found if found == path and found.is_relative_to(top) and found.is_file() else None
