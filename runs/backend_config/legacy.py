"""Keys that files still carry from earlier versions, and the section each known key belongs to."""

from __future__ import annotations

_RUN_COMMANDS = (
    "Write its commands under Environment.PreRunCommandOnLoginNode or Environment.PreRunCommandOnComputeNode."
)
_APPTAINER = "Name the image under Environment.Apptainer with Path and Type."

# Each of these silently changed what a job ran on or in, so they are refused and not only mentioned.
LEGACY = {
    "SingularityImage": _APPTAINER,
    "DockerImage": _APPTAINER + " A Docker image has to be built as an Apptainer image first.",
    "PreRunCommand": _RUN_COMMANDS,
    "Environment.Singularity": "Rename it to Environment.Apptainer.",
    "Environment.SingularityImage": _APPTAINER,
    "Environment.DockerImage": _APPTAINER + " A Docker image has to be built as an Apptainer image first.",
    "Environment.PreRunCommand": _RUN_COMMANDS,
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
}
NEIGHBOURS = {name: f"{section}.{name}" for section, names in _SECTIONS.items() for name in names} | {
    name: name for name in ("UnicoreApiUrl", "Exclude", "Resources", "Environment")
}
