"""`python -m tests.lint.shell`: what shellcheck finds in our shell: files, and whole scripts of jobs.

The helpers of a job's script are a part that makes no sense alone, so scripts are made that use all of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import django

from tests.support.places import TOP, files_of_ours

_SHEBANG = re.compile(rb"#!.*\b(?:ba|da)?sh\b")
# Parts of every job's script.
PARTS = {TOP / "runs" / "job" / name for name in ("helpers.sh", "relay.sh")}
# What is meant in a job's script. A directive in it would be read by members.
MEANT = {
    "SC1090": "files that only a node has are read",
    "SC1091": "the same",
    "SC2015": "what comes after || ends the script, or is to come after either",
    "SC2154": "bash assigns what a coproc is called",
    "SC2031": "the system's own names are read in a shell of their own",
    "SC2329": "called by traps, or by what members write",
}


def shell_files() -> list[Path]:
    """By their first line, or their name."""
    return [path for path in files_of_ours() if path not in PARTS and _is_shell(path)]


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sh" or _SHEBANG.match(file.readline(200)) is not None


def scripts_of_jobs() -> dict[str, str]:
    """By name: with a container, and with a Python environment. Together they use all that a script may have."""
    from runs.job import job_script
    from tests.runs.job.jobs import RUN, config_of

    around: dict[str, Any] = {
        "Modules": ["CUDA/12", "Python/$VERSION"],
        "Variables": {"DATA": "/data/$USER", "MODE": "fast"},
        "PreRunCommandOnComputeNode": ["mkdir -p out"],
        "PostRunCommandOnComputeNode": ["ls out"],
    }
    kinds: dict[str, dict[str, Any]] = {
        "container": {"Apptainer": {"Path": "$HOME/train.sif", "Type": "remote", "Options": ["--nv", "--bind=$DATA"]}},
        "python": {"Python": "$HOME/venv"},
    }
    return {
        name: job_script(
            run=RUN, config=config_of(around | kind, CPUsPerNode=4), command_line="python train.py", project_dir="sub"
        )
        for name, kind in kinds.items()
    }


def faults(paths: Sequence[Path], *, meant: Iterable[str] = ()) -> str:
    """What shellcheck says, "" if nothing, but for the codes that are `meant`."""
    program = Path(sys.executable).with_name("shellcheck")
    command = [str(program), "--format=gcc", f"--exclude={','.join(meant)}", *map(str, paths)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def main() -> int:
    django.setup()
    with tempfile.TemporaryDirectory() as directory:
        scripts = {Path(directory, f"{name}.sh"): script for name, script in scripts_of_jobs().items()}
        for path, script in scripts.items():
            path.write_text(script)
        found = faults(shell_files()) + faults([*scripts], meant=MEANT)
    sys.stdout.write(found)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
