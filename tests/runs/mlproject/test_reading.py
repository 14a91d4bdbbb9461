from __future__ import annotations

import pytest

from runs.mlproject import EntryPoint, MLprojectError, Parameter, ParameterType, parse_mlproject
from tests.runs.mlproject.files import PATH, file_of, parse, warnings

REAL = """\
name: wine quality

conda_env: conda.yaml

entry_points:
  split:
    command: python split.py --files 202???01T*.nc --to ${{SCRATCH}}/split
  train:
    parameters:
      alpha: float
      data-path: {type: path, default: /p/scratch/demo/wine}
      epochs: {type: int, default: 20}
      model: {type: str, default: resnet}
      pretrained: {type: bool, default: false}
      url: {type: uri, default: "https://example.org/wine.csv"}
      seed: {default: 7}
    command: >
      python train.py {alpha}
      --data {data-path} --epochs {epochs}
      --model {model} --pretrained {pretrained} --url {url} --seed {seed}
"""


def test_it_reads_a_real_file() -> None:
    project = parse(REAL)
    assert (project.path, project.name, project.directory) == (PATH, "wine quality", "training")
    assert list(project.entry_points) == ["split", "train"]
    assert project.entry_points["train"].parameters == (
        Parameter("alpha", ParameterType.FLOAT),
        Parameter("data-path", ParameterType.PATH, "/p/scratch/demo/wine"),
        Parameter("epochs", ParameterType.INT, "20"),
        Parameter("model", ParameterType.STRING, "resnet"),
        Parameter("pretrained", ParameterType.BOOL, "False"),
        Parameter("url", ParameterType.URI, "https://example.org/wine.csv"),
        Parameter("seed", ParameterType.STRING, "7"),
    )


def test_it_makes_the_command_line_of_a_real_file() -> None:
    command_line = parse(REAL).entry_point("train").command_line({"alpha": "0.5", "model": "it's mine"})
    assert command_line == (
        "python train.py 0.5 --data /p/scratch/demo/wine --epochs 20 --model 'it'\"'\"'s mine' "
        "--pretrained False --url https://example.org/wine.csv --seed 7\n"
    )


def test_globs_and_doubled_braces_are_for_the_shell() -> None:
    line = parse(REAL).entry_point("split").command_line({})
    assert line == "python split.py --files 202???01T*.nc --to ${SCRATCH}/split"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("entry_points: {b: {command: x}, main: {command: y}, a: {command: z}}", "main"),
        ("entry_points: {b: {command: x}, a: {command: y}}", "b"),
    ],
)
def test_the_default_is_main_or_else_the_first(text: str, expected: str) -> None:
    assert parse(text).default_entry_point.name == expected


def test_the_root_of_the_repository_is_a_blank_folder() -> None:
    assert parse_mlproject(file_of("x").encode(), path="MLproject").directory == ""


@pytest.mark.parametrize(
    "text", ["\ufeffentry_points: {main: {command: x}}", "%YAML 1.1\n---\nentry_points: {main: {command: x}}\n"]
)
def test_it_reads_what_editors_put_in_front(text: str) -> None:
    assert parse(text).entry_points["main"] == EntryPoint("main", (), "x")


@pytest.mark.parametrize("spelling", ["parameters:", "parameters: {}", "parameters: ~"])
def test_an_entry_point_may_have_no_parameters(spelling: str) -> None:
    text = f"entry_points:\n  main:\n    {spelling}\n    command: x\n"
    assert parse(text).entry_points["main"].parameters == ()


def test_anchors_and_merges_are_read() -> None:
    text = """\
entry_points:
  train: &train
    parameters: &common {lr: {type: float, default: 0.1}}
    command: train {lr}
  test:
    <<: *train
    command: test {lr}
"""
    assert parse(text).entry_point("test").command_line({}) == "test 0.1"


