"""A benchmark once more, on a PostgreSQL of its own instead of the SQLite file: in a process with settings for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pkgutil import resolve_name

from bench.ground import TOP, Ground, open_ground
from bench.harness import Measure, Result, results_only
from tests.support.postgres import cluster

SUFFIX = ".postgresql"


def on_postgresql(measure: str, ground: Ground, *, settings: Sequence[str] = ()) -> Iterator[Result]:
    """What "module:function" finds there, each name with the suffix. Raises UpError if PostgreSQL is not installed."""
    with cluster(careless=settings) as server:
        command = [sys.executable, "-m", "bench.postgresql", measure, server.url]
        with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, stderr=ground.remarks, text=True) as child:
            assert child.stdout
            for line in child.stdout:
                found = json.loads(line)
                del found["ratio"]
                result = Result(**found)
                yield replace(result, name=f"{result.name}{SUFFIX}")
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)


def main() -> None:
    measure, url = sys.argv[1:]
    with results_only() as results, open_ground(sys.stderr, database_url=url) as ground:
        function: Measure = resolve_name(measure)
        for result in function(ground):
            results.write(f"{result.line()}\n")
            results.flush()


if __name__ == "__main__":
    main()
