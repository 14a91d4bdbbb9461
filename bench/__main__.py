"""`python -m bench`: one JSON object per line on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import signal
import sys

from bench.catalogue import BENCHMARKS
from bench.ground import open_ground
from bench.harness import chosen, results_only, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", metavar="PREFIX", help="the benchmarks whose names begin like this")
    only = parser.parse_args().only
    if not chosen(BENCHMARKS, only):
        names = "\n".join(f"  {name}" for benchmark in BENCHMARKS for name in benchmark.names)
        sys.stderr.write(f"No benchmark's name begins with {only}. There are:\n{names}\n")
        return 2
    # So that what was started is stopped, and nothing is left in the temporary directory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with results_only() as results, open_ground(sys.stderr) as ground:
        return run(BENCHMARKS, ground=ground, only=only, results=results)


if __name__ == "__main__":
    sys.exit(main())
