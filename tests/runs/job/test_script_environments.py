from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.job.conftest import JobMaker
from tests.runs.job.jobs import Job

# Each prints how it was called, one word a line, and becomes the program it starts.
SRUN = 'for word; do echo "srun: $word"; done\nwhile [ "$1" != apptainer ]; do shift; done\nexec "$@"'
APPTAINER = 'for word; do echo "apptainer: $word"; done\nwhile [ "$1" != bash ]; do shift; done\nexec "$@"'
IMAGE = {"train.sif": "an image"}


def words(log: str, program: str) -> list[str]:
    return [line.removeprefix(f"{program}: ") for line in log.splitlines() if line.startswith(f"{program}: ")]


# Modules


def test_it_loads_the_modules_one_by_one_before_the_commands(make_job: JobMaker) -> None:
    job = make_job(
        environment={"Modules": ["GCC/12", "Python"], "PreRunCommandOnComputeNode": "echo before"},
        node={"BASH_FUNC_module%%": '() { echo "$@"; }'},
    )
    lines = job.run().lines
    assert [line for line in lines if not line.startswith("[mantik]")] == [
        "load GCC/12",
        "load Python",
        "before",
        "training",
    ]


def test_it_finds_modules_that_only_login_shells_know(make_job: JobMaker, tmp_path: Path) -> None:
    (tmp_path / "init").mkdir()
    (tmp_path / "init" / "bash").write_text('module() { echo "module $*"; }\n')
    job = make_job(environment={"Modules": "GCC"}, node={"MODULESHOME": str(tmp_path)})
    assert "module load GCC" in job.run().lines


def test_it_offers_modules_to_commands_that_load_them(make_job: JobMaker, tmp_path: Path) -> None:
    (tmp_path / "init").mkdir()
    (tmp_path / "init" / "bash").write_text('module() { echo "loaded $*"; }\n')
    environment = {"PreRunCommandOnComputeNode": "module load GCC"}
    assert "loaded load GCC" in make_job(environment=environment, node={"MODULESHOME": str(tmp_path)}).run().lines


def test_it_says_that_a_node_has_no_modules(make_job: JobMaker) -> None:
    outcome = make_job(environment={"Modules": ["GCC"], "PostRunCommandOnComputeNode": "echo after"}).run()
    assert outcome.code == 127
    assert "this node has no module command" in outcome.said()
    assert not {"training", "after"} & set(outcome.lines)


def test_it_says_which_module_cannot_be_loaded(make_job: JobMaker) -> None:
    job = make_job(environment={"Modules": ["GCC", "Nope"]}, node={"BASH_FUNC_module%%": "() { [ $2 != Nope ]; }"})
    outcome = job.run()
    assert outcome.code == 1
    assert "the module Nope could not be loaded" in outcome.said()


# Python


def test_it_activates_the_python_environment_after_the_commands(make_job: JobMaker, tmp_path: Path) -> None:
    venv = tmp_path / "it's my venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "activate").write_text("echo activated\nexport VIRTUAL=yes\n")
    job = make_job(
        command='echo "virtual $VIRTUAL"',
        environment={"Python": str(venv), "PreRunCommandOnComputeNode": "echo before"},
    )
    lines = [line for line in job.run().lines if not line.startswith("[mantik]")]
    assert lines == ["before", "activated", "virtual yes"]


@pytest.mark.parametrize("activate", [None, "return 1"])
def test_it_says_that_the_python_environment_cannot_be_used(
    make_job: JobMaker, tmp_path: Path, activate: str | None
) -> None:
    if activate:
        (tmp_path / "venv" / "bin").mkdir(parents=True)
        (tmp_path / "venv" / "bin" / "activate").write_text(activate)
    outcome = make_job(environment={"Python": f"{tmp_path}/venv"}).run()
    assert (outcome.code, "training" in outcome.lines) == (72, False)
    assert f"the Python environment {tmp_path}/venv is not there, or cannot be activated" in outcome.said()


# Apptainer


