"""Files as people really have them, with other names: MLflow runs them, so Mantik has to."""

from __future__ import annotations

import pytest
import yaml

from runs.mlproject import MLprojectError, ParameterErrors, ParameterType
from tests.runs.mlproject.files import file_of, parse, refusals, warnings
from tests.runs.mlproject.test_parity import theirs

# Ten entry points of one research code. Types that only their program knows, None for "no value", paths under float.
TEN = """\
name: weather regimes
conda_env: environment.yml
entry_points:
  download:
    parameters: {target: path}
    command: python -m regimes.download --target {target}
  split:
    parameters:
      years: {type: "list[int]", default: [2020, 2021]}
      shares: {type: "list[float]", default: [0.8, .2]}
      names: {type: "list[str]", default: "['t2m', 'z500']"}
    command: python -m regimes.split --years {years} --shares {shares} --names {names}
  train:
    parameters:
      level: {type: int, default: None}
      model_path: {type: float, default: /p/project/demo/models/base/}
      epochs: {type: int, default: 10.0}
      steps: {type: int, default: 1e3}
      rate: {type: float, default: None}
      mixed: {type: bool, default: None}
      devices: {type: int, default: auto}
      seed: {type: int, default: ""}
      batch: {type: int, default: 32}
    command: >
      python -m regimes.train --level {level} --model {model_path} --epochs {epochs} --steps {steps}
      --rate {rate} --mixed {mixed} --devices {devices} --seed {seed} --batch {batch}
  cluster:
    parameters: {method: {type: "Literal[kmeans, dbscan]", default: kmeans}, k: {type: int, default: None}}
    command: python -m regimes.cluster {method} {k}
  temporal: {command: python -m regimes.temporal}
  plot: {parameters: {fields: {type: dict, default: {t2m: K}}}, command: "python -m regimes.plot {fields}"}
  evaluate:
    parameters: {run: string}
    command: python -m regimes.evaluate {run} --figures {figures}
  export:
    command: python -m regimes.export ${OUT}
  publish: {command: [python, publish.py]}
  test:
    parameters: {pattern: {type: str, default: "*"}}
    command: pytest -k {pattern}
"""
WHOLE = ["download", "split", "train", "cluster", "temporal", "plot", "test"]

TWICE = """\
entry_points:
  train:
    command: python old.py
  main:
    parameters:
      epochs: {type: int, default: 1}
      epochs: {type: int, default: 2}
    command: python first.py {epochs}
    command: python second.py {epochs}
  train:
    command: python new.py
"""


def test_every_entry_point_that_mlflow_runs_is_offered() -> None:
    assert list(parse(TEN).entry_points) == WHOLE


@pytest.mark.parametrize("name", WHOLE)
def test_their_commands_are_those_of_mlflow(name: str) -> None:
    required = {"target": "/tmp"} if name == "download" else {}
    assert parse(TEN).entry_point(name).command_line(required) == theirs(TEN, name, required)


def test_what_does_not_fit_is_said_in_one_warning_for_the_entry_point() -> None:
    (told,) = parse(TEN).entry_point("train").warnings
    assert told.message == (
        "training/MLproject: level is declared int and its default is None; it is passed as written. "
        "model_path is declared float and its default is /p/project/demo/models/base/; it is passed as written. "
        "epochs is declared int and its default is 10.0; it is passed as written. "
        "steps is declared int and its default is 1e3; it is passed as written. "
        "rate is declared float and its default is None; it is passed as written. "
        "And 2 more; see the note at each input."
    )


def test_each_is_told_at_its_input() -> None:
    told = {parameter.name: parameter.help for parameter in parse(TEN).entry_point("train").parameters}
    assert told["devices"] == "default auto (not an int; passed as written)"
    assert (told["seed"], told["batch"]) == ("default empty", "default 32")


def test_a_type_that_nobody_checks_takes_any_text() -> None:
    years = parse(TEN).entry_point("split").parameters[0]
    assert (years.type, years.declared, years.default) == (ParameterType.UNKNOWN, "list[int]", "[2020, 2021]")
    assert years.help == "default [2020, 2021] (not checked; passed as written)"
    assert parse(TEN).entry_point("split").clean({"years": "range(3)"})["years"] == "range(3)"


