"""Prints all routes of the installed MLflow server, `method<TAB>path` a line. A program: MLflow's import is slow.

Its routes belong to two frameworks: what FastAPI has no route for goes to the Flask application below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

# Answered by the frameworks themselves, as they answer GET.
_OF_ITSELF = {"HEAD", "OPTIONS"}
_FLASK_PART = re.compile(r"<(?:(\w+):)?(\w+)>")


def main() -> None:
    from mlflow.server import app as flask_app
    from mlflow.server.fastapi_app import app as fastapi_app

    found = {*_of_flask(flask_app), *_of_fastapi(fastapi_app.routes)}
    for method, path in sorted(found, key=lambda route: (route[1], route[0])):
        print(method, path, sep="\t")


def _of_flask(app: Any) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in rule.methods - _OF_ITSELF:
            yield method, _FLASK_PART.sub(_braces, rule.rule)


def _braces(part: re.Match[str]) -> str:
    return f"{{{part[2]}:path}}" if part[1] == "path" else f"{{{part[2]}}}"


def _of_fastapi(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """A route that is of an unknown kind is a line, too, so that nobody overlooks it."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from _of_fastapi(route.effective_candidates())
        elif methods := getattr(route, "methods", None):
            yield from ((method, route.path) for method in methods - _OF_ITSELF)
        # The Flask application, at "".
        elif type(route).__name__ != "Mount" or route.path:
            yield type(route).__name__, str(getattr(route, "path", route))


if __name__ == "__main__":
    main()
