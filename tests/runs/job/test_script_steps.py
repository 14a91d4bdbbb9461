from __future__ import annotations

import json
import stat
import time

import pytest

from runs.job import layout, node_facts
from tests.runs.job.conftest import JobMaker


def test_it_runs_every_step_in_the_promised_order(make_job: JobMaker) -> None:
    job = make_job(
        command='echo "training with $LEVEL"',
        environment={
            "Variables": {"LEVEL": "7"},
            "PreRunCommandOnComputeNode": ["echo one", "echo two"],
            "PostRunCommandOnComputeNode": ["echo three", "echo four"],
        },
    )
    outcome = job.run()
    assert outcome.code == 0
    plain = [line for line in outcome.lines if not line.startswith("[mantik]")]
    assert plain == ["one", "two", "training with 7", "three", "four"]
    assert outcome.said()[2:] == [
        "before the training: echo one",
        "before the training: echo two",
        "after the training: echo three",
        "after the training: echo four",
        "finished with exit code 0",
    ]


def test_its_own_lines_begin_on_a_line_of_their_own(make_job: JobMaker) -> None:
    job = make_job(
        command="printf 'epoch 1\n2000/2000'",
        environment={
            "PreRunCommandOnComputeNode": ["printf one", "echo two"],
            "PostRunCommandOnComputeNode": ["printf three", "echo four"],
        },
    )
    job.lay_out()
    path = job.folder / layout.LOG
    with path.open("a") as log, job.process(stdout=log) as process:
        process.wait(timeout=60)
    lines = path.read_text().splitlines()
    assert [line for line in lines if not line.startswith("[mantik]")] == [
        *("one", "two", "epoch 1", "2000/2000", "three", "four"),
    ]


def test_it_says_first_what_runs_where(make_job: JobMaker) -> None:
    first, second, *_ = make_job(resources={"Nodes": 2, "Runtime": "30min"}).run().said()
    assert first.startswith("run 7f3a91c2 · commit 0123456 · node ")
    assert second == "2 nodes, 30 min, batch · account demo"


@pytest.mark.parametrize("inline", [True, False])
def test_it_finds_the_code_however_it_was_sent(make_job: JobMaker, inline: bool) -> None:
    outcome = make_job(command="python3 train.py", inline=inline).run()
    assert (outcome.code, "trained" in outcome.lines) == (0, True)


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_it_ends_with_the_exit_code_of_the_training(make_job: JobMaker, code: int) -> None:
    outcome = make_job(command=f"exit {code}").run()
    assert outcome.code == code
    assert outcome.said()[-1] == f"finished with exit code {code}"


def test_it_tells_which_signal_killed_the_training(make_job: JobMaker) -> None:
    assert make_job(command="kill -KILL $$").run().code == 137


def test_it_runs_the_command_as_mlflow_does_in_the_folder_of_the_mlproject(make_job: JobMaker) -> None:
    job = make_job(
        command='pwd; echo "$MANTIK_WORKING_DIRECTORY"; cat ../shared.txt; false; true',
        project_dir="deep/my project",
        files={"deep/my project/MLproject": "", "deep/shared.txt": "shared\n"},
    )
    outcome = job.run()
    folder = str(job.code / "deep/my project")
    assert (outcome.code, [line for line in outcome.lines if not line.startswith("[mantik]")]) == (
        0,
        [folder, folder, "shared"],
    )


def test_it_keeps_output_and_errors_in_one_log(make_job: JobMaker) -> None:
    job = make_job(command="echo out; echo err >&2")
    job.lay_out()
    with job.process() as process:
        assert process.stdout
        log = process.stdout.read()
    assert {"out", "err"} <= set(log.splitlines())


def test_it_gives_the_training_nothing_to_read(make_job: JobMaker) -> None:
    assert "read ''" in make_job(command="read x; echo \"read '$x'\"").run().lines


def test_it_unpacks_once_though_the_site_starts_the_job_a_second_time(make_job: JobMaker) -> None:
    job = make_job(command="cat note; echo changed > note", files={"note": "fresh\n"})
    assert "fresh" in job.run().lines
    assert "changed" in job.start_again().lines


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("not base64!", "the code arrived damaged: it is not base64"),
        ("bm8gYXJjaGl2ZQ==", "the code arrived damaged: its SHA-256 is "),
    ],
)
def test_it_does_not_train_with_damaged_code(make_job: JobMaker, change: str, words: str) -> None:
    job = make_job(environment={"PostRunCommandOnComputeNode": "echo after"})
    job.lay_out()
    (job.folder / layout.CODE_BASE64).write_text(change)
    outcome = job.start_again()
    assert outcome.code == 74
    assert any(line.startswith(words) for line in outcome.said())
    assert outcome.said()[-2:] == ["the training was not started", "finished with exit code 74"]
    assert not {"training", "after"} & set(outcome.lines)


