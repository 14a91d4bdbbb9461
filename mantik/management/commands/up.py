"""`manage.py up`: runs all of Mantik on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mantik.frontend import ROOT, FrontendError, prepare
from mantik.lib.private import UMASK
from mantik.up.errors import StopRequested, UpError
from mantik.up.output import Terminal
from mantik.up.running import options_from_settings, stopping_on_signals
from mantik.up.stack import Stack


class Command(BaseCommand):
    help = "Start broker, MLflow, web server, worker and beat, and stop them all with Ctrl-C."
    # Its children run the checks; before the first start there is no database.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="of the web server; default: PORT, or 8000")
        parser.add_argument("--host", default="127.0.0.1", help="the address it listens on; default: %(default)s")
        parser.add_argument("--sandbox", action="store_true", help="also start the sandbox site, for trying out")

    def handle(self, *, port: int | None, host: str, sandbox: bool, **_: Any) -> None:
        options = options_from_settings(port=port, host=host, with_sandbox=sandbox)
        stack = Stack(options, output=Terminal())
        try:
            prepare(ROOT)
            os.umask(UMASK)
            with stopping_on_signals(stack), stack:
                self.stdout.write(f"\nMantik is ready: {stack.url}   (Ctrl-C stops it)\n")
                stack.wait()
        except StopRequested:
            self.stdout.write("Mantik has stopped.")
        except (UpError, FrontendError) as error:
            sys.exit(str(error))
