from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runs.mlproject import MLprojectError, parse_mlproject
from tests.runs.mlproject.files import file_of, parse, refusals
from tests.support.examples import examples

MAIN = "entry_points.main"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "training/MLproject is empty. Fill it in, or choose another file."),
        ("# nothing\n", "training/MLproject is empty."),
        ("[]", "training/MLproject has a list at the top level."),
        ("just words", "training/MLproject has a text at the top level."),
        ("7", "training/MLproject has a number at the top level."),
        ("name: x", "training/MLproject declares no entry_points. Add one, with a command."),
        ("entrypoints: {}", "training/MLproject declares no entry_points. The key entrypoints is spelled differently."),
        ("entry_points:", "training/MLproject: entry_points is empty."),
        ("entry_points: {}", "training/MLproject: entry_points is an empty mapping."),
        ("entry_points: [main]", "training/MLproject: entry_points is a list."),
        ("entry_points: {main: }", f"training/MLproject: {MAIN} is empty."),
        ("entry_points: {main: python x.py}", f"training/MLproject: {MAIN} is 'python x.py'."),
        ("entry_points: {main: {}}", f"training/MLproject: {MAIN}.command is missing."),
        ("entry_points: {main: {command: }}", f"training/MLproject: {MAIN}.command is empty."),
        ("entry_points: {main: {command: 7}}", f"training/MLproject: {MAIN}.command is 7."),
        ("entry_points: {main: {command: ' '}}", f"training/MLproject: {MAIN}.command is an empty text."),
        ("entry_points: {main: {command: [a, b]}}", f"training/MLproject: {MAIN}.command is a list."),
        ("entry_points: {'': {command: x}}", "training/MLproject: entry_points. has no usable name."),
        ("entry_points: {\"a\\nb\": {command: x}}", "training/MLproject: entry_points.a b has no usable name."),
        ("entry_points: {main: {command: x, parameters: [a]}}", f"training/MLproject: {MAIN}.parameters is a list."),
        ("entry_points: {main: {command: x, parameters: 5}}", f"training/MLproject: {MAIN}.parameters is 5."),
        ("name: [x]\nentry_points: {main: {command: x}}", "training/MLproject: name is a list."),
        ("databricks_spark_job: {}\n" + file_of("x"), "training/MLproject: databricks_spark_job is not supported."),
    ],
)  # fmt: skip
def test_it_says_what_is_wrong_with_the_file(text: str, sentence: str) -> None:
    assert refusals(text)[0].startswith(sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("5", "a is 5. Write a type, or a mapping with type and default."),
        ("~", "a is empty. Write a type"),
        ("[int]", "a is a list. Write a type"),
    ],
)
def test_it_says_what_is_wrong_with_a_parameter(body: str, sentence: str) -> None:
    text = f"entry_points: {{main: {{command: 'x {{a}}', parameters: {{a: {body}}}}}}}"
    assert refusals(text)[0].startswith(f"training/MLproject: {MAIN}.parameters.{sentence}")


@pytest.mark.parametrize("name", ["1st", "a b", "a.b", "'-x'", "'{a}'", "é!", "'--'"])
def test_it_refuses_a_name_that_no_placeholder_can_have(name: str) -> None:
    found = refusals(f"entry_points: {{main: {{command: x, parameters: {{{name}: int}}}}}}")
    assert "has no usable name. Use letters, digits, _ and -, and begin with a letter." in found[0]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("x ${HOME}", "has ${HOME}. Write ${{HOME}} for an environment variable, with two braces on each side."),
        ("awk '{print $1}'", "has {print $1}, which is not the name of a parameter. Write {{ and }} for braces"),
        ("x {epoch}", "has the placeholder {epoch}, which is not a parameter. Did you mean {epochs}?"),
        ("x {lr}", "has the placeholder {lr}, which is not a parameter (declared: epochs). Declare it"),
        ("x {epochs.__class__}", "has the placeholder {epochs.__class__}. A placeholder is a plain parameter name"),
        ("x {epochs[0]}", "has the placeholder {epochs[0]}. A placeholder is a plain parameter name"),
        ("x {epochs!r}", "has the placeholder {epochs!r}. A placeholder is a plain parameter name"),
        ("x {epochs:>9999999999}", "has the placeholder {epochs:>9999999999}. A placeholder"),
        ("x {epochs:{epochs}}", "has the placeholder {epochs:{epochs}}. A placeholder"),
        ("x {}", "has {}, which is not the name of a parameter."),
        ("x {0}", "has {0}, which is not the name of a parameter."),
        ("x {", "has a brace without its partner. Write {{ and }} for braces"),
        ("x }", "has a brace without its partner."),
        ("x {epochs", "has a brace without its partner."),
    ],
)
def test_it_says_what_is_wrong_with_a_command(command: str, words: str) -> None:
    found = refusals(file_of(command, {"epochs": "int"}))
    assert found[0].startswith(f"training/MLproject: {MAIN}.command {words}")


def test_it_tells_everything_at_once() -> None:
    text = "entry_points: {a: {command: 'x {y}'}, b: {command: 5}, c: {command: z, parameters: {p: 5}}}"
    assert len(refusals(text)) == 3


def test_it_tells_no_more_than_anybody_reads() -> None:
    entry_points = ", ".join(f"e{number}: 5" for number in range(100))
    found = refusals(f"entry_points: {{{entry_points}}}")
    # The last one says that there are more.
    assert len(found) == 51


