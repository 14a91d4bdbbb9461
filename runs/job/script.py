"""Writes the bash script of a job. It is readable, because the form's preview shows it before a core-hour is spent.

What the script promises:

* Everything goes to standard output, which the site keeps as `mantik.log`. Its own lines begin with `[mantik]`.
* The order is: code, variables, modules, `PreRunCommandOnComputeNode`, environment, training,
  `PostRunCommandOnComputeNode`. Each step before the training is checked by itself, and the first that fails ends
  the run with its own exit code.
* The exit code is that of the training. `PostRunCommandOnComputeNode` runs whatever that is, also if the training was
  never started because a command before it failed. If it fails, the log says so and the exit code does not change.
* The training is `bash -c <command>` in the MLproject's folder, as `mlflow run` does it, unless a command before it
  changed the folder. If the site stops the job (SIGTERM), the training gets the signal.
* The training logs to the relay, which the script starts before it and ends last. One line of the log says so, or why
  not. Whatever becomes of the relay, the exit code stays the same.
* Mantik's own failures have the exit codes of sysexits.h: 72 something is not where it has to be, 74 the code arrived
  damaged, 78 the config or the environment is wrong; and 127, as a shell has it, a command is missing. Nothing depends
  on 72, 74 and 78: the reason of a failure is read from the log.
* The script does not depend on how the code gets to the site, so it can be shown before the code is packed.
"""

from __future__ import annotations

import posixpath
from functools import cache
from pathlib import Path

from runs.backend_config import Apptainer, BackendConfig, Environment, ImageType
from runs.backend_config.variables import begins_with_variable, variable_names
from runs.job.job_run import JobRun
from runs.job.shell import expands, heredoc, one_line, quoted, word

# If a config sets one of these, it decides itself how many tasks run.
_TASK_LAYOUT = frozenset({"SLURM_NTASKS", "SLURM_NPROCS", "SLURM_NTASKS_PER_NODE", "SLURM_TASKS_PER_NODE"})


def job_script(
    *, run: JobRun, config: BackendConfig, command_line: str, project_dir: str, has_relay: bool = True
) -> str:
    """The script for one run. `project_dir` is the MLproject's folder in the repository, blank for its root.

    `has_relay`: jobs of this installation are sent the relay, unless their config says otherwise.
    """
    environment = config.environment
    parts = [
        f"#!/bin/bash\n# Run {run.short_id} of Mantik: {one_line(run.name)}\n",
        _helpers(),
        "# This run\n",
        _commands_after(environment),
        "trap mantik_end EXIT\ntrap mantik_stop TERM\n",
        _headline(run, config),
        _environment_file(),
        _code(project_dir),
        _variables(config),
        _modules(environment),
        _commands_before(environment),
        _python(environment),
        "(mantik_facts) 2> /dev/null\n",
        heredoc("IFS= read -r -d '' mantik_command", command_line.rstrip("\n")),
        _training(config, project_dir, has_relay=has_relay),
        'exit "$mantik_code"\n',
    ]
    return "\n".join(part for part in parts if part)


@cache
def _helpers() -> str:
    return "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("helpers.sh", "relay.sh"))


def _headline(run: JobRun, config: BackendConfig) -> str:
    first = quoted(f"run {run.short_id} · commit {run.short_commit} · node ")
    second = quoted(f"{one_line(config.describe())} · account {one_line(run.account)}")
    return f'mantik_say {first}"$(uname -n)"\nmantik_say {second}\n'


def _environment_file() -> str:
    return (
        'set -a\n. ./.mantik/env || mantik_fail 78 "the file .mantik/env cannot be read"\nset +a\n'
        "mantik_straight=$MLFLOW_TRACKING_URI\n"
    )


def _code(project_dir: str) -> str:
    folder = posixpath.normpath(posixpath.join("code", project_dir))
    return (
        "mantik_unpack\n"
        "mantik_say_what_is_missing\n"
        f'export MANTIK_WORKING_DIRECTORY="$mantik_job_dir"/{quoted(folder)}\n'
        'cd "$MANTIK_WORKING_DIRECTORY" || mantik_fail 72 "the MLproject\'s folder is not in the code"\n'
    )


def _variables(config: BackendConfig) -> str:
    # Without PYTHONUNBUFFERED a log shows nothing until Python has written 8 KiB.
    variables = {"PYTHONUNBUFFERED": "1"} | dict(config.environment.variables)
    # A site may make as many tasks of CPUsPerNode, with one CPU each. The one task for each node (`_srun`) gets all;
    # if the config decides how many tasks run, it also decides how many CPUs each of them gets.
    if config.resources.cpus_per_node is not None and not _TASK_LAYOUT & variables.keys():
        variables.setdefault("SRUN_CPUS_PER_TASK", str(config.resources.cpus_per_node))
    return "".join(_variable(name, value) for name, value in variables.items())


def _variable(name: str, value: str) -> str:
    if expands(value):
        return heredoc(f"mantik_variable {name}", value)
    return f"export {name}={quoted(value)}\n"


