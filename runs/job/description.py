"""The UNICORE job description of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runs.backend_config import BackendConfig, Resources
from runs.job import layout
from runs.job.job_run import JobRun
from runs.job.shell import one_line

NOTIFIED = ("RUNNING", "SUCCESSFUL", "FAILED", "QUEUED")
_MAX_NAME = 100
# One whole line of `environment_file`, so that a line inside a value is never taken for a name.
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)='(?:[^']|'\\'')*'\n")


def job_description(
    *,
    run: JobRun,
    config: BackendConfig,
    tags: Sequence[str],
    script: str,
    environment: str,
    code_sha256: str,
    code_base64: str | None = None,
    notification_url: str | None = None,
) -> dict[str, Any]:
    """What is POSTed to the site. The job waits for its start, whoever sends the code.

    `environment` is the text of `environment_file`. With `code_base64` the code travels in the description; without
    it, it has to be uploaded to `layout.CODE` before the start. There is never an `Environment` in it: the site shows
    that to anybody who may see the job, and writes it into its log.
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
        "Imports": _imports(script, environment, code_sha256, code_base64),
        "haveClientStageIn": "true",
    }
    description |= _login_node(config.environment.pre_login, config.environment.post_login)
    if notification_url:
        description["NotificationSettings"] = {"URL": notification_url, "status": list(NOTIFIED)}
    return description


def shareable(description: Mapping[str, Any]) -> dict[str, Any]:
    """The description as it may be shown on a page: no secret, and no archive that nobody can read."""
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
    if item.get("To") == layout.CODE_BASE64:
        return {**item, "Data": f"({len(data):,} characters)"}
    return dict(item)


def _imports(script: str, environment: str, code_sha256: str, code_base64: str | None) -> list[dict[str, Any]]:
    imports = [
        _inline(layout.SCRIPT, script),
        # Nobody but the job's owner may read the secrets.
        _inline(layout.ENVIRONMENT, environment) | {"Permissions": "rw-------"},
        _inline(layout.CODE_SHA256, code_sha256),
    ]
    return imports if code_base64 is None else [*imports, _inline(layout.CODE_BASE64, code_base64)]


def _inline(path: str, data: str) -> dict[str, Any]:
    return {"From": "inline://mantik", "To": path, "Data": data}


def _resources(resources: Resources) -> dict[str, Any]:
    """Durations and sizes go as plain numbers (seconds, bytes), which every site reads alike.

    GPUs are asked for as `GPUsPerNode`, UNICORE's own name; no other name is known to every site. Asking for none
    is left out, because a queue without GPUs refuses the very word.
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


def _login_node(before: Sequence[str], after: Sequence[str]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if before:
        keys |= {"User precommand": _joined(before), "RunUserPrecommandOnLoginNode": "true"}
    if after:
        keys |= {
            # The outcome of a run is the outcome of its training. UNICORE has a key for that, which UNICORE/X 3.0.0
            # takes no notice of.
            "User postcommand": f"{_joined(after)} || true",
            "RunUserPostcommandOnLoginNode": "true",
        }
    return keys


def _joined(commands: Sequence[str]) -> str:
    """All of them, until one fails."""
    return " && ".join(_grouped(command) for command in commands)


def _grouped(command: str) -> str:
    # A comment, a line break, `&` or `;` at its end would swallow the `&&` behind it. The colon makes a command
    # of what is only a comment.
    return f"{{ :\n{command}\n}}" if re.search(r"[\n#;&|]", command) else command