def test_the_warnings_of_an_entry_point_are_for_who_runs_it() -> None:
    project = parse(TEN)
    assert project.entry_point("temporal").warnings == project.entry_point("test").warnings == ()
    assert not [warning for warning in project.warnings if "is declared" in warning.message]


def test_an_entry_point_that_cannot_be_run_takes_only_itself_away() -> None:
    project = parse(TEN)
    assert list(project.broken) == ["evaluate", "export", "publish"]
    assert [warning.message for warning in project.warnings][1:] == [
        "training/MLproject: the entry point evaluate is not offered, because its command has "
        "the placeholder {figures}, which is not a parameter (declared: run). Declare it under parameters, or write "
        "{{figures}} if the braces belong to the shell.",
        "training/MLproject: the entry point export is not offered, because its command has "
        "${OUT}. Write ${{OUT}} for an environment variable, with two braces on each side.",
        "training/MLproject: the entry point publish is not offered, because its command is "
        "a list. Write the shell command as one text, for example 'python train.py'.",
    ]


def test_who_asks_for_it_is_told_what_is_wrong() -> None:
    with pytest.raises(MLprojectError, match=r"entry_points\.publish\.command is a list\. Write the shell command"):
        parse(TEN).entry_point("publish")


def test_without_main_it_stands_on_the_first_that_can_be_run() -> None:
    assert parse("entry_points: {main: {command: 5}, b: 7, c: {command: x}}").default_entry_point.name == "c"


def test_many_that_cannot_be_run_are_named_in_few_warnings() -> None:
    bad = ", ".join(f"e{number}: 5" for number in range(40))
    told = warnings(f"entry_points: {{{bad}, main: {{command: x}}}}")
    assert len(told) == 6
    assert told[0] == (
        "training/MLproject: the entry point e0 is not offered, because it is 5. "
        "Write a mapping with command, and parameters if it takes any."
    )
    assert told[-1].startswith("training/MLproject: entry_points has 35 more that are not offered: e5, e6, e7")
    assert told[-1].endswith("e38 and e39.")


def test_a_file_with_no_other_entry_point_is_refused() -> None:
    assert refusals("entry_points: {main: 5, b: {command: 'x {y}'}}")[0].startswith(
        "training/MLproject: entry_points.main is 5."
    )


@pytest.mark.parametrize("parameter", ["a: 5", "a: ~", "a: [int]", "1st: int"])
def test_a_parameter_that_mlflow_could_not_read_takes_its_entry_point_away(parameter: str) -> None:
    project = parse(f"entry_points: {{bad: {{command: x, parameters: {{{parameter}}}}}, good: {{command: y}}}}")
    assert (list(project.entry_points), list(project.broken)) == (["good"], ["bad"])


# Keys that stand twice


def test_of_a_key_that_stands_twice_the_last_counts_as_with_mlflow() -> None:
    project = parse(TWICE)
    assert {name: each.command_line({}) for name, each in project.entry_points.items()} == {
        "train": "python new.py",
        "main": "python second.py 2",
    }
    assert theirs(TWICE, "main", {}) == "python second.py 2"
    assert list(project.entry_points) == list(yaml.safe_load(TWICE)["entry_points"])


def test_it_says_which_keys_and_where() -> None:
    assert warnings(TWICE) == [
        "training/MLproject has the same key twice in one mapping, and only the last one counts: epochs (line 7), "
        "command (line 9) and train (line 10). Remove the others."
    ]


def test_that_is_one_warning_however_many_there_are() -> None:
    text = "entry_points:\n" + "  main: {command: x}\n" * 9
    assert warnings(text) == [
        "training/MLproject has the same key twice in one mapping, and only the last one counts: main (line 3), "
        "main (line 4), main (line 5), main (line 6), main (line 7) and 3 more. Remove the others."
    ]


# Values that a person types


