"""Code that names an MLflow server of its own."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.code.server_calls import LONGEST_ADDRESS, SIGNS, calls_in

ADDRESS = "https://mlflow.example.org"


def found(source: str, path: str = "train.py") -> list[tuple[str, str]]:
    return [tuple(call) for call in calls_in(path, dedent(source).encode())]  # type: ignore[misc]


@pytest.mark.parametrize(
    "line",
    [
        f'mlflow.set_tracking_uri("{ADDRESS}")',
        f"set_tracking_uri('{ADDRESS}')",
        f'mlflow . set_tracking_uri (\n  uri = r"{ADDRESS}",\n)',
        f'if True: mlflow.set_tracking_uri("""{ADDRESS}""")',
        f'logger = MLFlowLogger("run", tracking_uri="{ADDRESS}")',
        f'client = MlflowClient(tracking_uri=u"{ADDRESS}")',
        f'os.environ["MLFLOW_TRACKING_URI"] = "{ADDRESS}"',
        f"environ ['MLFLOW_TRACKING_URI'] = '{ADDRESS}'",
    ],
)
def test_an_address_that_is_written_in_the_code_is_found(line: str) -> None:
    assert found(f"import mlflow\n{line}\n") == [("line 2", ADDRESS)]


def test_so_is_one_that_has_a_name() -> None:
    source = f"""
        SERVER = "{ADDRESS}"
        OTHER = "https://elsewhere.example.org"
        mlflow.set_tracking_uri(SERVER)
        os.environ["MLFLOW_TRACKING_URI"] = OTHER
        MlflowClient(tracking_uri=SERVER)
    """
    assert found(source) == [
        ("line 4", ADDRESS),
        ("line 5", "https://elsewhere.example.org"),
        ("line 6", ADDRESS),
    ]


def test_one_that_is_only_partly_written_is_shown_as_it_is() -> None:
    assert found('mlflow.set_tracking_uri(f"http://{host}:5000")') == [("line 1", "http://{host}:5000")]
    assert found('mlflow.set_tracking_uri("http://" + host)') == [("line 1", "http://…")]


@pytest.mark.parametrize("address", ["file:./mlruns", "sqlite:///mlflow.db", "databricks", "./mlruns"])
def test_a_place_that_is_no_server_is_not_mantik_either(address: str) -> None:
    assert found(f"mlflow.set_tracking_uri({address!r})") == [("line 1", address)]


@pytest.mark.parametrize(
    "source",
    [
        f'# mlflow.set_tracking_uri("{ADDRESS}")',
        f'"""\nmlflow.set_tracking_uri("{ADDRESS}")\n"""',
        f"""print('mlflow.set_tracking_uri("{ADDRESS}")')""",
        'mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])',
        'mlflow.set_tracking_uri(config.get("tracking_uri"))',
        'mlflow.set_tracking_uri("")',
        "mlflow.set_tracking_uri(server)",
        'server = "http://" + host\nmlflow.set_tracking_uri(server)',
        'server = "http://host"\nmlflow.set_tracking_uri(server())',
        f'def set_tracking_uri(uri="{ADDRESS}"): ...',
        f'def train(epochs, tracking_uri="{ADDRESS}"): ...',
        'uri = os.environ["MLFLOW_TRACKING_URI"]',
        'os.environ["OTHER"] = "MLFLOW_TRACKING_URI"',
        f'if os.environ["MLFLOW_TRACKING_URI"] == "{ADDRESS}": ...',
        f'tracking_uri = "{ADDRESS}"',
        'mlflow.set_tracking_uri(b"bytes")',
        "mlflow.set_tracking_uri",
        "mlflow.set_tracking_uri(",
        "",
    ],
)
def test_what_only_looks_like_it_is_not(source: str) -> None:
    assert found(source) == []


def test_code_that_no_python_takes_is_looked_at_as_far_as_it_goes() -> None:
    assert found(f'print "two"\nmlflow.set_tracking_uri("{ADDRESS}")\nx = (((\n') == [("line 2", ADDRESS)]


def test_logins_are_left_out_and_long_addresses_are_cut() -> None:
    assert found('mlflow.set_tracking_uri("https://ada:s3cret@mlflow.example.org/x")') == [
        ("line 1", "https://mlflow.example.org/x")
    ]
    [(_, address)] = found(f'mlflow.set_tracking_uri("https://{"x" * 5000}")')
    assert len(address) == LONGEST_ADDRESS


def notebook(*cells: Any) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})


def test_cells_of_a_notebook_are_looked_at() -> None:
    text = {"cell_type": "markdown", "source": f'mlflow.set_tracking_uri("{ADDRESS}")'}
    code = {
        "cell_type": "code",
        "source": ["%pip install mlflow\n", "!ls ?\n", f'mlflow.set_tracking_uri("{ADDRESS}")'],
    }
    assert found(notebook(text, code), "train.ipynb") == [("cell 2, line 3", ADDRESS)]


@pytest.mark.parametrize(
    "content",
    ["tracking_uri", '["tracking_uri"]', '{"cells": "tracking_uri"}', notebook({"tracking_uri": 1}), "[" * 100_000],
)
def test_what_is_no_notebook_has_none(content: str) -> None:
    assert found(content + " tracking_uri" * content.startswith("[["), "train.ipynb") == []


@given(st.text(), st.sampled_from(["a.py", "a.ipynb"]))
def test_no_text_ends_in_anything_but_a_list(text: str, path: str) -> None:
    for sign in SIGNS:
        calls_in(path, text.encode("utf-8", "surrogatepass") + sign)
        calls_in(path, json.dumps({"cells": [{"cell_type": "code", "source": text}]}).encode() + sign[:0])


@given(st.text(min_size=1))
def test_an_address_can_be_shown_and_stored(text: str) -> None:
    for call in calls_in("a.py", f"set_tracking_uri({text!r})".encode("utf-8", "surrogatepass")):
        assert call.address.isprintable()
        assert call.address.encode()
