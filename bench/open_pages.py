"""Open pages of runs, in a process of their own: `python -m bench.open_pages URL COOKIE`, and two paths on each line.

Each page asks for both of its paths, waits for two seconds, and asks again. Ends with its standard input, after "end".
"""

from __future__ import annotations

import sys
import threading

import httpx

_PAUSE_SECONDS = 2


def main(url: str, cookie: str) -> None:
    pages = [line.split() for line in iter(sys.stdin.readline, "end\n")]
    done, begun = threading.Event(), threading.Barrier(len(pages) + 1)
    threads = [threading.Thread(target=_keep_open, args=(url, cookie, paths, begun, done)) for paths in pages]
    for thread in threads:
        thread.start()
    begun.wait()
    print("ready", flush=True)
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()


def _keep_open(url: str, cookie: str, paths: list[str], begun: threading.Barrier, done: threading.Event) -> None:
    with httpx.Client(base_url=url, headers={"Cookie": cookie}, trust_env=False, timeout=60) as browser:
        begun.wait()
        while True:
            for path in paths:
                browser.get(path).raise_for_status()
            if done.wait(_PAUSE_SECONDS):
                return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
