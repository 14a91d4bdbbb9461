"""Runs the generated script as a site does: in a directory that was filled from the job description."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from runs.backend_config import BackendConfig, parse_backend_config
from runs.job import JobRun, PackedCode, environment_file, job_description, job_script, layout
from tests.runs.job.packing import pack_files

RUN = JobRun(short_id="7f3a91c2", name="wine quality", commit="0123456789abcdef" * 2 + "01234567", account="demo")
WAYS = ("the training logs ", "a command of the config has set MLFLOW_TRACKING_URI")
SECRETS = {"MLFLOW_TRACKING_TOKEN": "s3cret-'token'", "MLFLOW_RUN_ID": "0a1b2c"}


def config_of(
    environment: Mapping[str, Any] | None = None, *, tracking: Mapping[str, Any] | None = None, **resources: Any
) -> BackendConfig:
    document = {"Resources": {"Queue": "batch"} | resources, "Environment": dict(environment or {})}
    document |= {"Tracking": dict(tracking)} if tracking else {}
    # Not YAML, which makes another character of some line breaks.
    return parse_backend_config(json.dumps(document).encode(), path="config.json")


@dataclass(frozen=True)
class Outcome:
    code: int
    log: str

    @property
    def lines(self) -> list[str]:
        return self.log.splitlines()

    def said(self) -> list[str]:
        """The script's own lines, without those about the node and the relay, and without how long it took."""
        own = [line.rsplit(" after ", 1)[0] for line in self._own if not line.startswith("env ")]
        return [line for line in own if not line.startswith(WAYS)]

    def way(self) -> str:
        """What it says about where the training logs to."""
        (line,) = [line for line in self._own if line.startswith(WAYS)]
        return line

    @property
    def _own(self) -> list[str]:
        return [line.removeprefix("[mantik] ") for line in self.lines if line.startswith("[mantik] ")]


@dataclass
class Job:
    """One run of `command` with `files` as its code. `tools` are programs that only this job's node has. `seed`: the
    job is sent the relay. `within`: a command that runs the script elsewhere."""

    folder: Path
    command: str = "echo training"
    environment: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=lambda: {"train.py": "print('trained')\n"})
    project_dir: str = ""
    secrets: Mapping[str, str] = field(default_factory=lambda: SECRETS)
    tools: Mapping[str, str] = field(default_factory=dict)
    node: Mapping[str, str] = field(default_factory=dict)
    inline: bool = True
    tracking: Mapping[str, Any] = field(default_factory=dict)
    seed: str | None = None
    within: Sequence[str] = ()
    missing: str = ""

    @property
    def script(self) -> str:
        return job_script(
            run=RUN,
            config=self._config,
            command_line=self.command,
            project_dir=self.project_dir,
            has_relay=self.seed is not None,
        )

    @property
    def _config(self) -> BackendConfig:
        return config_of(self.environment, tracking=self.tracking, **self.resources)

    def lay_out(self) -> None:
        """What the site does with the description, and we with the upload."""
        with pack_files(self.files) as code:
            for item in self._description(code)["Imports"]:
                target = self.folder / item["To"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(item["Data"])
                if item.get("Permissions") == "rw-------":
                    target.chmod(0o600)
            if not self.inline:
                (self.folder / layout.CODE).write_bytes(code.open().read())
        for name, body in self.tools.items():
            tool = self._bin / name
            tool.parent.mkdir(exist_ok=True)
            tool.write_text(f"#!/bin/bash\n{body}\n")
            tool.chmod(0o755)

    def run(self) -> Outcome:
        self.lay_out()
        return self.start_again()

    def start_again(self) -> Outcome:
        with self.process() as process:
            log, _ = process.communicate(timeout=60)
        return Outcome(process.returncode, log)

    def process(self, *, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """The script, started. Its log is on standard output; there is something on its standard input."""
        words = self.folder.parent / "standard-input"
        words.write_text("words of the site\n")
        with words.open() as stdin:
            return subprocess.Popen(
                [*self.within, "/bin/bash", layout.SCRIPT],
                cwd=self.folder,
                env=self._node(),
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    @property
    def code(self) -> Path:
        return self.folder / "code"

    @property
    def _bin(self) -> Path:
        return self.folder.parent / f"{self.folder.name}-bin"

    def _node(self) -> dict[str, str]:
        home = self.folder.parent
        path = f"{self._bin}:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **self.node}

    def _description(self, code: PackedCode) -> dict[str, Any]:
        return job_description(
            run=RUN,
            config=self._config,
            tags=["mantik-1"],
            script=self.script,
            environment=environment_file(self.secrets),
            code_sha256=code.sha256,
            missing=self.missing,
            seed=self.seed,
            code_base64=code.base64() if self.inline else None,
        )


def read_until(stream: IO[str], line: str) -> list[str]:
    """Read lines up to and including this one. Fails if the stream ends earlier."""
    seen: list[str] = []
    for text in stream:
        seen.append(text.rstrip("\n"))
        if seen[-1] == line:
            return seen
    raise AssertionError(f"{line!r} never came: {seen}")


def stop(process: subprocess.Popen[str]) -> None:
    """What a site does first when a job is cancelled: the script alone gets the signal."""
    os.kill(process.pid, signal.SIGTERM)
