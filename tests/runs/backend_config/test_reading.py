from __future__ import annotations

import json

import pytest

from runs.backend_config import Apptainer, Environment, ImageType, Resources, Tracking
from tests.runs.backend_config.files import config, environment, parse, resources, warnings

VENV = """\
UnicoreApiUrl: https://hpc.example.org:8080/SITE-A/rest/core
Environment:
  Python: /p/project/demo/venvs/train
  Modules: [Stages/2024, GCC, Python]
  Variables: {OMP_NUM_THREADS: "8"}
  PreRunCommandOnLoginNode: ["mkdir -p $HOME/stage", "date"]
  PreRunCommandOnComputeNode: ["nvidia-smi"]
  PostRunCommandOnComputeNode: ["du -sh ."]
  PostRunCommandOnLoginNode: ["echo done"]
Resources: {Queue: batch, Runtime: 2h, Nodes: 1, CPUsPerNode: 8, GPUsPerNode: 4,
            MemoryPerNode: 64G, Reservation: course, NodeConstraints: a100, QoS: high}
Exclude: ["*.sif", "data/"]
"""
APPTAINER = {
    "UnicoreApiUrl": "https://hpc.example.org:8080/SITE-A/rest/core",
    "Environment": {"Apptainer": {"Path": "train.sif", "Type": "local", "Options": ["--nv", "-B /data:/data"]}},
    "Resources": {"Queue": "batch", "Runtime": "30m", "Nodes": 1, "GPUsPerNode": 1},
}


def test_it_reads_every_key_of_a_yaml_file() -> None:
    read = parse(VENV)
    assert read.unicore_api_url == "https://hpc.example.org:8080/SITE-A/rest/core"
    assert read.resources == Resources(
        queue="batch",
        runtime_seconds=7200,
        nodes=1,
        cpus_per_node=8,
        gpus_per_node=4,
        memory_per_node="64G",
        reservation="course",
        node_constraints="a100",
        qos="high",
    )
    assert read.environment == Environment(
        python="/p/project/demo/venvs/train",
        modules=("Stages/2024", "GCC", "Python"),
        variables={"OMP_NUM_THREADS": "8"},
        pre_login=("mkdir -p $HOME/stage", "date"),
        pre_compute=("nvidia-smi",),
        post_compute=("du -sh .",),
        post_login=("echo done",),
    )
    assert (read.exclude.patterns, read.warnings) == (("*.sif", "data/"), ())


def test_it_reads_a_json_file() -> None:
    read = parse(json.dumps(APPTAINER), "config.json")
    options = ("--nv", "-B", "/data:/data")
    assert read.environment == Environment(apptainer=Apptainer("train.sif", ImageType.LOCAL, options))
    assert (read.resources.runtime_seconds, read.warnings) == (1800, ())


@pytest.mark.parametrize("path", ["config.yml", "a/config.YAML", "config.json"])
def test_json_is_read_under_every_suffix(path: str) -> None:
    assert parse(json.dumps(APPTAINER), path).resources.queue == "batch"


def test_a_queue_is_enough() -> None:
    read = parse("Resources: {Queue: batch}")
    assert (read.resources, read.environment, read.unicore_api_url) == (Resources("batch"), Environment(), None)


def test_it_tells_what_it_asks_for_in_a_few_words() -> None:
    read = parse(VENV)
    assert read.describe() == "1 node, 8 CPUs per node, 4 GPUs per node, 64G per node, 2 h, batch"
    assert read.environment.describe() == "Python environment /p/project/demo/venvs/train, 3 modules"
    assert parse(json.dumps(APPTAINER), "c.json").environment.describe() == "Apptainer image train.sif"
    assert Environment().describe() == "the site's own environment"