@pytest.mark.parametrize(
    ("default", "text"),
    [
        ("0.00001", "1e-05"),
        ("1e-5", "1e-5"),
        ("1_000", "1000"),
        ("0x10", "16"),
        ("0b11", "3"),
        ("yes", "True"),
        ("''", ""),
        (".inf", "inf"),
        ("'a b'", "a b"),
        # Plain YAML would make 10, 90 and a date of these.
        ("012", "012"),
        ("1:30", "1:30"),
        ("2024-01-31", "2024-01-31"),
    ],
)
def test_a_default_is_what_mlflow_would_write_or_what_the_author_wrote(default: str, text: str) -> None:
    project = parse(f"entry_points: {{main: {{command: 'x {{a}}', parameters: {{a: {{default: {default}}}}}}}}}")
    assert project.entry_points["main"].parameters[0].default == text


@pytest.mark.parametrize("default", ["~", "null", ""])
def test_no_default_means_required(default: str) -> None:
    project = parse(f"entry_points: {{main: {{command: 'x {{a}}', parameters: {{a: {{default: {default}}}}}}}}}")
    assert project.entry_points["main"].parameters[0].required


def test_it_says_which_entry_points_there_are() -> None:
    with pytest.raises(MLprojectError, match=r"has no entry point 'nope'. Choose split or train."):
        parse(REAL).entry_point("nope")


@pytest.mark.parametrize("name", ["Train", "trian", "train.py"])
def test_it_guesses_which_entry_point_was_meant(name: str) -> None:
    with pytest.raises(MLprojectError, match=r"Did you mean train\?"):
        parse(REAL).entry_point(name)


@pytest.mark.parametrize("name", ["x.py", "x.sh", "../x.py"])
def test_a_script_is_no_entry_point_unless_declared(name: str) -> None:
    with pytest.raises(MLprojectError, match="has no entry point"):
        parse(REAL).entry_point(name)


# What is only doubtful


def test_a_clean_file_has_no_warnings() -> None:
    assert warnings(file_of("x {a} ${{HOME}}", {"a": "float"})) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("docker_env: {image: demo}", "docker_env is not used, because compute nodes run no Docker."),
        ("conda_env: conda.yaml", "conda_env is not used: the environment of a run is set"),
        ("python_env: ../../../../etc/passwd", "python_env is not used"),
        ("entrypoints: {}", "entrypoints is not a known key and is not used. Did you mean entry_points?"),
        ("something: 1", "something is not a known key and is not used. Known keys are name, "),
    ],
)
def test_it_mentions_keys_that_have_no_effect(text: str, words: str) -> None:
    found = warnings(text + "\n" + file_of("x"))
    assert len(found) == 1
    assert found[0].startswith(f"training/MLproject: {words}")


def test_it_mentions_both_of_two_environments() -> None:
    assert len(warnings("conda_env: a\npython_env: b\n" + file_of("x"))) == 2


@pytest.mark.parametrize("command", ["x '{a}'", 'x "{a}"', 'x "is \\" {a}"', "x \"it's\" '{a}'"])
def test_it_mentions_quotes_around_a_placeholder(command: str) -> None:
    assert warnings(file_of(command, {"a": "string"})) == [
        "training/MLproject: entry_points.main.command has {a} inside quotes. "
        "Values bring their own quotes: remove those around it."
    ]


@pytest.mark.parametrize("command", ["x 'b' {a}", "x \"b\" {a} 'c'", "x \\' {a}", "x 'it'\"'\"'s' {a}"])
def test_it_does_not_mind_quotes_elsewhere(command: str) -> None:
    assert warnings(file_of(command, {"a": "string"})) == []


def test_it_mentions_a_parameter_that_the_command_does_not_use() -> None:
    assert warnings(file_of("x", {"a": "string"})) == [
        "training/MLproject: entry_points.main.command does not use the parameter a. Add {a}, or remove it."
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "{comand: x, command: y}",
            "entry_points.main.comand is not a known key and is not used. Did you mean command?",
        ),
        ("{command: 'x {a}', parameters: {a: {typ: int}}}", "entry_points.main.parameters.a.typ is not a known key"),
    ],
)
def test_it_mentions_unknown_keys_inside(body: str, words: str) -> None:
    assert warnings(f"entry_points: {{main: {body}}}")[0].startswith(f"training/MLproject: {words}")
