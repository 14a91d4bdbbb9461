"""Whatever people write into their files and forms, the script is one that bash reads."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

from hypothesis import example, given
from hypothesis import strategies as st

from runs.backend_config import Apptainer, BackendConfig, Environment, ImageType, Resources
from runs.job import JobRun, job_script
from tests.runs.job.jobs import RUN
from tests.runs.job.scratch import Scratch
from tests.support.examples import examples

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
NASTY = st.text(st.sampled_from("ab '\"\\$`(){}!*~#&|;<>\n\té🙂"), max_size=30)
ANY = TEXT | NASTY | st.sampled_from(["MANTIK_END", "x\nMANTIK_END\nrm -rf /", "$(", "`", "${", "-n", "EOF"])
LINE = ANY.map(lambda text: "".join(text.split("\n")) or "x")
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
COMMANDS = st.lists(ANY, max_size=2).map(tuple)

IMAGES = st.builds(
    Apptainer,
    path=LINE,
    type=st.sampled_from(ImageType),
    options=st.lists(LINE | st.just("$A:${B}"), max_size=3).map(tuple),
)
ENVIRONMENTS = st.builds(
    Environment,
    apptainer=st.none() | IMAGES,
    python=st.none() | LINE,
    modules=st.lists(LINE, max_size=2).map(tuple),
    variables=st.dictionaries(NAME, ANY, max_size=3),
    pre_compute=COMMANDS,
    post_compute=COMMANDS,
)
CONFIGS = st.builds(
    BackendConfig,
    path=st.just("config.yaml"),
    resources=st.builds(Resources, queue=LINE, cpus_per_node=st.none() | st.integers(1, 99)),
    environment=ENVIRONMENTS,
)
RUNS = st.builds(JobRun, short_id=st.just("7f3a91c2"), name=ANY, commit=st.just("0" * 40), account=ANY)


@examples(60, 2400)
@given(RUNS, CONFIGS, ANY, LINE)
def test_bash_reads_every_script(run: JobRun, config: BackendConfig, command: str, folder: str) -> None:
    script = job_script(run=run, config=config, command_line=command, project_dir=folder)
    done = subprocess.run(["/bin/bash", "-n"], input=script.encode(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b""), script


@examples(15, 300)
@given(st.lists(ANY, min_size=1, max_size=5))
@example(["", "'", "\n", "a b", "$HOME", "$(id)", "*", "MANTIK_END\n"])
def test_the_words_of_a_command_arrive_as_they_are(words: list[str]) -> None:
    dump = "import json, sys; print('DUMP', json.dumps(sys.argv[1:]))"
    with Scratch(command=shlex.join(["python3", "-c", dump, *words])) as job:
        assert job.dumped() == words


@examples(10, 200)
@given(st.lists(LINE.filter(lambda text: "$" not in text), min_size=1, max_size=4))
def test_the_options_of_a_container_arrive_as_they_are(options: list[str]) -> None:
    environment = Environment(apptainer=Apptainer("train.sif", options=tuple(options)))
    script = job_script(
        run=RUN, config=BackendConfig("c", Resources("q"), environment), command_line="x", project_dir=""
    )
    launch = next(line for line in re.findall(r"^mantik_launch=\((.*)\)$", script, re.MULTILINE | re.DOTALL))
    launch = launch.split('\n[ -z "$SLURM_JOB_ID"')[0].removesuffix(")")
    dump = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = subprocess.run(
        ["/bin/bash", "-c", f'launch=({launch})\npython3 -c {shlex.quote(dump)} "${{launch[@]}}"'],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert json.loads(done.stdout)[2 : 2 + len(options)] == options


def test_a_name_cannot_add_a_line_to_the_script() -> None:
    run = JobRun(short_id="1", name="x\nrm -rf /\u2028y", commit="0" * 40, account="demo\n'$(id)'")
    script = job_script(run=run, config=BackendConfig("c", Resources("q")), command_line="x", project_dir="")
    assert script.splitlines()[1] == "# Run 1 of Mantik: x rm -rf / y"
    assert not [line for line in script.splitlines() if line.startswith("rm")]


def test_it_is_the_same_script_each_time() -> None:
    config = BackendConfig("c", Resources("q"), Environment(variables={"B": "1", "A": "$B"}))
    scripts = {job_script(run=RUN, config=config, command_line="x", project_dir="") for _ in range(3)}
    assert len(scripts) == 1
