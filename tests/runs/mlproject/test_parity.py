"""The command lines are those of MLflow itself."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runs.mlproject import MLprojectError, ParameterErrors
from tests.runs.mlproject.files import file_of, parse
from tests.support.examples import examples

# Files as people write them.
REAL = [
    # MLflow's own example.
    """
name: My Project
python_env: python_env.yaml
entry_points:
  main:
    parameters:
      data_file: path
      regularization: {type: float, default: 0.1}
    command: "python train.py -r {regularization} {data_file}"
  validate:
    parameters:
      data_file: path
    command: "python validate.py {data_file}"
""",
    # A folded command, dashes, types that MLflow does not know, paths at the site.
    """
name: forecast
entry_points:
  main:
    parameters:
      data-path: {type: str, default: /p/scratch/demo/data}
      data_file: {type: string, default: 'it''s here.nc'}
      batch-size: {type: int, default: 32}
      augment: {type: bool, default: True}
    command: >-
      python -m train
      --data {data-path} --file {data_file}
      --batch {batch-size} --augment {augment}
""",
    # A literal block, globs, doubled braces, a parameter that is not used.
    """
entry_points:
  split:
    parameters:
      data_file: {default: x}
      unused: {default: y}
    command: |
      set -e
      for f in ${{DATA}}/202???01T*.nc; do
        awk '{{print $1}}' "$f" > {data_file}
      done
  temporal:
    command: python temporal.py
""",
    # Numbers and truth values as defaults.
    """
entry_points:
  main:
    parameters:
      data_file: {default: 1}
      a: {type: float, default: 1.0}
      b: {type: float, default: 0.00001}
      c: {default: 1_000}
      d: {default: off}
      e: {default: 0x1f}
      f: {default: ""}
      g: {default: 1e-3}
      h: {default: .5}
      i: {default: 1.5e+3}
    command: x {data_file} {a} {b} {c} {d} {e} {f} {g} {h} {i}
""",
]
VALUES = ["plain", "two words", "it's", 'a "b" c', "$HOME `id` $(id)", "; rm -rf /", "{x}", "ünï 🙂", "-n"]


def theirs(text: str, name: str, values: Mapping[str, Any]) -> str:
    from mlflow.projects._project_spec import EntryPoint

    body = yaml.safe_load(text)["entry_points"][name]
    entry_point: Any = EntryPoint
    command: str = entry_point(name, body.get("parameters") or {}, body["command"]).compute_command(dict(values), None)
    return command


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("text", REAL)
def test_real_files_give_the_command_lines_of_mlflow(text: str, value: str) -> None:
    for name, entry_point in parse(text).entry_points.items():
        given_values = {p.name: value for p in entry_point.parameters if p.name == "data_file"}
        assert entry_point.command_line(given_values) == theirs(text, name, given_values)


@pytest.mark.parametrize("text", REAL)
def test_real_files_give_the_command_lines_of_mlflow_with_their_defaults(text: str) -> None:
    for name, entry_point in parse(text).entry_points.items():
        required = {p.name: "1" for p in entry_point.parameters if p.required}
        assert entry_point.command_line(required) == theirs(text, name, required)


# Anything that a form can send and a command line can carry.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
NASTY = st.text(st.sampled_from("ab '\"\\$`(){}!*~#&|;<>\n\t=é🙂"), max_size=20)
NAMES = st.lists(st.from_regex(r"[A-Za-zé_][A-Za-z0-9_-]{0,6}", fullmatch=True), unique=True, min_size=1, max_size=4)


@st.composite
def projects(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A file with text parameters, and values for those without a default, and some others."""
    names = draw(NAMES)
    parameters: dict[str, Any] = {
        name: draw(st.just("string") | st.fixed_dictionaries({"default": TEXT})) for name in names
    }
    pieces = st.sampled_from(["x", " ", "'", '"', "{{", "}}", "\n", "*", *(f"{{{name}}}" for name in names)])
    command = "run " + "".join(draw(st.lists(pieces, max_size=12)))
    values = {name: draw(TEXT | NASTY) for name in names if parameters[name] == "string" or draw(st.booleans())}
    return file_of(command, parameters), values


@examples(80, 3200)
@given(projects())
def test_any_text_is_quoted_as_mlflow_does(project: tuple[str, dict[str, str]]) -> None:
    text, values = project
    assert parse(text).entry_points["main"].command_line(values) == theirs(text, "main", values)


@examples(15, 300)
@given(TEXT | NASTY)
def test_a_shell_reads_any_value_as_one_word(value: str) -> None:
    line = parse(file_of("printf '<%s>' {a} end", {"a": "string"})).entry_points["main"].command_line({"a": value})
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == f"<{value}><end>"


@pytest.mark.parametrize("command", ["x ${HOME}", "x {y}", "x {a.b}", "x {", "x {}", "x {0}"])
def test_where_mlflow_fails_with_any_error_we_say_why(command: str) -> None:
    text = file_of(command, {"a": "string"})
    with pytest.raises((KeyError, AttributeError, ValueError, IndexError)):
        theirs(text, "main", {"a": "1"})
    with pytest.raises(MLprojectError, match="command has "):
        parse(text)


def test_what_mlflow_appends_we_refuse() -> None:
    text = file_of("x {a}", {"a": "string"})
    assert theirs(text, "main", {"a": "1", "b": "2"}) == "x 1 --b 2"
    with pytest.raises(ParameterErrors, match=r"b is not a parameter of the entry point main\. It takes a\."):
        parse(text).entry_points["main"].command_line({"a": "1", "b": "2"})
