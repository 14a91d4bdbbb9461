"""Fifty people who read pages, in a process of their own: `python -m bench.readers URL COOKIE`, with paths as JSON.

Each reads a page for two seconds on average, and opens the next one. Prints the seconds of each page, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Sequence

import httpx

_PEOPLE = 50
_SECONDS = 30
_READS_SECONDS = 2.0


def main(url: str, cookie: str) -> None:
    paths: list[str] = json.load(sys.stdin)
    taken: list[float] = []
    people = [
        threading.Thread(target=_read, args=(url, cookie, paths, random.Random(number), taken))
        for number in range(_PEOPLE)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    print(json.dumps(taken))


def _read(url: str, cookie: str, paths: Sequence[str], dice: random.Random, taken: list[float]) -> None:
    end = time.monotonic() + _SECONDS
    with httpx.Client(base_url=url, headers={"Cookie": cookie}, trust_env=False, timeout=60) as browser:
        # They did not all come at once.
        time.sleep(dice.uniform(0, _READS_SECONDS))
        while time.monotonic() < end:
            begin = time.perf_counter()
            browser.get(dice.choice(paths)).raise_for_status()
            taken.append(time.perf_counter() - begin)
            time.sleep(dice.uniform(0.5, 1.5) * _READS_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
