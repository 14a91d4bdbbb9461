"""The WSGI environment of a request that came by ASGI (PEP 3333)."""

from __future__ import annotations

import io
import sys
from collections import defaultdict
from typing import Any
from urllib.parse import unquote_to_bytes

from mantik.server.asgi_types import Scope

# Headers of these names are no HTTP_ variables.
_PLAIN = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def wsgi_environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """`body` is the whole body: CONTENT_LENGTH is its size, whatever the request announced."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    return environ | _variables(scope) | {"CONTENT_LENGTH": str(len(body))}


def _path(scope: Scope) -> str:
    """Decoded once, as bytes: ASGI's own decoded path has lost what is not UTF-8."""
    raw: bytes | None = scope.get("raw_path")
    path = unquote_to_bytes(raw.partition(b"?")[0]) if raw is not None else scope["path"].encode()
    return path.decode("latin-1")


def _variables(scope: Scope) -> dict[str, str]:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for name, value in scope["headers"]:
        # A_B and A-B would be the same variable, so that a client could write what only a proxy may say.
        if b"_" not in name:
            found[name].append(value)
    return {
        _PLAIN.get(name) or f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": (
            # HTTP/2 sends each cookie in a header of its own.
            (b"; " if name == b"cookie" else b",").join(values).decode("latin-1")
        )
        for name, values in found.items()
    }
