"""The lock files: one set of versions, checked by hash, from nowhere in particular."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.places import TOP

LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")
PIN = re.compile(
    # package[extra]==version ; marker \
    r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9_, -]+\])?==([^ ;\\]+)([^\\]*)\\\n"
    # and one hash or more
    r"((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


def pins(name: str) -> set[tuple[str, str, str]]:
    """(package, version, marker) of each."""
    return {(found[1], found[2], found[3].strip()) for found in PIN.finditer((TOP / name).read_text())}


def declared() -> dict[str, list[str]]:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_a_version_with_hashes_or_says_whose_it_is(name: str) -> None:
    rest = PIN.sub("", (TOP / name).read_text())
    assert [line for line in rest.splitlines() if not re.fullmatch(r"    #( via|   ).*", line)] == []
    assert pins(name)


def test_the_smaller_locks_are_parts_of_the_larger_ones() -> None:
    runtime, demo, dev = ({(package, version) for package, version, _marker in pins(name)} for name in LOCKS)
    assert runtime < demo < dev


def test_what_is_declared_is_locked() -> None:
    for lock, extras in zip(LOCKS, (("",), ("", "server", "demo"), ("", "server", "demo", "dev")), strict=True):
        locked = {package for package, _version, _marker in pins(lock)}
        wanted = {re.split(r"[\[><=]", entry)[0].lower() for extra in extras for entry in declared()[extra]}
        assert wanted - {"mantik"} - {name.replace("_", "-") for name in locked} == set()


def test_every_dependency_has_a_lower_bound() -> None:
    entries = [entry for entries in declared().values() for entry in entries]
    assert [entry for entry in entries if ">=" not in entry and not entry.startswith("mantik[")] == []