# Size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "x" * 70_000, "has 70,003 bytes; at most 65,536 are allowed. Make the file smaller."),
        ("[" * 30_000, "is nested deeper than 20 levels"),
        ("- " * 30_000, "is nested deeper than 20 levels"),
        ("{a: " * 10_000, "is nested deeper than 20 levels"),
        ("a: [" + "x," * 6_000 + "]", "has more than 5,000 values"),
        ("a: &a x\nb: [" + "*a," * 101 + "]", "has more than 100 aliases"),
        (file_of("x" * 20_000), "entry_points.main.command has 20,000 characters; at most 16,384 are allowed."),
        (file_of("x", {f"p{n}": "int" for n in range(201)}), "parameters has 201 entries; at most 200 are allowed"),
        (file_of("x {a}", {"a": {"default": "y" * 5000}}), "a.default has 5,000 characters; at most 4,096 are"),
        ("entry_points: {" + ", ".join(f"e{n}: {{command: x}}" for n in range(101)) + "}", "has 101 entries; at most"),
    ],
)  # fmt: skip
def test_it_refuses_what_is_too_large(text: str, words: str) -> None:
    assert words in refusals(text)[0]


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("levels", [5, 9, 11])
def test_it_refuses_a_file_that_explodes(levels: int) -> None:
    assert "grows too large when its aliases are written out" in refusals(bomb(levels))[0]


def test_it_refuses_merges_that_explode() -> None:
    keys = ", ".join(f"k{number}: 1" for number in range(50))
    lines = [f"a0: &a0 {{{keys}}}"] + [f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9)]
    assert "grows too large" in refusals("\n".join(lines))[0]


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "&a {a: *a}", "a: &a {<<: *a}"])
def test_it_refuses_an_alias_inside_itself(text: str) -> None:
    assert "has an alias that contains itself" in refusals(text)[0]


def test_it_does_not_take_long_over_thousands_of_wrong_placeholders() -> None:
    parameters = {f"parameter_number_{number}": "int" for number in range(200)}
    wrong = "".join(f"{{parametr_nmber_{number}}}" for number in range(700))
    assert len(refusals(file_of(wrong, parameters))) == 10


# YAML


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a {b: 1}\nc: {<<: *a, <<: *a}", "has the key '<<' twice in one mapping (line 2). Remove one of them."),
        ("a:\n\tb: 1", "is indented with a tab in line 2. YAML needs spaces there."),
        ("a: [1", "is not valid YAML in line 1, column 6: expected"),
        ("a: 'x", "is not valid YAML in line 1"),
        ("a: *b", "is not valid YAML in line 1, column 4: found undefined alias 'b'."),
        ("a: 1\n---\nb: 2", "is not valid YAML in line 2"),
        ("%YAML 9.0\n---\na: 1", "is not valid YAML in line 1"),
        ("a: !!python/object/apply:os.system [id]", "uses the YAML tag !!python/object/apply:os.system (line 1)."),
        ("a: !!binary aGk=", "uses the YAML tag !!binary"),
        ("a: !mine x", "uses the YAML tag !mine"),
        ("5: x", "has the key 5, which YAML does not read as text (line 1). Put it in quotes."),
        ("yes: x", "has the key yes, which YAML does not read as text"),
        ("? [a]\n: x", "uses a list or a mapping as a key (line 1)."),
        ("<<: 5", "is not valid YAML in line 1"),
        ('a: "x\\0y"', "has a character in 'x?y' that is not text. Remove it."),
        ('"\\ud800": x', "that is not text. Remove it."),
        ("a: x\x07y", "is not valid YAML: it has characters that are not text. Remove them."),
        ("a: " + "9" * 5000, "has a number that is too long."),
        ("a: -" + "9" * 5000, "has a number that is too long."),
    ],
)
def test_it_says_what_is_wrong_with_the_yaml(text: str, words: str) -> None:
    found = refusals(text)
    assert len(found) == 1
    assert found[0].startswith("training/MLproject ")
    assert words in found[0]


@pytest.mark.parametrize("content", [b"\xff\xfea\0:\0 \0x\0", b"a: caf\xe9", bytes(range(256))])
def test_it_says_that_a_file_is_no_text(content: bytes) -> None:
    assert "is not UTF-8 text (byte" in refusals(content)[0]


@pytest.mark.parametrize("number", ["0x" + "f" * 5000, "0b" + "1" * 20_000, "0x_", "0b_", "1" * 4000 + ".5"])
def test_an_odd_number_is_read_as_somebody_wrote_it_or_refused(number: str) -> None:
    text = f"entry_points: {{main: {{command: 'x {{a}}', parameters: {{a: {{default: {number}}}}}}}}}"
    try:
        told = parse(text).entry_points["main"].parameters[0].default
    except MLprojectError as error:
        told = error.message
    assert told in (number, "inf") or "characters; at most 4,096 are allowed" in str(told)


@examples(100, 4000)
@given(
    st.binary(max_size=200) | st.text(st.sampled_from("abd:{}[]&*!|>-?%@,'\"\n \t#<~0.x_"), max_size=80).map(str.encode)
)
def test_no_file_ends_in_anything_but_a_project_or_sentences(content: bytes) -> None:
    try:
        told = [parse_mlproject(content, path="MLproject").path]
    except MLprojectError as error:
        told = [problem.message for problem in error.problems]
    assert told
    assert all(sentence.startswith("MLproject") for sentence in told)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["main", "command", "parameters", "type", "default", "a", "name"]), inner, max_size=3
    ),
    max_leaves=8,
)  # fmt: skip


@examples(100, 4000)
@given(st.fixed_dictionaries({"entry_points": VALUES}, optional={"name": VALUES, "docker_env": VALUES}))
def test_no_shape_of_values_ends_in_anything_else_either(document: object) -> None:
    content = yaml.dump(document, Dumper=yaml.SafeDumper).encode()
    try:
        told = parse_mlproject(content, path="MLproject").default_entry_point.command
    except MLprojectError as error:
        told = error.message
    assert told