def _modules(environment: Environment) -> str:
    commands = (*environment.pre_compute, *environment.post_compute)
    if not environment.modules and not any("module" in command for command in commands):
        return ""
    loads = [f"{_needs('Modules', module)}mantik_module {word(module)}\n" for module in environment.modules]
    return "mantik_find_modules\n" + "".join(loads)


def _commands_before(environment: Environment) -> str:
    # `eval` is not inside a function: there, `declare` in a command would make a local variable.
    run = 'eval "$mantik_text" < /dev/null; mantik_checked\n'
    commands = [heredoc("mantik_before", command) + run for command in environment.pre_compute]
    # A command that changed to the job's own folder meant the code: that folder has nothing else for it.
    back = (
        '[ ! . -ef "$mantik_job_dir" ] || cd "$MANTIK_WORKING_DIRECTORY" ||\n'
        '  mantik_fail 72 "a command has removed the MLproject\'s folder"\n'
    )
    return "mantik_phase=commands\n" + "".join([*commands, back] if commands else [])


def _commands_after(environment: Environment) -> str:
    commands = "".join(heredoc("mantik_after", command) for command in environment.post_compute)
    body = commands or "  :\n"
    return f"mantik_after_training() {{\n{body}}}\n"


def _python(environment: Environment) -> str:
    if environment.python is None:
        return ""
    activate = word(f"{environment.python}/bin/activate")
    fault = word(f"the Python environment {environment.python} is not there, or cannot be activated")
    return (
        _needs("Python", environment.python)
        + _absolute("Python", environment.python)
        + f"[ -r {activate} ] && . {activate} || mantik_fail 72 {fault}\n"
    )


def _needs(key: str, *texts: str) -> str:
    """Lines that end the job if a variable in `texts` has no value: without it, another path might be used."""
    names = dict.fromkeys(name for text in texts for name in variable_names(text))
    return f"mantik_needs Environment.{key} {' '.join(names)}\n" if names else ""


def _absolute(key: str, path: str) -> str:
    return f"mantik_absolute Environment.{key} {word(path)}\n" if begins_with_variable(path) else ""


def _training(config: BackendConfig, project_dir: str, *, has_relay: bool) -> str:
    apptainer = config.environment.apptainer
    tracking = _tracking(config, has_relay=has_relay)
    if apptainer is None:
        return tracking + 'mantik_train bash -c "$mantik_command"\n'
    return (
        _image_check(apptainer)
        + _container(apptainer, config.environment, project_dir)
        + tracking
        + 'mantik_train "${mantik_step[@]}" "${mantik_launch[@]}" "$mantik_command"\n'
    )


def _tracking(config: BackendConfig, *, has_relay: bool) -> str:
    if not has_relay or not config.tracking.relay:
        why = "the config has Relay: false" if has_relay else "the operators of Mantik have switched the relay off"
        return f"mantik_track off {quoted(why)}\n"
    return f"mantik_track {config.resources.nodes or 1}{' each' if has_task_on_each(config.environment) else ''}\n"


def has_task_on_each(environment: Environment) -> bool:
    """Whether Mantik starts one task on each node itself."""
    return environment.apptainer is not None and not _TASK_LAYOUT & environment.variables.keys()


def _image_check(apptainer: Apptainer) -> str:
    where = "in the code" if apptainer.type is ImageType.LOCAL else "at the site"
    fault = word(f"the Apptainer image {apptainer.path} is not {where}")
    remote = apptainer.type is ImageType.REMOTE
    return (
        _needs("Apptainer.Path", apptainer.path)
        + (_absolute("Apptainer.Path", apptainer.path) if remote else "")
        + _needs("Apptainer.Options", *apptainer.options)
        + 'command -v apptainer > /dev/null || mantik_fail 127 "apptainer is not on this node; load it as a module"\n'
        f"[ -e {_image(apptainer)} ] || mantik_fail 72 {fault}\n"
    )


def _image(apptainer: Apptainer) -> str:
    if apptainer.type is ImageType.REMOTE:
        return word(apptainer.path)
    return f'"$MANTIK_WORKING_DIRECTORY"/{word(apptainer.path)}'


def _container(apptainer: Apptainer, environment: Environment, project_dir: str) -> str:
    options = [word(option) for option in apptainer.options]
    if project_dir:
        # Apptainer shows only the current folder; the code may use what lies above it.
        options = ["--bind", '"$mantik_job_dir/code"', *options]
    run = " ".join(["apptainer run", *options, _image(apptainer), "bash -c"])
    return (
        f"mantik_launch=({run})\n"
        # Outside a job of Slurm, srun would ask for one.
        '[ -z "$SLURM_JOB_ID" ] || ! command -v srun > /dev/null ||\n'
        f"  mantik_step=({_srun(environment)})\n"
    )


def _srun(environment: Environment) -> str:
    """The srun command, with one task for each node. Without that, a job with CPUsPerNode would start as many copies of
    the training."""
    if _TASK_LAYOUT & environment.variables.keys():
        return "srun"
    return 'srun --ntasks="${SLURM_JOB_NUM_NODES:-1}" --ntasks-per-node=1'
