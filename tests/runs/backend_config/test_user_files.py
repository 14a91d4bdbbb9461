"""Files in the shapes that people really have, with other names."""

from __future__ import annotations

import subprocess

import pytest

from runs.backend_config import Apptainer, ImageType
from runs.job import JobRun, job_description, job_script
from tests.runs.backend_config.files import parse, refusals

RUN = JobRun(short_id="1", name="x", commit="0" * 40, account="demo")

# An image at the site, in a folder of whoever runs it; several GPUs, everything about distributed training by hand.
DISTRIBUTED = """\
UnicoreApiUrl: https://hpc.example.org:9112/BOOSTER/rest/core
Environment:
  Apptainer:
    Path: /p/project/$SLURM_JOB_ACCOUNT/${USER}/images/train.sif
    Type: remote
    Options:
      - --nv
      - -B /p/scratch/demo
      - --bind $HOME/$USER/code:/opt/code
  Variables:
    MANTIK_GIT_REF: main
    SLURM_NTASKS_PER_NODE: 3
    SRUN_CPUS_PER_TASK: 16
    OMP_NUM_THREADS: 16
    MASTER_ADDR: $(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
    MASTER_PORT: 6000
    APPTAINERENV_CUDA_VISIBLE_DEVICES: 0,1,2
  PreRunCommandOnLoginNode:
    - cd $HOME/code
    - git fetch
    - git checkout $MANTIK_GIT_REF
    - git pull
    - cd $UC_WORKING_DIRECTORY
Resources:
  Queue: booster
  Runtime: 24h
  Nodes: 1
  GPUsPerNode: 3
"""

# A folded block with a line break at its end, and modules loaded by hand.
BLOCK = """\
UnicoreApiUrl: https://hpc.example.org:9112/CLUSTER/rest/core
Environment:
  PreRunCommandOnComputeNode: >
    module load Stages/2023 Python &&
    source /p/project/demo/venv/bin/activate
Resources:
  Queue: devel
  Runtime: 1h
  Nodes: 1
Exclude:
  - figures
  - saved_model
"""

LEGACY_COMMAND = """\
UnicoreApiUrl: https://hpc.example.org:9112/BOOSTER/rest/core
Environment:
  Variables: {CUDA_VISIBLE_DEVICES: "0"}
  PreRunCommand:
    Command: module load Python && source /p/project/demo/venv/bin/activate
    ExecuteOnLoginNode: false
Resources: {Queue: booster, Nodes: 1}
"""


def script_of(text: str) -> str:
    return job_script(run=RUN, config=parse(text), command_line="python train.py", project_dir="")


@pytest.mark.parametrize("text", [DISTRIBUTED, BLOCK])
def test_they_are_read_without_a_word(text: str) -> None:
    assert parse(text).warnings == ()


@pytest.mark.parametrize("text", [DISTRIBUTED, BLOCK])
def test_they_make_a_script_that_bash_reads(text: str) -> None:
    done = subprocess.run(["/bin/bash", "-n"], input=script_of(text), text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_distributed_training_keeps_its_own_layout() -> None:
    read = parse(DISTRIBUTED)
    options = ("--nv", "-B", "/p/scratch/demo", "--bind", "$HOME/$USER/code:/opt/code")
    image = "/p/project/$SLURM_JOB_ACCOUNT/${USER}/images/train.sif"
    assert read.environment.apptainer == Apptainer(image, ImageType.REMOTE, options)
    assert read.environment.variables["MASTER_PORT"] == "6000"
    assert "mantik_step=(srun)" in script_of(DISTRIBUTED)


def test_commands_on_the_login_node_stop_at_the_first_that_fails() -> None:
    job = job_description(run=RUN, config=parse(DISTRIBUTED), tags=["t"], script="", environment="", code_sha256="")
    assert job["User precommand"] == (
        "cd $HOME/code && git fetch && git checkout $MANTIK_GIT_REF && git pull && cd $UC_WORKING_DIRECTORY"
    )


def test_names_of_folders_without_a_slash_leave_them_out() -> None:
    exclude = parse(BLOCK).exclude
    assert (exclude.matches("figures/a.png"), exclude.matches("sub/saved_model/x")) == (True, True)


def test_names_in_one_text_are_refused_because_they_would_match_nothing() -> None:
    text = BLOCK.split("Exclude:")[0] + "Exclude: figures, saved_model\n"
    assert refusals(text)[0].startswith("Exclude is 'figures, saved_model', but has to be a list of texts.")


def test_a_command_that_would_be_dropped_is_refused() -> None:
    """Without it, the job ran in another Python than its author thought."""
    assert refusals(LEGACY_COMMAND) == [
        "Environment.PreRunCommand is a key of earlier versions and no longer has an effect. Write its commands under "
        "Environment.PreRunCommandOnLoginNode or Environment.PreRunCommandOnComputeNode."
    ]