def test_it_runs_the_training_in_the_image(make_job: JobMaker) -> None:
    job = make_job(
        command="echo 'in  it'",
        files=IMAGE,
        environment={"Apptainer": {"Path": "train.sif", "Options": ["--nv", "-B '$DATA dir:/data'"]}},
        tools={"apptainer": APPTAINER},
        node={"DATA": "/p/my"},
    )
    outcome = job.run()
    assert (outcome.code, "in  it" in outcome.lines) == (0, True)
    called = ["run", "--nv", "-B", "/p/my dir:/data", f"{job.code}/train.sif", "bash", "-c", "echo 'in  it'"]
    assert words(outcome.log, "apptainer")[: len(called)] == called


def test_it_shows_all_of_the_code_to_an_mlproject_in_a_folder(make_job: JobMaker) -> None:
    job = make_job(
        project_dir="sub",
        files={"sub/images/train.sif": ""},
        environment={"Apptainer": {"Path": "images/train.sif"}, "PreRunCommandOnComputeNode": "cd /tmp"},
        tools={"apptainer": APPTAINER},
    )
    outcome = job.run()
    assert outcome.code == 0
    assert words(outcome.log, "apptainer")[:4] == ["run", "--bind", f"{job.code}", f"{job.code}/sub/images/train.sif"]


def test_it_takes_an_image_at_the_site(make_job: JobMaker, tmp_path: Path) -> None:
    image = tmp_path / "it's remote.sif"
    image.touch()
    job = make_job(environment={"Apptainer": {"Path": str(image), "Type": "remote"}}, tools={"apptainer": APPTAINER})
    assert words(job.run().log, "apptainer")[:2] == ["run", str(image)]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ({"Path": "none.sif"}, "the Apptainer image none.sif is not in the code"),
        ({"Path": "/none.sif", "Type": "remote"}, "the Apptainer image /none.sif is not at the site"),
    ],
)
def test_it_says_that_the_image_is_missing(make_job: JobMaker, image: dict[str, str], words: str) -> None:
    outcome = make_job(environment={"Apptainer": image}, tools={"apptainer": APPTAINER}).run()
    assert outcome.code == 72
    assert words in outcome.said()


def test_it_says_that_the_node_has_no_apptainer(make_job: JobMaker) -> None:
    outcome = make_job(files=IMAGE, environment={"Apptainer": {"Path": "train.sif"}}).run()
    assert outcome.code == 127
    assert "apptainer is not on this node; load it as a module" in outcome.said()


# Slurm


def in_slurm(make_job: JobMaker, **changes: object) -> Job:
    usual: dict[str, object] = {
        "files": IMAGE,
        "environment": {"Apptainer": {"Path": "train.sif"}},
        "tools": {"apptainer": APPTAINER, "srun": SRUN},
        "node": {"SLURM_JOB_ID": "1", "SLURM_JOB_NUM_NODES": "3"},
    }
    return make_job(**usual | changes)


def test_it_starts_one_container_on_each_node(make_job: JobMaker) -> None:
    outcome = in_slurm(make_job, resources={"Nodes": 3, "CPUsPerNode": 8}).run()
    assert (outcome.code, "training" in outcome.lines) == (0, True)
    assert words(outcome.log, "srun")[:4] == ["--ntasks=3", "--ntasks-per-node=1", "apptainer", "run"]


def test_it_leaves_the_tasks_to_a_config_that_lays_them_out(make_job: JobMaker) -> None:
    environment = {"Apptainer": {"Path": "train.sif"}, "Variables": {"SLURM_NTASKS_PER_NODE": 4}}
    outcome = in_slurm(make_job, environment=environment).run()
    assert words(outcome.log, "srun")[0] == "apptainer"


def test_it_starts_the_container_itself_outside_a_job_of_slurm(make_job: JobMaker) -> None:
    outcome = in_slurm(make_job, node={}).run()
    assert (outcome.code, words(outcome.log, "srun")) == (0, [])
    assert words(outcome.log, "apptainer")


def test_it_needs_no_srun_without_a_container(make_job: JobMaker) -> None:
    outcome = in_slurm(make_job, environment={}).run()
    assert (outcome.code, words(outcome.log, "srun")) == (0, [])


def test_it_ends_with_the_exit_code_from_inside_the_container(make_job: JobMaker) -> None:
    assert in_slurm(make_job, command="exit 11").run().code == 11
