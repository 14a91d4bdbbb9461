"""Where a config may have `$NAME`, and the error or warning elsewhere."""

from __future__ import annotations

import pytest

from runs.backend_config import Apptainer, ImageType
from tests.runs.backend_config.files import environment, parse, refusals, resources, warnings


def image(**values: object) -> str:
    return environment(Apptainer=values)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("$HOME/venv", "$HOME/venv"),
        ("${HOME}/venv/bin/activate", "${HOME}/venv"),
        ("$VENV", "$VENV"),
        ("/p/$USER/venv/", "/p/$USER/venv"),
        ("~/venv", "$HOME/venv"),
    ],
)
def test_a_python_environment_may_begin_with_a_variable(written: str, read: str) -> None:
    for value in (written, {"Path": written}):
        found = parse(environment(Python=value))
        assert (found.environment.python, found.warnings) == (read, ())


@pytest.mark.parametrize(
    ("written", "read"),
    [("$IMAGES/a.sif", "$IMAGES/a.sif"), ("/p/$USER/a.sif", "/p/$USER/a.sif"), ("~/a.sif", "$HOME/a.sif")],
)
def test_so_may_an_image_at_the_site(written: str, read: str) -> None:
    found = parse(image(Path=written, Type="remote"))
    assert (found.environment.apptainer, found.warnings) == (Apptainer(read, ImageType.REMOTE), ())


def test_an_image_that_begins_with_a_variable_is_at_the_site_unless_it_says_otherwise() -> None:
    text = image(Path="$IMAGES/a.sif")
    apptainer = parse(text).environment.apptainer
    assert apptainer
    assert apptainer.type is ImageType.REMOTE
    assert warnings(text) == [
        "Environment.Apptainer.Path is '$IMAGES/a.sif', which is taken as a path at the site. "
        "Write Type: remote, or ./$IMAGES/a.sif for one in the code."
    ]
    assert parse(image(Path="./$IMAGES/a.sif")).environment.apptainer == Apptainer("./$IMAGES/a.sif")


def test_an_image_in_the_code_whose_name_only_the_node_knows_is_no_file_of_the_repository() -> None:
    assert Apptainer("images/$ARCH.sif").path_in_repository("training") is None


def test_a_home_folder_is_understood_in_options() -> None:
    apptainer = parse(image(Path="a.sif", Options=["-B ~/d:/d", "~", "--env X=~"])).environment.apptainer
    assert apptainer
    assert apptainer.options == ("-B", "$HOME/d:/d", "$HOME", "--env", "X=~")


COMMAND = ["$(whoami)", "`whoami`"]
MORE = ["${SCRATCH:-/tmp}", "${USER%x}", "${"]


@pytest.mark.parametrize(
    ("sign", "words"), [*((s, "shell commands") for s in COMMAND), *((s, "only $NAME") for s in MORE)]
)
def test_it_says_what_no_node_will_replace(sign: str, words: str) -> None:
    path = f"/p/{sign}/x"
    for text in (
        environment(Python=path),
        environment(Modules=["GCC", path]),
        image(Path=path, Type="remote"),
        image(Path=f"images/{sign}"),
        image(Path="a.sif", Options=[f"-B {path}:/x"]),
    ):
        (sentence,) = refusals(text)
        assert f"{sign}" in sentence
        assert words in sentence
        assert sentence.endswith("Set the value under Environment.Variables and use it here as $NAME.")


@pytest.mark.parametrize("name", ["Queue", "Reservation", "NodeConstraints", "QoS"])
def test_it_mentions_a_variable_where_there_is_no_node_yet(name: str) -> None:
    assert warnings(resources(**{name: "$WHERE"})) == [
        f"Resources.{name} is '$WHERE', which goes to the site as written: variables are not replaced. Write the value."
    ]


@pytest.mark.parametrize("name", ["Nodes", "Runtime", "MemoryPerNode", "GPUsPerNode"])
def test_a_number_cannot_be_a_variable(name: str) -> None:
    assert f"Resources.{name} is '$MANY'" in refusals(resources(**{name: "$MANY"}))[0]
