"""`manage.py demo`: Mantik with a site for trying it out, and one real training from the form to its end."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from mantik.demo import DemoFailed
from mantik.demo.demo_site import SITES, SiteKind
from mantik.demo.repeating import repeat
from mantik.demo.repository import ensure_repository, training_environment
from mantik.demo.sandbox import cut_off
from mantik.demo.seed import SLUG, Login, ensure_logins, seed
from mantik.demo.story import METRIC, Ending, tell_story
from mantik.frontend import ROOT, FrontendError, prepare
from mantik.lib.private import UMASK
from mantik.up.errors import StopRequested, UpError
from mantik.up.output import Terminal
from mantik.up.running import options_from_settings, stopping_on_signals
from mantik.up.stack import Options, Stack


class Command(BaseCommand):
    help = "Start Mantik with the sandbox site, submit one training and follow it; Ctrl-C stops everything."
    # Its children run the checks; before the first start there is no database.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help="of the web server; default: PORT, or 8000")
        parser.add_argument(
            "--site",
            choices=list(SITES),
            default=os.environ.get("SITE") or "sandbox",
            help="where the training runs; default: SITE, or sandbox",
        )
        parser.add_argument(
            "--once",
            action="store_true",
            default=os.environ.get("DEMO_ONCE", "") not in ("", "0"),
            help="stop after the training, with exit code 0 if it is FINISHED, its metric is in MLflow and its model "
            "is registered; default: only if DEMO_ONCE is set",
        )

    def handle(self, *, port: int | None, site: SiteKind, once: bool, **_: Any) -> None:
        if site not in SITES:
            sys.exit(f"SITE is {site}, but the demo knows only {' and '.join(SITES)}.")
        self._output = Terminal()
        try:
            python = training_environment()
            prepare(ROOT)
            os.umask(UMASK)
            stack = Stack(_options(port, site), output=self._output)
            ensure_repository(_repository(stack.options.data_dir), python=python)
            self._tell("starting broker, MLflow, web server, worker and beat")
            with stopping_on_signals(stack), stack:
                self._show(stack, site, once=once)
        except StopRequested:
            if once:
                sys.exit("Mantik has stopped before the training ended.")
            self.stdout.write("Mantik has stopped.")
        except (DemoFailed, UpError, FrontendError) as error:
            sys.exit(str(error))

    def _show(self, stack: Stack, kind: SiteKind, *, once: bool) -> None:
        member, operator = ensure_logins(stack.options.data_dir)
        self._tell("ready; adding the demo's project")
        try:
            ending = self._run(stack, kind, member)
        except DemoFailed as error:
            if once:
                raise
            # Mantik keeps running, so that people can look at what happened.
            self.stderr.write(f"\n{error}\n")
            self._invite(f"{stack.url}/projects/{SLUG}/runs/", member, operator)
        else:
            self._invite(f"{stack.url}{ending.path}", member, operator, result=_result(ending))
        if not once:
            self.stdout.write("Ctrl-C stops everything. The next `make demo` continues with the same data.\n")
            stack.wait()

    def _run(self, stack: Stack, kind: SiteKind, member: Login) -> Ending:
        site = SITES[kind](stack)
        if stack.options.cut_off:
            self._tell(
                "the site's nodes have no network, as at most sites; what the training logs is fetched from there"
            )
        seeded = seed(member=member.user, site=site, repository=_repository(stack.options.data_dir), now=timezone.now())
        ending = tell_story(stack=stack, seed=seeded, login=member, tell=self._tell)
        schedule = repeat(ending.run, now=timezone.now())
        if schedule.next_due_at:
            at = f"{schedule.next_due_at:%H:%M} UTC"
            self._tell(f"the schedule {schedule.name} runs it again at {at}, and then every day")
        return ending

    def _invite(self, url: str, member: Login, operator: Login, *, result: str = "") -> None:
        lines = [
            f"Result    {result}" if result else "",
            f"Look      {url}",
            f"Sign in   {member.user.username} / {member.password}",
            f"Operator  {operator.user.username} / {operator.password}, at /admin/",
        ]
        self.stdout.write("\n".join(["", *(f"  {line}" for line in lines if line), ""]))

    def _tell(self, line: str) -> None:
        self._output("demo", line)


def _repository(data_dir: Path) -> Path:
    return data_dir / "demo" / "handwritten-digits"


def _result(ending: Ending) -> str:
    run = ending.run
    assert run.ended_at
    seconds = (run.ended_at - run.created_at).total_seconds()
    metric = f"{METRIC} {ending.metric:.4f}"
    return f"{run.name} is {run.state} after {seconds:.0f} s: {metric}, model {ending.model.name}"


def _options(port: int | None, site: SiteKind) -> Options:
    options = options_from_settings(port=port, with_sandbox=site == "sandbox")
    quiet = {
        "MANTIK_LOG_LEVEL": os.environ.get("MANTIK_LOG_LEVEL", "WARNING"),
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        # Newcomers need not see deprecation warnings of libraries.
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "ignore"),
    }
    # The demo's code repository is on this machine's own disk.
    environment = {**options.environment, **quiet, "MANTIK_GIT_ALLOW_LOCAL": "1"}
    return replace(options, environment=environment, cut_off=options.with_sandbox and cut_off.is_possible())
