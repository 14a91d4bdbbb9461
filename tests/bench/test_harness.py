from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.catalogue import BENCHMARKS
from bench.ground import TOP, Ground
from bench.harness import Benchmark, Result, run

KEYS = ["name", "value", "unit", "baseline", "baseline_name", "ratio"]
PLAIN = Benchmark(("plain.one", "plain.two"), "tests.bench.toy_benchmarks:plain")
COMPARED = Benchmark(("compared.less", "compared.more"), "tests.bench.toy_benchmarks:compared")
BREAKS = Benchmark(("breaks.early", "breaks.late"), "tests.bench.toy_benchmarks:breaks")
FORGETS = Benchmark(("forgets.one", "forgets.two"), "tests.bench.toy_benchmarks:forgets")

Bench = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Exit code, the lines on stdout as objects, and what people read."""

    def bench(*benchmarks: Benchmark, only: str = "") -> tuple[int, list[dict[str, Any]], str]:
        results, remarks = io.StringIO(), io.StringIO()
        code = run(benchmarks, ground=Ground(tmp_path, remarks), only=only, results=results)
        return code, [json.loads(line) for line in results.getvalue().splitlines()], remarks.getvalue()

    return bench


def test_it_prints_one_json_object_with_all_keys_per_line(bench: Bench) -> None:
    code, lines, _ = bench(PLAIN, COMPARED)
    assert code == 0
    assert [list(line) for line in lines] == [KEYS] * 4
    assert [line["name"] for line in lines] == ["plain.one", "plain.two", "compared.less", "compared.more"]


def test_without_a_baseline_there_is_no_ratio(bench: Bench) -> None:
    _, lines, _ = bench(PLAIN)
    assert (lines[0]["baseline"], lines[0]["baseline_name"], lines[0]["ratio"]) == (None, None, None)


def test_a_ratio_above_one_is_better_whichever_way_the_number_points(bench: Bench) -> None:
    _, lines, _ = bench(COMPARED)
    assert [line["ratio"] for line in lines] == [2.5, 3.0]


def test_a_zero_leaves_the_ratio_undefined() -> None:
    assert json.loads(Result("none", 0, "failures", 3, "the old way").line())["ratio"] is None


def test_numbers_are_rounded_to_what_was_measured(bench: Bench) -> None:
    _, lines, _ = bench(PLAIN)
    assert lines[1]["value"] == 0.1235


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("plain", ["plain.one", "plain.two"]),
        ("plain.two", ["plain.two"]),
        ("compared.", ["compared.less", "compared.more"]),
        ("ain", []),
    ],
)
def test_only_chooses_by_the_beginning_of_the_name(bench: Bench, only: str, names: list[str]) -> None:
    code, lines, _ = bench(PLAIN, COMPARED, only=only)
    assert [line["name"] for line in lines] == names
    assert code == 0


def test_only_leaves_the_others_alone(bench: Bench) -> None:
    code, _, remarks = bench(BREAKS, PLAIN, only="plain")
    assert code == 0
    assert "breaks" not in remarks


def test_one_that_breaks_is_named_and_does_not_stop_the_others(bench: Bench) -> None:
    code, lines, remarks = bench(BREAKS, PLAIN)
    assert code == 1
    assert [line["name"] for line in lines] == ["breaks.early", "plain.one", "plain.two"]
    assert "the site does not answer" in remarks
    assert "Broken: breaks.early, breaks.late" in remarks


def test_one_that_leaves_out_a_number_is_broken(bench: Bench) -> None:
    code, _, remarks = bench(FORGETS)
    assert code == 1
    assert "forgets.two" in remarks


def test_every_name_stands_for_one_benchmark() -> None:
    names = [name for benchmark in BENCHMARKS for name in benchmark.names]
    assert len(names) == len(set(names))
    documented = (TOP / "docs" / "benchmarks.md").read_text()
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_a_prefix_that_nothing_has_is_refused_with_the_names_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "weather"], cwd=TOP, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "No benchmark's name begins with weather." in done.stderr
    assert "submission.requests" in done.stderr
