"""What is sent to a site for a run: packed code, a script, the relay, a job description and a file of secrets."""

from runs.job import layout
from runs.job.description import job_description, shareable
from runs.job.environment import VARIABLES, environment_file
from runs.job.job_run import JobRun
from runs.job.node_facts import node_facts
from runs.job.pack import LeftOut, PackedCode, PackError, TreeEntry, check_lfs, goes_along, pack_code
from runs.job.script import has_task_on_each, job_script
from runs.job.seed import relay_seed

__all__ = [
    "VARIABLES",
    "JobRun",
    "LeftOut",
    "PackError",
    "PackedCode",
    "TreeEntry",
    "check_lfs",
    "environment_file",
    "goes_along",
    "has_task_on_each",
    "job_description",
    "job_script",
    "layout",
    "node_facts",
    "pack_code",
    "relay_seed",
    "shareable",
]