@pytest.mark.parametrize(
    ("values", "hours"),
    [
        ({"Nodes": 2, "CPUsPerNode": 8, "Runtime": "30min"}, 8),
        ({"TotalCPUs": 4, "Runtime": "2h"}, 8),
        ({"CPUsPerNode": 8, "Runtime": "1h"}, None),
        ({"TotalCPUs": 4}, None),
    ],
)
def test_it_knows_the_most_core_hours_if_the_file_says_enough(values: dict[str, object], hours: float | None) -> None:
    assert parse(resources(**values)).core_hours_at_most() == hours


# Resources


@pytest.mark.parametrize("value", [2, "2", " 2 ", 2.0])
def test_a_count_may_be_written_in_any_way(value: object) -> None:
    assert parse(resources(Nodes=value)).resources.nodes == 2


@pytest.mark.parametrize(("value", "queue"), [(" gpu ", "gpu"), (7, "7")])
def test_a_text_may_be_a_number(value: object, queue: str) -> None:
    assert parse(resources(Queue=value)).resources.queue == queue


def test_no_gpus_is_a_number_of_gpus() -> None:
    assert parse(resources(GPUsPerNode=0)).resources.gpus_per_node == 0


def test_a_duration_without_a_unit_gets_a_second_look() -> None:
    assert warnings(resources(Runtime=60)) == [
        "Resources.Runtime is 60, which means 60 seconds. Write 60min for minutes."
    ]
    assert warnings(resources(Runtime=3600)) == []


def test_two_numbers_of_cpus_that_differ_get_a_second_look() -> None:
    assert "sites differ in which of the two counts" in warnings(resources(TotalCPUs=4, CPUsPerNode=8))[0]
    assert warnings(resources(TotalCPUs=16, CPUsPerNode=8, Nodes=2)) == []


# Environment


@pytest.mark.parametrize("value", ["/p/venv", "/p/venv/", "/p/venv/bin/activate", {"Path": "/p/venv"}])
def test_a_virtual_environment_may_be_named_in_any_way(value: object) -> None:
    assert parse(environment(Python=value)).environment.python == "/p/venv"


@pytest.mark.parametrize("value", ["GCC Python", ["GCC", "Python"], ["GCC Python"], "GCC\nPython\n"])
def test_modules_may_be_a_list_or_a_text(value: object) -> None:
    assert parse(environment(Modules=value)).environment.modules == ("GCC", "Python")


@pytest.mark.parametrize(("value", "commands"), [("a && b", ("a && b",)), (["a", 1, ""], ("a", "1")), ("a\n", ("a",))])
def test_commands_may_be_a_list_or_a_text(value: object, commands: tuple[str, ...]) -> None:
    assert parse(environment(PreRunCommandOnComputeNode=value)).environment.pre_compute == commands


def test_variables_are_texts_in_the_order_of_the_file() -> None:
    text = "Resources: {Queue: b}\nEnvironment: {Variables: {Z: 8, A: 0.5, M: true, S: '$Z', O: 0077, E: ''}}"
    variables = parse(text).environment.variables
    assert list(variables.items()) == [("Z", "8"), ("A", "0.5"), ("M", "true"), ("S", "$Z"), ("O", "0077"), ("E", "")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({}, Tracking()),
        ({"Relay": False}, Tracking(relay=False)),
        ({"Relay": "False"}, Tracking(relay=False)),
        ({"SystemMetrics": False}, Tracking(system_metrics=False)),
        ({"Relay": True, "SystemMetrics": True}, Tracking()),
    ],
)
def test_a_training_logs_through_the_relay_unless_the_config_says_otherwise(
    written: dict[str, object], read: Tracking
) -> None:
    assert parse(config(Tracking=written)).tracking == read
    assert warnings(config(Tracking=written)) == []


