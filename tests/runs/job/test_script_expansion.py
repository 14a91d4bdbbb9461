"""`$NAME` in the paths of a config: replaced by the node, in one piece, or the job says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.job.conftest import JobMaker
from tests.runs.job.test_script_environments import APPTAINER, SRUN, words

# What a user name or a folder may be, at its worst.
NASTY = [
    "alice",
    "two words",
    "*",
    "?[a-z]*",
    "-rf",
    'it\'s "x"',
    "a;b&c|d",
    "$HOME",
    "$(touch pwned)",
    "`id`",
    "é🙂",
    "\\",
]
LAUNCHED = {"apptainer": APPTAINER, "srun": SRUN}
SLURM = {"SLURM_JOB_ID": "1", "SLURM_JOB_ACCOUNT": "deep"}


def remote(path: str, *options: str) -> dict[str, Any]:
    return {"Apptainer": {"Path": path, "Type": "remote", "Options": list(options)}}


def venv_in(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "activate").write_text("echo activated; export VIRTUAL=yes\n")
    return folder


@pytest.mark.parametrize("user", NASTY)
def test_the_image_path_is_one_word_whatever_is_in_its_variables(make_job: JobMaker, tmp_path: Path, user: str) -> None:
    image = tmp_path / "deep" / user / "a6.sif"
    image.parent.mkdir(parents=True)
    image.touch()
    job = make_job(
        environment=remote(f"{tmp_path}/$SLURM_JOB_ACCOUNT/${{USER}}/a6.sif", "--nv", "-B $HOME/d:/opt/$USER"),
        tools=LAUNCHED,
        node={"USER": user, **SLURM},
    )
    outcome = job.run()
    called = ["run", "--nv", "-B", f"{tmp_path}/d:/opt/{user}", str(image), "bash", "-c", "echo training"]
    assert (outcome.code, words(outcome.log, "apptainer")) == (0, called)
    assert words(outcome.log, "srun")[-len(called) :] == called
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("written", "user"),
    [("{home}/$USER", user) for user in NASTY]
    + [(path, "two * words") for path in ("{home}/${{USER}}/bin/activate", "$HOME/$USER/", "~/$USER")],
)
def test_the_path_of_the_python_environment_is_one_word_too(
    make_job: JobMaker, tmp_path: Path, written: str, user: str
) -> None:
    venv_in(tmp_path / user)
    job = make_job(
        command='echo "virtual $VIRTUAL"',
        environment={"Python": written.format(home=tmp_path)},
        node={"USER": user},
    )
    outcome = job.run()
    assert outcome.code == 0
    assert [line for line in outcome.lines if not line.startswith("[mantik]")] == ["activated", "virtual yes"]


@pytest.mark.parametrize("name", ["two words", "*", "-x"])
def test_an_image_in_the_code_may_depend_on_the_node(make_job: JobMaker, name: str) -> None:
    job = make_job(
        environment={"Apptainer": {"Path": "images/$ARCH.sif"}},
        files={f"images/{name}.sif": ""},
        tools=LAUNCHED,
        node={"ARCH": name},
    )
    assert words(job.run().log, "apptainer")[:2] == ["run", f"{job.code}/images/{name}.sif"]


@pytest.mark.parametrize("name", NASTY)
def test_the_name_of_a_module_is_one_word(make_job: JobMaker, name: str) -> None:
    job = make_job(
        environment={"Modules": ["Stages/$STAGE"]},
        node={"STAGE": name, "BASH_FUNC_module%%": "() { printf 'module <%s>\\n' \"$@\"; }"},
    )
    assert job.run().lines.count(f"module <Stages/{name}>") == 1


def test_the_config_may_set_what_it_uses(make_job: JobMaker, tmp_path: Path) -> None:
    """The training is not started because of variables, a module, or a command before it."""
    (tmp_path / "a b c.sif").touch()
    job = make_job(
        environment=remote("$ROOT/a $B $C.sif")
        | {
            "Variables": {"ROOT": "$(echo $HOME)"},
            "Modules": ["GCC"],
            "PreRunCommandOnComputeNode": ["C=c"],
        },
        tools=LAUNCHED,
        node={"BASH_FUNC_module%%": "() { export B=b; }"},
    )
    assert words(job.run().log, "apptainer")[:2] == ["run", f"{tmp_path}/a b c.sif"]


# What is not there


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize(
    ("environment", "what"),
    [
        (remote("/p/$NOBODY/a.sif"), "Environment.Apptainer.Path: $NOBODY"),
        (remote("$NOBODY/a.sif"), "Environment.Apptainer.Path: $NOBODY"),
        (remote("/p/${NOBODY}/$NEVER/$NOBODY"), "Environment.Apptainer.Path: $NOBODY $NEVER"),
        (remote("/dev/null", "-B $NOBODY:/x"), "Environment.Apptainer.Options: $NOBODY"),
        ({"Apptainer": {"Path": "images/$NOBODY"}}, "Environment.Apptainer.Path: $NOBODY"),
        ({"Python": "$NOBODY/venv"}, "Environment.Python: $NOBODY"),
        ({"Modules": "GCC/$NOBODY"}, "Environment.Modules: $NOBODY"),
    ],
)
def test_it_names_a_variable_without_a_value_and_runs_nothing(
    make_job: JobMaker, environment: dict[str, Any], what: str, value: str | None
) -> None:
    job = make_job(
        environment=environment,
        tools=LAUNCHED,
        node={"BASH_FUNC_module%%": "() { echo loaded; }"} | ({} if value is None else {"NOBODY": value}),
    )
    outcome = job.run()
    key, _, names = what.partition(": ")
    said = f"{key} uses variables that have no value on this node: {names}"
    assert (outcome.code, said in outcome.said()) == (78, True)
    assert not {"training", "loaded"} & set(outcome.lines)
    assert not words(outcome.log, "apptainer")


@pytest.mark.parametrize("value", ["venv", "-rf", "./x", "docker://x"])
def test_a_path_that_begins_with_a_variable_has_to_be_absolute_on_the_node(make_job: JobMaker, value: str) -> None:
    outcome = make_job(environment={"Python": "$WHERE"}, node={"WHERE": value}).run()
    assert outcome.code == 78
    assert f"Environment.Python is {value} on this node, and has to begin with /" in outcome.said()


def test_so_has_that_of_an_image_at_the_site(make_job: JobMaker) -> None:
    outcome = make_job(environment=remote("$WHERE"), node={"WHERE": "a.sif"}, files={"a.sif": ""}, tools=LAUNCHED).run()
    assert outcome.code == 78
    assert "Environment.Apptainer.Path is a.sif on this node, and has to begin with /" in outcome.said()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (remote("/none/$USER/a.sif"), "the Apptainer image /none/a * b/a.sif is not at the site"),
        ({"Apptainer": {"Path": "none/$USER.sif"}}, "the Apptainer image none/a * b.sif is not in the code"),
        ({"Python": "/none/$USER"}, "the Python environment /none/a * b is not there, or cannot be activated"),
    ],
)
def test_it_says_where_it_looked(make_job: JobMaker, environment: dict[str, Any], sentence: str) -> None:
    outcome = make_job(environment=environment, node={"USER": "a * b"}, tools=LAUNCHED).run()
    assert (outcome.code, sentence in outcome.said()) == (72, True)


@pytest.mark.parametrize("name", ["a$1b", "$", "100%", "~user", "x\\y", "#1", "!", "{a,b}"])
def test_other_signs_in_a_path_are_taken_as_they_are(make_job: JobMaker, tmp_path: Path, name: str) -> None:
    venv_in(tmp_path / name / "venv")
    outcome = make_job(environment={"Python": f"{tmp_path}/{name}/venv"}).run()
    assert (outcome.code, "activated" in outcome.lines) == (0, True)
