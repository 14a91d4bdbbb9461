"""What benchmarks ask of the web server is there, and asked of the server that they have started."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from django.urls import get_resolver

from tests.support.places import TOP

# In a process of its own, as benchmarks run: here the settings of the tests are imported already.
_IMPORT_ALL = """
import os, sys
from bench.ground import open_ground

with open_ground(sys.stderr):
    before = dict(os.environ)
    from bench.catalogue import BENCHMARKS
    for benchmark in BENCHMARKS:
        benchmark.function()
    changed = sorted(name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name))
print(changed)
"""
_NAMES = sorted(
    {
        found
        for path in (TOP / "bench").glob("*.py")
        for found in re.findall(r"""reverse\(["']([\w-]+:[\w-]+)["']""", path.read_text())
    }
)


@pytest.mark.parametrize("name", _NAMES)
def test_it_is_there(name: str) -> None:
    namespace, _, page = name.partition(":")
    assert page in get_resolver().namespace_dict[namespace][1].reverse_dict


def test_no_benchmark_brings_the_settings_of_the_tests_with_it() -> None:
    """The servers of a benchmark would get them, and know nobody who is signed in."""
    done = subprocess.run([sys.executable, "-c", _IMPORT_ALL], cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
