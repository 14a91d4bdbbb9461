"""The part of our MLflow server that keeps files, without MLflow: `python -m tests.support.file_server PORT ROOT`.

Every other call is answered with an empty object. It starts in a second. It reads MANTIK_MLFLOW_TOKEN.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn

from connections.mlflow.file_route import with_files
from connections.mlflow.guard import Receive, Scope, Send, guarded


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


if __name__ == "__main__":
    _port, _root = sys.argv[1:]
    _app = guarded(with_files(_nothing, root=Path(_root)), token=os.environ["MANTIK_MLFLOW_TOKEN"])
    uvicorn.run(_app, host="127.0.0.1", port=int(_port), log_level="warning", lifespan="off")
