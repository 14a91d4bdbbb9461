"""Starts all processes of Mantik on one machine, with an environment in which they find each other."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from mantik.lib import schema
from mantik.lib.development import keep_mlflow_token, mlflow_token
from mantik.lib.private import NotOurs, close_to_others, make_private
from mantik.lib.service_urls import own_broker_url
from mantik.up.broker import broker_service
from mantik.up.errors import ChildDied, StopRequested, UnusableData, UpError
from mantik.up.group import Group
from mantik.up.mlflow import has_data, mlflow_service, mlflow_uri, token_environment
from mantik.up.output import silent
from mantik.up.ports import LOOPBACK, is_free, lasting_port, remember_ports
from mantik.up.sandbox import sandbox_service, sandbox_url
from mantik.up.service_process import Output, Service
from mantik.up.web import address, web_service
from mantik.up.worker import GROUPS, beat_service, worker_service
from mantik.up.worker_groups import WorkerGroup

TOP = Path(__file__).resolve().parent.parent.parent
# Migrations of the data of an older version may have to rewrite large tables.
_LONGEST_COMMAND_SECONDS = 3600


@dataclass(frozen=True)
class Options:
    """`broker_url` and `mlflow_uri` name servers that run already; if they are empty, the stack starts its own.

    `broker_prefix` keeps this stack apart from others that use the same database of the same broker.
    `mlflow_token` is the secret that MLflow asks for; if it is empty, the one in the data directory.
    `cut_off`: jobs of the sandbox site have no network. `environment` is added to ours for all children, for example to
    use another database.
    """

    data_dir: Path
    port: int = 8000
    host: str = LOOPBACK
    broker_url: str = ""
    broker_prefix: str = ""
    mlflow_uri: str = ""
    mlflow_token: str = field(default="", repr=False)
    with_sandbox: bool = False
    cut_off: bool = False
    collects_static_files: bool = False
    worker_groups: Sequence[WorkerGroup] = GROUPS
    environment: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """`with Stack(options) as stack:` runs everything: ready inside the block, stopped after it.

    While the stack is being entered, a child that ends raises ChildDied. Later, `check`, `sleep` and `wait` start it
    again, and raise ChildDied if it dies again and again soon after its start. All of them raise StopRequested after
    `request_stop`. Entering also raises UpError if the stack cannot start, UnusableData if the data are the reason.
    """

    def __init__(self, options: Options, *, output: Output = silent) -> None:
        self._memory = options.data_dir / "ports.json"
        self.options = options
        self.url = address(options.host, options.port)
        self.broker_url = options.broker_url or own_broker_url(options.data_dir)
        self._mlflow_port = 0 if options.mlflow_uri else lasting_port("mlflow", memory=self._memory)
        self.mlflow_uri = options.mlflow_uri or mlflow_uri(self._mlflow_port)
        self._sandbox_port = lasting_port("sandbox", memory=self._memory) if options.with_sandbox else 0
        self.sandbox_url = sandbox_url(self._sandbox_port) if options.with_sandbox else None
        self._output = output
        # Set by signal handlers, which interrupt each other: a threading.Event could lock itself out.
        self._is_stopping = False
        self._exits = ExitStack()
        self._group: Group | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the children, so that all of them use the same servers."""
        return {
            "MANTIK_DATA_DIR": str(self.options.data_dir),
            "MANTIK_BROKER_URL": self.broker_url,
            "MANTIK_BROKER_PREFIX": self.options.broker_prefix,
            "MANTIK_MLFLOW_URI": self.mlflow_uri,
            # The children also inherit the names of files; their content is already in the variables above.
            "MANTIK_DATA_DIR_FILE": "",
            "MANTIK_BROKER_URL_FILE": "",
            "MANTIK_BROKER_PREFIX_FILE": "",
            "MANTIK_MLFLOW_URI_FILE": "",
            **token_environment(self.options.data_dir),
            "PORT": str(self.options.port),
            **self.options.environment,
        }

    @property
    def mlflow_token(self) -> str:
        return mlflow_token(self.options.data_dir)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the running children by name; each leads a process group of the same number."""
        return {child.name: child.pid for child in self._running.children}

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            exits.enter_context(_alone(self.options.data_dir))
            self._check_port()
            self._remember_ports()
            if self.options.mlflow_token:
                keep_mlflow_token(self.options.data_dir, self.options.mlflow_token)
            group = Group(directory=TOP, output=self._output, is_stopping=lambda: self._is_stopping)
            exits.callback(group.stop)
            self._group = group
            self._start(group)
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, StopRequested):
            self._output("mantik", f"stopping; the data stay in {self.options.data_dir}")
        self._exits.close()
        self._group = None

    def check(self) -> None:
        self._running.check()

    def sleep(self, seconds: float) -> None:
        self._running.sleep(seconds)

    def wait(self) -> None:
        """Wait for a stop, or for a child that dies again and again. Never returns: it raises what `sleep` raises."""
        while True:
            self.sleep(60)

    def start(self, service: Service) -> None:
        """Run one more child, and wait until it is ready."""
        self._running.start([service])
        self._running.await_ready()

    def request_stop(self) -> None:
        """Stop soon; a second call kills the children at once. Signal handlers and other threads may call it."""
        if self._is_stopping and self._group:
            self._group.kill()
        self._is_stopping = True

    @property
    def _running(self) -> Group:
        assert self._group is not None, "the stack is not running"
        return self._group

    def _start(self, group: Group) -> None:
        options = self.options
        servers = [self._lasting(service) for service in self._servers()]
        # MLflow may upgrade old data, and the sandbox continues its jobs, so with old data they start only after
        # `migrate` has accepted them. With a new data directory MLflow, which takes long, starts during the migrations.
        at_once = {"broker"} if has_data(options.data_dir) else {"broker", "mlflow"}
        group.start(service for service in servers if service.name in at_once)
        self._migrate(group)
        group.start(service for service in servers if service.name not in at_once)
        if options.collects_static_files:
            group.run(self._manage("collectstatic", "--no-input", "--verbosity", "0"))
        group.start(map(self._lasting, self._own()))
        group.await_ready()

    def _migrate(self, group: Group) -> None:
        """Run `migrate`, which first checks the data. Raises UnusableData and ChildDied."""
        try:
            # The error that ends the stack repeats the words of a refusal, so they are not shown here.
            group.run(replace(self._manage("migrate", "--no-input", "--verbosity", "0"), hides="CommandError: "))
        except ChildDied as death:
            if death.exit_code != schema.EXIT_CODE or not death.last_lines:
                raise
            raise UnusableData(death.last_lines[-1].removeprefix("CommandError: ")) from None

    def _servers(self) -> Iterator[Service]:
        options = self.options
        if not options.broker_url:
            yield broker_service(options.data_dir)
        if not options.mlflow_uri:
            yield mlflow_service(port=self._mlflow_port, data_dir=options.data_dir)
        if options.with_sandbox:
            yield sandbox_service(port=self._sandbox_port, data_dir=options.data_dir, cut_off=options.cut_off)

    def _own(self) -> Iterator[Service]:
        options = self.options
        yield web_service(host=options.host, port=options.port)
        yield worker_service(
            broker_url=self.broker_url, broker_prefix=options.broker_prefix, groups=options.worker_groups
        )
        yield beat_service()

    def _manage(self, name: str, *arguments: str) -> Service:
        command = [sys.executable, str(TOP / "manage.py"), name, *arguments]
        return Service(name, command, self.environment, patience=_LONGEST_COMMAND_SECONDS)

    def _lasting(self, service: Service) -> Service:
        """A service with the common environment that may be restarted: it keeps all it needs in database or folder."""
        return replace(service, environment={**self.environment, **service.environment}, restarts=True)

    def _remember_ports(self) -> None:
        """Call it only under the lock: a stack that is refused must not change the ports of the one that runs."""
        ports = {"mlflow": self._mlflow_port, "sandbox": self._sandbox_port}
        remember_ports({name: port for name, port in ports.items() if port}, memory=self._memory)

    def _check_port(self) -> None:
        options = self.options
        if not is_free(options.port, options.host):
            raise UpError(
                f"Port {options.port} is in use by another program. "
                f"Stop it, or choose another port, for example PORT={options.port + 1}."
            )


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """For `with`: keep a second stack away from the same data. The lock ends with the process, however that ends."""
    _make_private(data_dir)
    with (data_dir / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise UpError(
                f"Mantik is already running with the data in {data_dir}, as process {lock.read().strip() or '?'}. "
                "Stop it first, or choose another directory with MANTIK_DATA_DIR."
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        # Files from earlier, or from commands that were run separately.
        close_to_others(data_dir)
        yield


def _make_private(data_dir: Path) -> None:
    """Close the data directory to other users of the machine: it has keys, logs and code of private projects."""
    try:
        make_private(data_dir)
    except NotOurs as error:
        raise UpError(f"The data directory cannot be used: {error} Choose another one with MANTIK_DATA_DIR.") from None
