"""The sandbox site as a program: prints one line when it is ready, stops on SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from mantik.demo.sandbox.sandbox_site import DEFAULT_SLOTS, DirectoryInUse, SandboxSite, ensure_users
from mantik.demo.sandbox.users import UsersFileError
from mantik.lib.env import Environment

_REFUSAL = (
    "The sandbox site runs what its users send it, as this user, so it starts only where that is allowed: "
    "set MANTIK_SANDBOX_ALLOWED=1, or MANTIK_DEBUG=1 on a machine of your own, or pass --allow."
)


def main(argv: Sequence[str] | None = None) -> int:
    options = _arguments(argv)
    if not options.allow and not _is_allowed(os.environ):
        _say(_REFUSAL, sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        site = SandboxSite(
            options.data_dir,
            users=ensure_users(options.users or options.data_dir / "users.json"),
            port=options.port,
            slots=options.slots,
            quota=options.quota,
            cut_off=options.cut_off,
        )
        site.start()
    except (UsersFileError, DirectoryInUse) as error:
        _say(str(error), sys.stderr)
        return 1
    except OSError as error:
        _say(f"The sandbox site cannot start: {error.strerror or error}.", sys.stderr)
        return 1
    _say(f"Sandbox site ready: {site.base_url}", sys.stdout)
    stop.wait()
    site.stop()
    return 0


def _say(text: str, target: TextIO) -> None:
    target.write(f"{text}\n")
    target.flush()


def _is_allowed(variables: Mapping[str, str]) -> bool:
    environment = Environment(variables)
    allowed = environment.boolean("SANDBOX_ALLOWED", default=environment.boolean("DEBUG", default=False))
    # A setting that cannot be read allows nothing.
    return allowed and not environment.problems


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mantik.demo.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--data-dir", type=Path, required=True, help="keeps users, key and jobs")
    parser.add_argument("--users", type=Path, help="who may sign in; default: users.json in the data directory")
    parser.add_argument("--slots", type=_positive, default=DEFAULT_SLOTS, help="how many jobs run at a time")
    parser.add_argument("--quota", type=_positive, help="how many jobs one user may have; default: any number")
    parser.add_argument("--cut-off", action="store_true", help="jobs have no network, as on most compute nodes")
    parser.add_argument("--allow", action="store_true", help="start whatever the settings say")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("use 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
