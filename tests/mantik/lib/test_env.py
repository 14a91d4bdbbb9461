from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from mantik.lib.env import Environment, port, public_url, words


def test_a_value_is_read_without_the_space_around_it() -> None:
    assert Environment({"MANTIK_NAME": " value \n"}).text("NAME") == "value"


def test_a_value_that_is_not_set_is_the_default() -> None:
    assert Environment({}).text("NAME", "default") == "default"


def test_a_value_set_to_nothing_is_nothing_and_not_the_default() -> None:
    assert Environment({"MANTIK_NAME": ""}).text("NAME", "default") == ""


def test_a_secret_comes_from_the_file_that_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    env = Environment({"MANTIK_SECRET_FILE": str(secret)})
    assert env.required("SECRET") == "hunter2"
    env.complain()


def test_a_file_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    env = Environment({"MANTIK_SECRET_FILE": str(tmp_path / "missing")})
    env.required("SECRET")
    assert env.problems == [
        f"MANTIK_SECRET_FILE names {tmp_path}/missing, which cannot be read: No such file or directory."
    ]
    # Said once: it is not missing, its file is.
    assert env.missing == []


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    env = Environment({"MANTIK_SECRET_FILE": str(empty)})
    env.required("SECRET")
    with pytest.raises(ImproperlyConfigured, match=r"empty, which is empty\."):
        env.complain()


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    env = Environment({"MANTIK_SECRET_FILE": str(binary)})
    assert env.text("SECRET") == ""
    assert env.problems[0].endswith("it is not text.")


def test_a_value_and_a_file_for_it_contradict_each_other(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file")
    env = Environment({"MANTIK_SECRET": "from the environment", "MANTIK_SECRET_FILE": str(secret)})
    env.text("SECRET")
    assert env.problems == ["MANTIK_SECRET and MANTIK_SECRET_FILE are both set; keep one of them."]


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("", False)])
def test_a_switch_is_on_or_off(value: str, meaning: bool) -> None:
    assert Environment({"MANTIK_SWITCH": value}).boolean("SWITCH", default=not meaning) is meaning


def test_a_switch_takes_nothing_else() -> None:
    env = Environment({"MANTIK_SWITCH": "maybe"})
    assert env.boolean("SWITCH", default=True) is True
    assert env.problems == ["MANTIK_SWITCH takes 1 or 0."]


@pytest.mark.parametrize("value", ["-1", "0", "1.5", "ten", "²"])
def test_a_number_is_whole_and_not_below_the_least(value: str) -> None:
    env = Environment({"MANTIK_COUNT": value})
    assert env.integer("COUNT", 7) == 7
    assert env.problems == ["MANTIK_COUNT takes a whole number, 1 or more."]


def test_a_number_that_is_set_to_nothing_is_the_default() -> None:
    assert Environment({"MANTIK_COUNT": ""}).integer("COUNT", 7) == 7


def test_a_choice_names_what_there_is_to_choose() -> None:
    env = Environment({"MANTIK_FORM": "xml"})
    assert env.choice("FORM", "json", options=("json", "console")) == "json"
    assert env.problems == ["MANTIK_FORM takes one of json, console."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    env = Environment({"MANTIK_PORT": "http", "MANTIK_SWITCH": "maybe"})
    env.required("SECRET")
    env.required("HOSTS")
    env.parsed("PORT", env.text("PORT"), port, 0)
    env.boolean("SWITCH", default=False)
    with pytest.raises(ImproperlyConfigured) as caught:
        env.complain()
    first, second, third = str(caught.value).splitlines()
    assert first.startswith("These settings are missing: MANTIK_SECRET, MANTIK_HOSTS.")
    assert second == "MANTIK_PORT: a port is a number from 1 to 65535."
    assert third == "MANTIK_SWITCH takes 1 or 0."


def test_nothing_wrong_is_no_complaint() -> None:
    env = Environment({"MANTIK_SECRET": "x"})
    env.required("SECRET")
    env.complain()
    assert env.read == {"SECRET"}


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", ""])
def test_a_port_is_a_number_that_exists(value: str) -> None:
    with pytest.raises(ValueError, match="1 to 65535"):
        port(value)


def test_an_address_is_kept_without_its_last_slash() -> None:
    assert public_url("https://mantik.example.org/") == "https://mantik.example.org"


@pytest.mark.parametrize(
    "value",
    [
        "mantik.example.org",
        "ftp://mantik.example.org",
        "https://",
        "https://:8000",
        "https://user:password@mantik.example.org",
        "https://mantik.example.org/?next=x",
        "https://mantik.example.org:port",
        "https://[::1",
    ],
)
def test_an_address_is_one_of_the_web_and_holds_no_credentials(value: str) -> None:
    with pytest.raises(ValueError, match=r"such as https://mantik\.example\.org") as caught:
        public_url(value)
    assert "password" not in str(caught.value)


def test_a_list_is_separated_by_commas() -> None:
    assert words(" a, b,,c ") == ["a", "b", "c"]


@pytest.mark.parametrize("variable", ["MANTIK_OLD", "MANTIK_OLD_FILE"])
def test_a_setting_that_is_gone_is_refused_with_what_to_do(variable: str) -> None:
    env = Environment({variable: "hunter2"})
    env.gone("OLD", "it has no meaning any more. Remove it.")
    assert env.problems == ["MANTIK_OLD: it has no meaning any more. Remove it."]


def test_a_setting_that_is_gone_and_empty_says_nothing() -> None:
    env = Environment({"MANTIK_OLD": ""})
    env.gone("OLD", "it has no meaning any more. Remove it.")
    env.complain()
