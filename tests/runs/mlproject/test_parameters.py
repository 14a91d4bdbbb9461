from __future__ import annotations

import pytest

from runs.mlproject import EntryPoint, Parameter, ParameterErrors, ParameterType
from tests.runs.mlproject.files import file_of, parse


def entry_point(kind: str, default: object = None) -> EntryPoint:
    body = kind if default is None else {"type": kind, "default": default}
    return parse(file_of("x {a}", {"a": body})).entry_points["main"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("string", ParameterType.STRING),
        ("str", ParameterType.STRING),
        ("float", ParameterType.FLOAT),
        ("double", ParameterType.FLOAT),
        ("int", ParameterType.INT),
        ("integer", ParameterType.INT),
        ("bool", ParameterType.BOOL),
        ("boolean", ParameterType.BOOL),
        ("path", ParameterType.PATH),
        ("uri", ParameterType.URI),
        (" Float ", ParameterType.FLOAT),
    ],
)
def test_it_knows_the_types_that_people_write(word: str, kind: ParameterType) -> None:
    assert entry_point(word).parameters[0].type is kind


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("int", "3", "3"),
        ("int", " -3 ", "-3"),
        ("int", 3, "3"),
        ("float", "1e-3", "1e-3"),
        ("float", ".5", ".5"),
        ("float", "-inf", "-inf"),
        ("float", "NaN", "NaN"),
        ("bool", "True", "True"),
        ("bool", "no", "no"),
        ("bool", True, "True"),
        ("path", "/p/my data", "/p/my data"),
        ("path", "../x", "../x"),
        ("uri", "s3://bucket/x", "s3://bucket/x"),
        ("string", " as it is ", " as it is "),
        ("string", "", ""),
    ],
)
def test_it_takes_a_value_that_fits_its_type(kind: str, value: object, text: str) -> None:
    assert entry_point(kind).clean({"a": value}) == {"a": text}


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("int", "3.0", "a is '3.0', which is not a whole number. Write, for example, 3."),
        ("int", "1_000", "a is '1_000', which is not a whole number."),
        ("int", "٣", "a is '٣', which is not a whole number."),
        ("int", True, "a is 'True', which is not a whole number."),
        ("float", "1,5", "a is '1,5', which is not a number. Write, for example, 0.5 or 1e-3."),
        ("float", "1e", "a is '1e', which is not a number."),
        ("bool", "2", "a is '2', which is neither true nor false. Write true or false."),
        ("uri", "bucket/x", "a is 'bucket/x', which is not a URI. Write, for example, s3://bucket/data.csv."),
        ("path", "a\nb", "a contains a line break. Remove it."),
        ("string", "a\0b", "a contains a character that cannot be part of a command line. Remove it."),
        ("string", "\ud800", "a contains a character that cannot be part of a command line. Remove it."),
        ("string", "x" * 4097, "a has 4,097 characters; at most 4,096 are allowed."),
        ("string", [1], "a is a list, but has to be a single value."),
        ("string", {}, "a is a mapping of keys, but has to be a single value."),
        ("float", None, "a is missing. The entry point main needs a float for it."),
        ("float", "  ", "a is missing. The entry point main needs a float for it."),
    ],
)
def test_it_says_what_is_wrong_with_a_value(kind: str, value: object, sentence: str) -> None:
    with pytest.raises(ParameterErrors) as caught:
        entry_point(kind).clean({"a": value})
    assert caught.value.errors["a"].startswith(sentence)


def test_a_blank_field_means_the_default() -> None:
    assert entry_point("int", 20).clean({"a": ""}) == {"a": "20"}
    assert entry_point("int", 20).clean({}) == {"a": "20"}


def test_a_blank_text_is_a_value_of_its_own() -> None:
    assert entry_point("string", "x").clean({"a": ""}) == {"a": ""}


def test_it_keeps_the_order_of_the_file() -> None:
    project = parse(file_of("x", {"z": "int", "a": "int", "m": {"default": 1}}))
    assert list(project.entry_points["main"].clean({"a": 1, "z": 2})) == ["z", "a", "m"]


def test_cleaned_values_make_the_same_command_line() -> None:
    point = entry_point("float", " 0.5 ")
    assert point.command_line(point.clean({"a": " 1 "})) == point.command_line({"a": " 1 "}) == "x 1"


def test_it_tells_of_every_wrong_value_at_once() -> None:
    point = parse(file_of("x", {"a": "int", "b": "float", "c": "string"})).entry_points["main"]
    with pytest.raises(ParameterErrors) as caught:
        point.clean({"a": "x", "epochs": 1, "c": "fine"})
    assert list(caught.value.errors) == ["epochs", "a", "b"]


@pytest.mark.parametrize(
    ("declared", "name", "words"),
    [
        ({"epochs": {"default": 1}}, "epoch", "epoch is not a parameter of the entry point main. Did you mean epochs?"),
        ({"a": {"default": 1}}, "zzz", "zzz is not a parameter of the entry point main. It takes a."),
        ({}, "zzz", "zzz is not a parameter of the entry point main. It takes none."),
    ],
)
def test_it_takes_only_declared_parameters(declared: dict[str, object], name: str, words: str) -> None:
    with pytest.raises(ParameterErrors) as caught:
        parse(file_of("x", declared)).entry_points["main"].command_line({name: "1"})
    assert caught.value.errors == {name: words}


def test_a_parameter_without_a_default_is_required() -> None:
    assert Parameter("a", ParameterType.INT).required
    assert not Parameter("a", ParameterType.INT, "").required
