from __future__ import annotations

import pytest

from tests.runs.backend_config.files import config, environment, refusals, resources, warnings


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        (config(SingularityImage="a.sif"), "SingularityImage", "Name the image under Environment.Apptainer"),
        (config(DockerImage="demo:1"), "DockerImage", "has to be built as an Apptainer image first."),
        (config(PreRunCommand="x"), "PreRunCommand", "Environment.PreRunCommandOnComputeNode"),
        (environment(Singularity={"Path": "a"}), "Environment.Singularity", "Rename it to Environment.Apptainer."),
        (environment(PreRunCommand={}), "Environment.PreRunCommand", "Environment.PreRunCommandOnLoginNode"),
        (config(PostRunCommand="x"), "PostRunCommand", "Environment.PostRunCommandOnComputeNode"),
        (environment(PostRunCommand={}), "Environment.PostRunCommand", "Environment.PostRunCommandOnLoginNode"),
        (environment(TEST_ENV_VAR="x"), "Environment.TEST_ENV_VAR", "Move this variable to Environment.Variables."),
        (environment(PYTHONPATH="/p"), "Environment.PYTHONPATH", "Move this variable to Environment.Variables."),
        (environment(N=7), "Environment.N", "Move this variable to Environment.Variables."),
        (resources(CPUs=8), "Resources.CPUs", "Write Resources.CPUsPerNode or Resources.TotalCPUs."),
        (resources(Memory="64G"), "Resources.Memory", "Write Resources.MemoryPerNode."),
    ],
)
def test_it_names_a_key_of_earlier_versions_and_what_to_write(text: str, key: str, remedy: str) -> None:
    (sentence,) = refusals(text)
    assert sentence.startswith(f"{key} is a key of earlier versions and no longer has an effect.")
    assert remedy in sentence


def test_an_old_name_in_another_place_is_only_unknown() -> None:
    assert refusals(config(Resources={"PreRunCommand": "x"}))[0].startswith("Resources.Queue is missing.")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (environment(PYTHON="/p/venv"), "Did you mean Python?"),
        (environment(MODULES=["GCC"]), "Did you mean Modules?"),
        (environment(Options=["--nv"]), "Known keys here are "),
        (environment(Comment="for the big queue"), "Known keys here are "),
    ],
)
def test_a_key_that_was_never_a_variable_is_only_mentioned(text: str, hint: str) -> None:
    (sentence,) = warnings(text)
    assert hint in sentence
