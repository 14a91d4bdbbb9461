"""Keys of earlier versions that files still have, and the section that each known key belongs to."""

from __future__ import annotations

import re

_RUN_COMMANDS = (
    "Write its commands under Environment.PreRunCommandOnLoginNode or Environment.PreRunCommandOnComputeNode."
)
_POST_RUN_COMMANDS = _RUN_COMMANDS.replace("PreRun", "PostRun")
_APPTAINER = "Name the image under Environment.Apptainer with Path and Type."

# Each of these changed what a job ran on or in. Ignoring them would run another job, so they are errors, not warnings.
LEGACY = {
    "SingularityImage": _APPTAINER,
    "DockerImage": _APPTAINER + " A Docker image has to be built as an Apptainer image first.",
    "PreRunCommand": _RUN_COMMANDS,
    "PostRunCommand": _POST_RUN_COMMANDS,
    "Environment.Singularity": "Rename it to Environment.Apptainer.",
    "Environment.SingularityImage": _APPTAINER,
    "Environment.DockerImage": _APPTAINER + " A Docker image has to be built as an Apptainer image first.",
    "Environment.PreRunCommand": _RUN_COMMANDS,
    "Environment.PostRunCommand": _POST_RUN_COMMANDS,
    "Resources.CPUs": "Write Resources.CPUsPerNode or Resources.TotalCPUs.",
    "Resources.Memory": "Write Resources.MemoryPerNode.",
}

_SECTIONS = {
    "Resources": (
        "Queue",
        "Runtime",
        "Nodes",
        "TotalCPUs",
        "CPUsPerNode",
        "GPUsPerNode",
        "MemoryPerNode",
        "Reservation",
        "NodeConstraints",
        "QoS",
    ),
    "Environment": (
        "Apptainer",
        "Python",
        "Modules",
        "Variables",
        "PreRunCommandOnLoginNode",
        "PreRunCommandOnComputeNode",
        "PostRunCommandOnComputeNode",
        "PostRunCommandOnLoginNode",
    ),
    "Tracking": ("Relay", "SystemMetrics"),
}
NEIGHBOURS = {name: f"{section}.{name}" for section, names in _SECTIONS.items() for name in names} | {
    name: name for name in ("UnicoreApiUrl", "Exclude", "Resources", "Environment", "Tracking")
}

# The first configs had the variables of a job directly under Environment. PYTHON is a misspelled Python, though.
_FLAT_VARIABLE = re.compile(
    rf"Environment\.(?!(?:{'|'.join(_SECTIONS['Environment']).upper()})$)[A-Z_][A-Z0-9_]*",
)


def legacy_remedy(key: str, value: object) -> str | None:
    """What to write instead of a key that only earlier versions read; None for any other key."""
    if _FLAT_VARIABLE.fullmatch(key) and isinstance(value, str | int | float):
        return "Move this variable to Environment.Variables."
    return LEGACY.get(key)
