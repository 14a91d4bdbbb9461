"""Where benchmarks take place: a data directory that is gone afterwards, with Django and servers on top of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import django
from django.core.management import call_command

from mantik.up.group import Group
from mantik.up.mlflow import mlflow_service, mlflow_uri
from mantik.up.ports import free_port
from mantik.up.service_process import Service

if TYPE_CHECKING:
    from bench.watched_site import Site
    from tests.support.world import World

TOP = Path(__file__).resolve().parent.parent


@dataclass
class Ground:
    """Servers are started when they are first asked for. `remarks` is where people read; `port` is for the web."""

    data_dir: Path
    remarks: TextIO
    exits: ExitStack = field(default_factory=ExitStack, repr=False)
    port: int = field(default_factory=free_port)
    _mlflow_port: int = field(default_factory=free_port)
    _places: int = 0

    @cached_property
    def mlflow_uri(self) -> str:
        """An MLflow server that runs until the last benchmark is over."""
        self.exits.enter_context(self.running(mlflow_service(port=self._mlflow_port, data_dir=self.data_dir)))
        return mlflow_uri(self._mlflow_port)

    @contextmanager
    def site(self, *, slots: int, cut_off: bool = False) -> Iterator[Site]:
        """A sandbox site in a process of its own that runs `slots` jobs at a time; without a network if `cut_off`."""
        from bench.watched_site import Site, site_service

        directory, port = self.place("site"), free_port()
        with self.running(site_service(directory, port=port, slots=slots, cut_off=cut_off)):
            yield Site(directory, port)

    @contextmanager
    def world(self, site: Site, *, files: dict[str, str] | None = None) -> Iterator[World]:
        """A member with a code repository and a connection to `site`. No run is left behind."""
        from runs.models import Run
        from tests.support.world import make_world

        user = site.user
        try:
            yield make_world(
                self.place("world"), base_url=site.base_url, login=user.login, password=user.password, files=files
            )
        finally:
            Run.objects.all().delete()

    @contextmanager
    def running(self, service: Service) -> Iterator[None]:
        group = Group(directory=TOP, output=self.say, is_stopping=lambda: False)
        try:
            group.start([service])
            group.await_ready()
            yield
        finally:
            group.stop()

    def place(self, name: str) -> Path:
        """A directory of its own for each caller."""
        self._places += 1
        path = self.data_dir / f"{name}-{self._places}"
        path.mkdir()
        return path

    def say(self, name: str, line: str) -> None:
        self.remarks.write(f"    {name}: {line}\n")
        self.remarks.flush()


@contextmanager
def open_ground(remarks: TextIO, *, database_url: str = "") -> Iterator[Ground]:
    """Before anything of Django's is imported. The database is of the usual kind, one SQLite file, or the empty one
    that is named."""
    for name in [name for name in os.environ if name.startswith("MANTIK_")]:
        # What somebody has set for their own stack must not be measured.
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="mantik-bench-") as directory, ExitStack() as exits:
        ground = Ground(Path(directory).resolve(), remarks, exits)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "mantik.settings",
            "MANTIK_DEBUG": "1",
            "MANTIK_DEBUG_PAGES": "0",
            "MANTIK_DATA_DIR": str(ground.data_dir),
            "MANTIK_LOG_LEVEL": "ERROR",
            "MANTIK_GIT_ALLOW_LOCAL": "1",
            "MANTIK_MLFLOW_URI": mlflow_uri(ground._mlflow_port),
            "PORT": str(ground.port),
        }
        if database_url:
            os.environ["MANTIK_DATABASE_URL"] = database_url
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        yield ground
