from __future__ import annotations

import hashlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs.job.conftest import JobMaker
from tests.runs.job.jobs import SECRETS
from tests.runs.job.scratch import Scratch
from tests.support.examples import examples

# Anything a file can hold: without NUL, and without the halves of a pair.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
NASTY = st.text(st.sampled_from("ab '\"\\$`(){}!*~#&|;<>\n\t%=MANTIK_ENDé🙂"), max_size=40)
PLAIN = (TEXT | NASTY).filter(lambda text: "$" not in text and "`" not in text)


def show(*names: str) -> str:
    """A command that prints these variables, each on a line, in a form that no value can break."""
    return "; ".join(f'printf "%q\\n" "${name}"' for name in names)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$HOME/data", "{home}/data"),
        ("${HOME}/data", "{home}/data"),
        ("$(echo one two)", "one two"),
        ("`echo three`", "three"),
        ("a $HOME 'b' \"c\"", "a {home} 'b' \"c\""),
        ("$LEVEL!", "7!"),
        ("\\$HOME", "$HOME"),
        ("~ * ?", "~ * ?"),
        ("$NOT_SET_ANYWHERE", ""),
    ],
)
def test_it_expands_variables_and_commands_and_nothing_else(make_job: JobMaker, value: str, expected: str) -> None:
    job = make_job(command='echo "<$SHOWN>"', environment={"Variables": {"LEVEL": 7, "SHOWN": value}})
    assert f"<{expected.format(home=job.folder.parent)}>" in job.run().lines


def test_a_value_may_have_the_line_that_would_end_it(make_job: JobMaker) -> None:
    value = "$LEVEL\nMANTIK_VALUE_END\nMANTIK_VALUE_END_\nend"
    job = make_job(command='echo "$SHOWN"', environment={"Variables": {"LEVEL": 7, "SHOWN": value}})
    assert "\n".join(["7", "MANTIK_VALUE_END", "MANTIK_VALUE_END_", "end"]) in "\n".join(job.run().lines)


def test_it_sets_the_variables_before_the_modules_and_in_the_order_of_the_file(make_job: JobMaker) -> None:
    job = make_job(
        environment={"Variables": {"BASE": "/data", "SET": "$BASE/set"}, "Modules": ["GCC"]},
        node={"BASH_FUNC_module%%": '() { echo "module $2 sees $SET"; }'},
    )
    assert "module GCC sees /data/set" in job.run().lines


def test_it_says_how_many_cpus_srun_may_use_unless_the_config_does(make_job: JobMaker) -> None:
    outcome = make_job(command=show("SRUN_CPUS_PER_TASK"), resources={"CPUsPerNode": 8}).run()
    assert "8" in outcome.lines


def test_it_leaves_the_number_of_cpus_to_a_config_that_sets_it(make_job: JobMaker) -> None:
    variables = {"Variables": {"SRUN_CPUS_PER_TASK": 2}}
    job = make_job(command=show("SRUN_CPUS_PER_TASK"), resources={"CPUsPerNode": 8}, environment=variables)
    assert "2" in job.run().lines


def test_a_config_that_decides_how_many_tasks_run_decides_their_cpus_too(make_job: JobMaker) -> None:
    """Of 8 CPUs for each of 3 tasks on a node, srun finds 24."""
    variables = {"Variables": {"SLURM_NTASKS_PER_NODE": 3}}
    job = make_job(command=show("SRUN_CPUS_PER_TASK"), resources={"CPUsPerNode": 8}, environment=variables)
    assert "8" not in job.run().lines


def test_it_shows_python_output_at_once_unless_the_config_says_otherwise(make_job: JobMaker) -> None:
    assert "PYTHONUNBUFFERED=1" in make_job(command="env").run().lines


def test_it_hands_the_secrets_to_the_training_and_never_prints_them(make_job: JobMaker) -> None:
    token = SECRETS["MLFLOW_TRACKING_TOKEN"]
    job = make_job(
        command='printf %s "$MLFLOW_TRACKING_TOKEN" | sha256sum',
        environment={
            "Variables": {"A": "$HOME"},
            "PreRunCommandOnComputeNode": ["set -x", "true"],
            "PostRunCommandOnComputeNode": "false",
        },
        secrets={"MLFLOW_TRACKING_TOKEN": token, "OTHER": "hidden\nvalue='x'\n"},
    )
    outcome = job.run()
    assert (outcome.code, hashlib.sha256(token.encode()).hexdigest() in outcome.log) == (0, True)
    assert not [line for line in outcome.lines if "s3cret" in line or "hidden" in line]


def test_no_value_of_the_config_replaces_a_secret(make_job: JobMaker) -> None:
    variables = {"Variables": {"MLFLOW_RUN_ID": "another", "MLFLOW_TRACKING_URI": "http://elsewhere"}}
    outcome = make_job(command=show("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"), environment=variables).run()
    assert [line for line in outcome.lines if not line.startswith("[mantik]")] == ["0a1b2c", "''"]


@examples(12, 240)
@given(st.dictionaries(st.sampled_from("ABCD"), PLAIN, min_size=1), st.dictionaries(st.just("S"), TEXT | NASTY))
def test_any_text_arrives_as_it_is(variables: dict[str, str], secrets: dict[str, str]) -> None:
    names = [*variables, *secrets]
    dump = "import os, json; print('DUMP', json.dumps([os.environ[n] for n in " + repr(names) + "]))"
    with Scratch(
        command=f"python3 -c {shlex.quote(dump)}", environment={"Variables": variables}, secrets=secrets
    ) as job:
        assert job.dumped() == [*variables.values(), *secrets.values()]