def test_nothing_measures_the_node_without_the_relay() -> None:
    assert warnings(config(Tracking={"Relay": False, "SystemMetrics": True})) == [
        "Tracking.SystemMetrics has no effect without the relay, which is what measures the node. Remove it."
    ]


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_TOKEN", "MLFLOW_RUN_ID", "MANTIK_WORKING_DIRECTORY"])
def test_what_mantik_sets_cannot_be_set(name: str) -> None:
    text = environment(Variables={name: "x"})
    assert parse(text).environment.variables == {}
    assert warnings(text) == [
        f"Environment.Variables.{name} is set by Mantik, so the value here is not used. Remove it."
    ]


@pytest.mark.parametrize("value", ["local", "LOCAL", None])
def test_an_image_is_in_the_repository_unless_it_is_remote(value: str | None) -> None:
    image = {"Path": "img/a.sif"} | ({"Type": value} if value else {})
    apptainer = parse(environment(Apptainer=image)).environment.apptainer
    assert apptainer == Apptainer("img/a.sif", ImageType.LOCAL)
    assert apptainer.path_in_repository("training") == "training/img/a.sif"


def test_a_remote_image_is_not_in_the_repository() -> None:
    apptainer = parse(environment(Apptainer={"Path": "/p/a.sif", "Type": "Remote"})).environment.apptainer
    assert apptainer
    assert (apptainer.type, apptainer.path_in_repository("")) == (ImageType.REMOTE, None)


def test_an_absolute_path_is_at_the_site_whatever_its_type() -> None:
    text = environment(Apptainer={"Path": "/p/a.sif"})
    apptainer = parse(text).environment.apptainer
    assert apptainer == Apptainer("/p/a.sif", ImageType.REMOTE)
    assert "which is taken as a path at the site. Write Type: remote." in warnings(text)[0]


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("--nv", ("--nv",)),
        ("--nv -B /a:/b", ("--nv", "-B", "/a:/b")),
        (["--bind '/my data:/data'", "--env A=$B"], ("--bind", "/my data:/data", "--env", "A=$B")),
        ([], ()),
    ],
)
def test_options_become_words(value: object, options: tuple[str, ...]) -> None:
    apptainer = parse(environment(Apptainer={"Path": "a.sif", "Options": value})).environment.apptainer
    assert apptainer
    assert apptainer.options == options


# What is ignored


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (config(Environment=None), "Environment has no value and is ignored."),
        (config(UnicoreApiUrl=None), "UnicoreApiUrl has no value and is ignored."),
        (resources(Nodes=None), "Resources.Nodes has no value and is ignored. Add a value, or remove the line."),
        (environment(Modules=["GCC", None]), "Environment.Modules has no value in entry 2, which is ignored."),
        (environment(Variables={"A": None}), "Environment.Variables.A has no value, and is set to an empty text."),
    ],
)
def test_it_mentions_a_key_without_a_value(text: str, words: str) -> None:
    assert warnings(text)[0].startswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (config(Enviroment={}), "Enviroment is not a known key and is ignored. Did you mean Environment?"),
        (config(environment={}), "environment is not a known key and is ignored. Did you mean Environment?"),
        (
            config(Colour=1),
            "Colour is not a known key and is ignored. Known keys here are Firecrest, SSH, UnicoreApiUrl",
        ),
        (config(Nodes=2), "Nodes is not a known key and is ignored. Move it to Resources.Nodes."),
        (resources(GPUPerNode=2), "Resources.GPUPerNode is not a known key and is ignored. Did you mean GPUsPerNode?"),
        (resources(Modules=[]), "Resources.Modules is not a known key and is ignored. Move it to Environment.Modules."),
        (environment(Conda="x"), "Environment.Conda is not a known key and is ignored. Known keys here are Apptainer"),
        (
            environment(Apptainer={"Path": "a.sif", "path": "b"}),
            "Environment.Apptainer.path is not a known key and is ignored. Did you mean Path?",
        ),
    ],
)
def test_it_mentions_a_key_that_it_does_not_know(text: str, words: str) -> None:
    assert len(warnings(text)) == 1
    assert warnings(text)[0].startswith(words)