def values(kind: str, default: object, typed: str) -> dict[str, str]:
    text = file_of("x {a}", {"a": {"type": kind, "default": default}})
    return parse(text).entry_points["main"].clean({"a": typed})


@pytest.mark.parametrize(
    ("kind", "default", "typed"),
    [
        ("int", "None", "None"),
        ("int", "None", " None "),
        ("int", "10.0", "10.0"),
        ("bool", "None", "None"),
        # A type that its own default does not have says nothing about other values either.
        ("float", "/p/project/demo/base", "/p/project/demo/large"),
        ("int", "auto", "cpu"),
        ("int", "10.0", "20.0"),
        ("list[int]", [1, 2], "[3]"),
    ],
)
def test_a_default_may_be_typed_and_so_may_what_is_like_it(kind: str, default: object, typed: str) -> None:
    assert values(kind, default, typed) == {"a": typed.strip()}


@pytest.mark.parametrize("default", ["None", "", "3"])
def test_a_slip_of_the_hand_is_still_found(default: str) -> None:
    with pytest.raises(ParameterErrors, match="a is 'abc', which is not a whole number"):
        values("int", default, "abc")


@pytest.mark.parametrize(("kind", "default"), [("uri", "no-scheme"), ("uri", "http://[::1"), ("path", "a\nb")])
def test_what_mlflow_refuses_when_it_runs_is_refused_before(kind: str, default: str) -> None:
    """The file is read, and another value will do."""
    text = file_of("x {a}", {"a": {"type": kind, "default": default}})
    (warning,) = warnings(text)
    assert warning.endswith("Type another.")
    for given in ({}, {"a": default}):
        with pytest.raises(ParameterErrors, match=r"a (is '|contains a line break)"):
            parse(text).entry_points["main"].clean(given)
    assert parse(text).entry_points["main"].clean({"a": "s3://bucket/x"}) == {"a": "s3://bucket/x"}


@pytest.mark.parametrize("declared", ["'list[int]'", "flaot", "{type: [int]}", "{type: ~}", "{type: 5}"])
def test_a_value_of_any_type_is_still_required(declared: str) -> None:
    project = parse(f"entry_points: {{main: {{command: 'x {{a}}', parameters: {{a: {declared}}}}}}}")
    for given in ({}, {"a": " "}):
        with pytest.raises(ParameterErrors, match=r"a is missing\. The entry point main needs a value \("):
            project.entry_points["main"].clean(given)


def test_a_misspelled_type_is_guessed() -> None:
    assert warnings(file_of("x {a}", {"a": "flaot"})) == [
        "training/MLproject: a is declared flaot, which is not checked; it is passed as written. Did you mean float?"
    ]


# What authors say of their parameters


def test_the_description_of_a_parameter_is_help_for_who_fills_it_in() -> None:
    text = file_of(
        "x {a} {b}",
        {"a": {"type": "int", "default": 3, "description": "How often\nto look."}, "b": {"description": "Where"}},
    )
    assert warnings(text) == []
    assert [each.help for each in parse(text).entry_points["main"].parameters] == [
        "How often to look. · default 3",
        "Where · required",
    ]


def test_a_description_that_is_no_text_is_mentioned() -> None:
    (warning,) = warnings(file_of("x {a}", {"a": {"description": ["x"]}}))
    assert warning.endswith("parameters.a.description is a list and is not used. Write a text.")


# Many of a kind


def test_parameters_that_the_command_does_not_use_are_one_warning() -> None:
    assert warnings(file_of("x", {f"p{number}": "int" for number in range(40)})) == [
        "training/MLproject: entry_points.main.command does not use the parameters p0, p1, p2, p3, p4 and 35 more. "
        "Add them, each in braces, or remove them."
    ]


def test_placeholders_in_quotes_are_one_warning() -> None:
    assert warnings(file_of("x '{a}' '{b}'", {"a": "int", "b": "int"})) == [
        "training/MLproject: entry_points.main.command has {a} and {b} inside quotes. "
        "Values bring their own quotes: remove those around them."
    ]
