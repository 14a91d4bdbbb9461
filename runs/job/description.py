"""The UNICORE job description of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runs.backend_config import BackendConfig, Resources
from runs.job import layout
from runs.job.job_run import JobRun
from runs.job.seed import relay_program
from runs.job.shell import one_line

NOTIFIED = ("RUNNING", "SUCCESSFUL", "FAILED", "QUEUED")
_MAX_NAME = 100
# Nobody but the job's owner may read such a file.
_SECRET = {"Permissions": "rw-------"}
# One whole assignment of `environment_file`, so that a line inside a value is never mistaken for one.
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)='(?:[^']|'\\'')*'\n")


def job_description(
    *,
    run: JobRun,
    config: BackendConfig,
    tags: Sequence[str],
    script: str,
    environment: str,
    code_sha256: str,
    missing: str = "",
    seed: str | None = None,
    code_base64: str | None = None,
    notification_url: str | None = None,
) -> dict[str, Any]:
    """The description that is POSTed to the site. The job does not start until it is told to.

    `environment` is the text of `environment_file`, `seed` that of `relay_seed`: with it the job is sent the relay.
    With `code_base64` the code is part of the description; without it, the code has to be uploaded to `layout.CODE`
    before the start. `missing`: which files of the code the job goes without, for its log. The description never has an
    `Environment`: the site shows that to everybody who may see the job, and writes it into its log.
    """
    description: dict[str, Any] = {
        "Name": one_line(run.name)[:_MAX_NAME] or run.short_id,
        "Tags": list(tags),
        "Project": run.account,
        "Resources": _resources(config.resources),
        "Executable": "/bin/bash",
        "Arguments": [layout.SCRIPT],
        # One file for both: the scheduler's own words (time limit, out of memory) arrive on the second.
        "Stdout": layout.LOG,
        "Stderr": layout.LOG,
        "Imports": [
            *_imports(script, environment, code_sha256),
            *_missing(missing),
            *_relay(seed),
            *_code(code_base64),
        ],
        "haveClientStageIn": "true",
    }
    description |= _login_node(config.environment.pre_login, config.environment.post_login)
    if notification_url:
        description["NotificationSettings"] = {"URL": notification_url, "status": list(NOTIFIED)}
    return description


def shareable(description: Mapping[str, Any]) -> dict[str, Any]:
    """The description without secrets and without the texts of the archive and the relay, for a page."""
    shown = dict(description)
    shown["Imports"] = [_hide(item) for item in description.get("Imports", [])]
    if "NotificationSettings" in shown:
        shown["NotificationSettings"] = {**shown["NotificationSettings"], "URL": "(known to the site only)"}
    return shown


def _hide(item: Mapping[str, Any]) -> dict[str, Any]:
    data = str(item.get("Data", ""))
    if item.get("To") == layout.ENVIRONMENT:
        names = _ASSIGNMENT.findall(data)
        return {**item, "Data": f"(not shown: {', '.join(names)})"}
    if item.get("To") == layout.SEED:
        return {**item, "Data": "(not shown: what the relay begins with, and its secret)"}
    if item.get("To") in (layout.CODE_BASE64, layout.RELAY):
        return {**item, "Data": f"({len(data):,} characters)"}
    return dict(item)


def _imports(script: str, environment: str, code_sha256: str) -> list[dict[str, Any]]:
    return [
        _inline(layout.SCRIPT, script),
        _inline(layout.ENVIRONMENT, environment) | _SECRET,
        _inline(layout.CODE_SHA256, code_sha256),
    ]


def _missing(sentences: str) -> list[dict[str, Any]]:
    return [_inline(layout.CODE_MISSING, f"{one_line(sentences)}\n")] if sentences else []


def _relay(seed: str | None) -> list[dict[str, Any]]:
    return [] if seed is None else [_inline(layout.RELAY, relay_program()), _inline(layout.SEED, seed) | _SECRET]


def _code(code_base64: str | None) -> list[dict[str, Any]]:
    return [] if code_base64 is None else [_inline(layout.CODE_BASE64, code_base64)]


def _inline(path: str, data: str) -> dict[str, Any]:
    return {"From": "inline://mantik", "To": path, "Data": data}


def _resources(resources: Resources) -> dict[str, Any]:
    """The resources under UNICORE's names. Durations and sizes are plain numbers, which every site reads alike.

    `GPUsPerNode` is the only name for GPUs that every site knows. Zero GPUs are left out, because a queue without GPUs
    refuses the word itself.
    """
    asked = {
        "Queue": resources.queue,
        "Runtime": resources.runtime_seconds,
        "Nodes": resources.nodes,
        "TotalCPUs": resources.total_cpus,
        "CPUsPerNode": resources.cpus_per_node,
        "GPUsPerNode": resources.gpus_per_node or None,
        "MemoryPerNode": resources.memory_bytes,
        "Reservation": resources.reservation,
        "NodeConstraints": resources.node_constraints,
        "QoS": resources.qos,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _login_node(pre: Sequence[str], post: Sequence[str]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if pre:
        keys |= {"User precommand": _joined(pre), "RunUserPrecommandOnLoginNode": "true"}
    if post:
        keys |= {
            # If these commands fail, the run must not: its outcome is that of the training. UNICORE has a key for that,
            # which UNICORE/X 3.0.0 ignores.
            "User postcommand": f"{_joined(post)} || true",
            "RunUserPostcommandOnLoginNode": "true",
        }
    return keys


def _joined(commands: Sequence[str]) -> str:
    """One command that runs all of them, until one fails."""
    return " && ".join(_grouped(command) for command in commands)


def _grouped(command: str) -> str:
    # Without the group, a comment or a separator at the end of the command would break the `&&` after it. The colon is
    # needed if the command is only a comment: a group must not be empty.
    return f"{{ :\n{command}\n}}" if re.search(r"[\n#;&|]", command) else command
