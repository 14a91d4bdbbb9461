from __future__ import annotations

import pytest

from tests.runs.job.conftest import JobMaker

BEFORE, AFTER = "PreRunCommandOnComputeNode", "PostRunCommandOnComputeNode"


def test_it_keeps_what_commands_before_the_training_export(make_job: JobMaker) -> None:
    commands = ["export A=1", "declare -x B=2", "set -a\nC=3\nset +a", "cd /tmp"]
    outcome = make_job(command='echo "$A $B $C $PWD"', environment={BEFORE: commands}).run()
    assert "1 2 3 /tmp" in outcome.lines


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("false", 1),
        ("exit 5", 5),
        ("(exit 9)", 9),
        ("true && no-such-program", 127),
        ("set -e\nfalse\ntrue", 1),
    ],
)
def test_it_ends_at_the_first_command_that_fails_with_its_exit_code(
    make_job: JobMaker, command: str, code: int
) -> None:
    outcome = make_job(environment={BEFORE: [command, "echo second"], AFTER: "echo after"}).run()
    assert outcome.code == code
    assert not {"second", "training"} & set(outcome.lines)
    assert "after" in outcome.lines
    assert "the training was not started" in outcome.said()


@pytest.mark.parametrize("command", ["echo 'not closed", "if then", "done"])
def test_it_ends_at_a_command_that_bash_cannot_read(make_job: JobMaker, command: str) -> None:
    outcome = make_job(environment={BEFORE: command, AFTER: "echo after"}).run()
    # Which of the two depends on the version of bash.
    assert outcome.code in (1, 2)
    assert ("training" in outcome.lines, "after" in outcome.lines) == (False, True)


def test_it_names_the_exit_code_of_a_command_that_fails(make_job: JobMaker) -> None:
    outcome = make_job(environment={BEFORE: "(exit 9)"}).run()
    assert "this command failed with exit code 9" in outcome.said()


def test_it_fails_the_run_if_a_command_leaves_before_the_training(make_job: JobMaker) -> None:
    outcome = make_job(environment={BEFORE: "exit 0"}).run()
    assert (outcome.code, "training" in outcome.lines) == (1, False)


def test_it_goes_on_after_a_command_that_made_the_shell_strict(make_job: JobMaker) -> None:
    job = make_job(environment={BEFORE: ["set -eu", "echo second"], AFTER: ["set -eu", "echo $NOT_SET", "echo last"]})
    outcome = job.run()
    assert outcome.code == 0
    assert {"second", "training", "last"} <= set(outcome.lines)


def test_it_comes_back_from_the_jobs_own_folder(make_job: JobMaker) -> None:
    """Many configs end with this command, because earlier versions had the code in that folder."""
    job = make_job(
        command="pwd",
        environment={BEFORE: ["cd /tmp", "cd $UC_WORKING_DIRECTORY"]},
    )
    job.node = {"UC_WORKING_DIRECTORY": str(job.folder)}
    assert str(job.code) in job.run().lines


def test_it_does_not_train_elsewhere_when_a_command_has_removed_the_code(make_job: JobMaker) -> None:
    outcome = make_job(environment={BEFORE: ["cd ..", "rm -r code"]}).run()
    assert (outcome.code, "training" in outcome.lines) == (72, False)
    assert "a command has removed the MLproject's folder" in outcome.said()


def test_it_takes_commands_of_many_lines_with_any_quotes(make_job: JobMaker) -> None:
    command = 'cat <<MANTIK_END\nit\'s "quoted" `echo here`\nMANTIK_END\nfor i in 1 2; do\n  echo "no $i"\ndone'
    outcome = make_job(environment={BEFORE: command}).run()
    assert {'it\'s "quoted" here', "no 1", "no 2", "training"} <= set(outcome.lines)
    assert "before the training: cat <<MANTIK_END" in outcome.said()


def test_it_takes_a_block_of_yaml_with_its_line_break_at_the_end(make_job: JobMaker) -> None:
    outcome = make_job(environment={BEFORE: "echo one &&\n  echo two\n"}).run()
    assert {"one", "two", "training"} <= set(outcome.lines)


def test_it_gives_commands_nothing_to_read(make_job: JobMaker) -> None:
    environment = {BEFORE: ["cat", "echo second"], AFTER: ["cat", "echo last"]}
    outcome = make_job(environment=environment).run()
    assert outcome.code == 0
    assert {"second", "training", "last"} <= set(outcome.lines)
    assert "words of the site" not in outcome.log


def test_it_runs_the_commands_afterwards_whatever_became_of_the_training(make_job: JobMaker) -> None:
    outcome = make_job(command="exit 4", environment={AFTER: ["false", "echo still"]}).run()
    assert outcome.code == 4
    assert "still" in outcome.lines
    assert "this command failed with exit code 1" in outcome.said()


def test_it_keeps_the_exit_code_though_a_command_afterwards_leaves(make_job: JobMaker) -> None:
    outcome = make_job(command="exit 4", environment={AFTER: ["exit 0", "echo never"]}).run()
    assert (outcome.code, "never" in outcome.lines) == (4, False)
    assert outcome.said()[-1] == "finished with exit code 4"


def test_it_does_not_print_what_the_site_traces(make_job: JobMaker) -> None:
    outcome = make_job(node={"SHELLOPTS": "xtrace"}).run()
    assert outcome.code == 0
    assert "s3cret" not in outcome.log