def test_it_notices_that_the_upload_is_missing(make_job: JobMaker) -> None:
    job = make_job(inline=False)
    job.lay_out()
    (job.folder / layout.CODE).unlink()
    outcome = job.start_again()
    assert outcome.code == 74
    assert "its SHA-256 is unknown instead of" in outcome.log


def test_it_waits_for_an_archive_that_is_just_uploaded_again(make_job: JobMaker) -> None:
    job = make_job(command="cat note", files={"note": "whole\n"}, inline=False)
    job.lay_out()
    archive = job.folder / layout.CODE
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with job.process() as process:
        time.sleep(0.5)
        archive.write_bytes(whole)
        log, _ = process.communicate(timeout=60)
    assert (process.returncode, "whole" in log.splitlines()) == (0, True), log


def test_an_upload_that_stays_damaged_ends_the_run(make_job: JobMaker) -> None:
    job = make_job(inline=False)
    job.lay_out()
    (job.folder / layout.CODE).write_bytes(b"")
    outcome = job.start_again()
    assert (outcome.code, "training" in outcome.lines) == (74, False)
    assert any(line.startswith("the code arrived damaged: its SHA-256 is ") for line in outcome.said())


def test_it_says_that_the_folder_of_the_mlproject_is_missing(make_job: JobMaker) -> None:
    outcome = make_job(project_dir="elsewhere").run()
    assert outcome.code == 72
    assert "the MLproject's folder is not in the code" in outcome.said()


def test_it_does_not_train_without_its_file_of_secrets(make_job: JobMaker) -> None:
    job = make_job()
    job.lay_out()
    (job.folder / layout.ENVIRONMENT).unlink()
    outcome = job.start_again()
    assert (outcome.code, "training" in outcome.lines) == (78, False)


def test_it_leaves_the_secrets_to_their_owner(make_job: JobMaker) -> None:
    job = make_job()
    job.lay_out()
    assert stat.S_IMODE((job.folder / layout.ENVIRONMENT).stat().st_mode) == 0o600


def test_it_tells_about_the_node_in_one_line(make_job: JobMaker) -> None:
    gpu = 'Tesla "V100", 16 GiB, 535.1'
    job = make_job(tools={"nvidia-smi": f"printf '%s\\n' '{gpu}' '{gpu}'", "python": "echo 3.12.1"})
    facts = node_facts(job.run().log)
    assert facts
    assert facts["gpus"] == [gpu, gpu]
    assert facts["python_version"] == "3.12.1"
    assert facts["python_executable"].endswith("-bin/python")
    assert facts["cpu_cores"] >= 1
    assert facts["hostname"]


def test_it_tells_about_a_node_without_python_and_gpu(make_job: JobMaker) -> None:
    # Nothing on the path but the tools of this test.
    wanted = ["base64", "bash", "cat", "cut", "mkdir", "sed", "sha256sum", "tar", "gzip", "tr", "uname"]
    job = make_job(tools={tool: f'exec /usr/bin/{tool} "$@"' for tool in wanted})
    job.node = {"PATH": str(job._bin)}
    outcome = job.run()
    assert outcome.code == 0
    line = next(line for line in outcome.lines if line.startswith("[mantik] env "))
    facts = json.loads(line.removeprefix("[mantik] env "))
    assert (facts["python_version"], facts["gpus"], facts["cpu_cores"]) == ("", [], None)


def test_the_log_says_which_files_of_the_code_the_job_goes_without(make_job: JobMaker) -> None:
    sentence = "Some of the code is missing in the job. model.weights is a pointer `$(exit 3)` \\n of Git LFS."
    done = make_job(missing=f"{sentence}\n").run()
    assert done.code == 0
    assert sentence in done.said()


def test_a_job_that_has_all_of_its_code_says_nothing_about_it(make_job: JobMaker) -> None:
    assert "missing" not in make_job().run().log
