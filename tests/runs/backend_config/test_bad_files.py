from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.backend_config import BackendConfigError, parse_backend_config
from tests.runs.backend_config.files import config, environment, refusals, resources
from tests.support.examples import examples

# The file


@pytest.mark.parametrize("path", ["config", "config.toml", "config.yaml.txt", ".yaml"])
def test_it_says_how_a_config_has_to_be_named(path: str) -> None:
    assert refusals("Resources: {Queue: b}", path) == [
        f"{path} has to end in .json, .yml or .yaml. Rename it, or choose another file."
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty. Fill it in"),
        ("null", "is empty."),
        ("[]", "has a list at the top level."),
        ('{"a": 1, "a": 2}', "has the key 'a' twice in one mapping. Remove one of them."),
        ('{"a": 1,}', "is not valid JSON in line 1, column"),
        ("{'a': 1}", "is not valid JSON in line 1, column 2"),
        ('{"a": NaN}', "has the value NaN, which JSON does not know."),
        ('{"a": ' + "9" * 5000 + "}", "has a number that is too long."),
        ('{"a": "x\\u0000"}', "has a character in 'x?' that is not text."),
        ("[" * 30_000, "is nested deeper than 20 levels. Flatten it."),
        ("[" * 30 + "]" * 30, "is nested deeper than 20 levels. Flatten it."),
        ("[" + "1," * 6000 + "1]", "has more than 5,000 values. Make the file smaller."),
        (" " * 70_000, "has 70,000 bytes; at most 65,536 are allowed."),
    ],
)
def test_it_says_what_is_wrong_with_a_json_file(text: str, words: str) -> None:
    found = refusals(text, "config.json")
    assert len(found) == 1
    assert found[0].startswith(f"config.json {words}")


# Keys and values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("UnicoreApiUrl: https://x/rest/core", "Resources is missing. Add it, with a Queue."),
        ("resources: {Queue: b}", "Resources is missing. The file has resources: correct its spelling."),
        ("Resources:", "Resources has no value."),
        ("Resources: batch", "Resources is 'batch', but has to be a mapping of keys."),
        ("Resources: {}", "Resources.Queue is missing. Write the name of a queue of the site, for example batch."),
        ("Resources: {queue: b}", "Resources.Queue is missing. The file has queue: correct its spelling."),
        ("Resources: {Queue: }", "Resources.Queue has no value."),
        (resources(Queue=" "), "Resources.Queue is an empty text."),
        (resources(Queue=True), "Resources.Queue is true, but has to be text. If that is the name, put it in quotes."),
        (resources(Queue=["a"]), "Resources.Queue is a list, but has to be text."),
        (resources(Queue="a\nb"), "Resources.Queue is 'a b', which contains a line break or a control character."),
        (resources(Queue="x" * 2000), "Resources.Queue has 2,000 characters; at most 1,024 are allowed. Shorten it."),
        (resources(Nodes="two"), "Resources.Nodes is 'two', but has to be a whole number. Write, for example, 1."),
        (resources(Nodes=1.5), "Resources.Nodes is 1.5, but has to be a whole number."),
        (resources(Nodes=True), "Resources.Nodes is true, but has to be a whole number."),
        (resources(Nodes=[1]), "Resources.Nodes is a list, but has to be a whole number."),
        (resources(Nodes=0), "Resources.Nodes is 0, but has to be at least 1. Raise it, or remove the line."),
        (resources(GPUsPerNode=-1), "Resources.GPUsPerNode is -1, but has to be at least 0."),
        (resources(TotalCPUs=10**9), "Resources.TotalCPUs is 1000000000, but may be at most 1,000,000. Lower it."),
        (resources(Nodes=float("inf")), "Resources.Nodes is inf, but has to be a whole number."),
        (resources(Runtime="soon"), "Resources.Runtime is 'soon', which is not a duration. Write, for example, 30min"),
        (resources(Runtime="12:30"), "Resources.Runtime is '12:30', which is not a duration."),
        (resources(Runtime="0"), "Resources.Runtime is '0', and has to lie between 1 second and a year."),
        (resources(Runtime="9999d"), "Resources.Runtime is '9999d', and has to lie between 1 second and a year."),
        (resources(MemoryPerNode="lots"), "Resources.MemoryPerNode is 'lots', which is not a size."),
        (resources(MemoryPerNode="65536"), "Resources.MemoryPerNode is '65536', less than a megabyte, because no unit"),
        (config(UnicoreApiUrl="hpc.example.org"), "UnicoreApiUrl is not an http or https address."),
        (config(UnicoreApiUrl="https://me:s3cret@x/rest"), "UnicoreApiUrl contains a user name or password."),
        (config(Environment=["a"]), "Environment is a list, but has to be a mapping of keys."),
        (environment(Apptainer="a.sif"), "Environment.Apptainer is 'a.sif', but has to be a mapping of keys."),
        (environment(Apptainer={}), "Environment.Apptainer.Path is missing. Write the image's path"),
        (environment(Apptainer={"Path": "."}), "Environment.Apptainer.Path is '.', which is not a file."),
        (
            environment(Apptainer={"Path": "a.sif", "Type": "docker"}),
            "Environment.Apptainer.Type is 'docker'. Write local (in the code repository) or remote (at the site).",
        ),
        (
            environment(Apptainer={"Path": "a.sif", "Type": "remote"}),
            "Environment.Apptainer.Path is 'a.sif', but the path of a remote image has to be absolute.",
        ),
        (
            environment(Apptainer={"Path": "a.sif", "Options": ["--nv; rm -rf /"]}),
            "Environment.Apptainer.Options has '--nv; rm -rf /', but shell commands are not allowed there.",
        ),
        (
            environment(Apptainer={"Path": "a.sif", "Options": "--bind '/a"}),
            "Environment.Apptainer.Options has '--bind '/a', with a quote that is not closed. Close it.",
        ),
        (environment(Python="venv"), "Environment.Python is 'venv', but has to be an absolute path."),
        (environment(Python={"Path": "venv"}), "Environment.Python.Path is 'venv', but has to be an absolute path."),
        (environment(Python={}), "Environment.Python.Path is missing."),
        (
            environment(Python="/v", Apptainer={"Path": "a.sif"}),
            "Environment has both Apptainer and Python, but a run uses only one of them. Remove the other.",
        ),
        (environment(Modules={"a": "b"}), "Environment.Modules is a mapping (a text with ': ' in it needs quotes)"),
        (environment(Modules=[["GCC"]]), "Environment.Modules is a list in entry 1, but entries have to be texts."),
        (environment(Modules=["-f"]), "Environment.Modules has '-f', which is not a module name."),
        (environment(Variables=["A=1"]), "Environment.Variables is a list, but has to be a mapping of keys."),
        (environment(Variables={"A-B": 1}), "Environment.Variables.A-B is not a name for a variable."),
        (environment(Variables={"A": [1]}), "Environment.Variables.A is a list, but has to be a single value."),
        (environment(Variables={"UID": 1}), "Environment.Variables.UID is a name that the job script cannot set."),
        (environment(Variables={"mantik_x": 1}), "Environment.Variables.mantik_x is a name that the job script cannot"),
        (environment(Variables={f"V{n}": 1 for n in range(501)}), "Environment.Variables has more than 500 entries."),
        (environment(PreRunCommandOnComputeNode=True), "Environment.PreRunCommandOnComputeNode is true, but has to be"),
        (
            environment(PostRunCommandOnLoginNode=["echo", {"echo a": "b"}]),
            "Environment.PostRunCommandOnLoginNode is a mapping (a text with ': ' in it needs quotes) in entry 2",
        ),
        (config(Exclude="figures, saved_model"), "Exclude is 'figures, saved_model', but has to be a list of texts."),
        (config(Exclude={"a": "b"}), "Exclude is a mapping (a text with ': ' in it needs quotes), but has to be a "),
        (config(Exclude=["!keep"]), "Exclude has the pattern '!keep', which begins with '!'."),
        (config(Exclude=["*"]), "Exclude has the pattern '*', which would leave out everything."),
        (config(Exclude=["a/../../b"]), "Exclude has the pattern 'a/../../b', which leads out of the code repository."),
        (config(Exclude=[f"f{n}" for n in range(201)]), "Exclude has 201 entries; at most 200 are allowed."),
    ],
)  # fmt: skip
def test_it_names_key_value_and_remedy(text: str, sentence: str) -> None:
    found = refusals(text)
    assert found[0].startswith(sentence)
    assert found[0].endswith(".")


def test_it_never_repeats_a_password() -> None:
    assert "s3cret" not in " ".join(refusals(config(UnicoreApiUrl="https://me:s3cret@x/rest")))


def test_it_tells_everything_at_once() -> None:
    text = "Resources: {Nodes: x, Runtime: y}\nEnvironment: {Python: z}\nExclude: '*'"
    keys = ["Resources.Queue", "Resources.Runtime", "Resources.Nodes", "Environment.Python", "Exclude"]
    assert [sentence.split()[0] for sentence in refusals(text)] == keys


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Firecrest", {"ApiUrl": "https://x", "TokenUrl": "https://y", "Machine": "alpha"}),
        ("SSH", {"Hostname": "login.example.org", "Port": "2222"}),
    ],
)
def test_it_says_that_a_site_is_reached_through_unicore_only(name: str, value: object) -> None:
    assert refusals(config(**{name: value})) == [
        f"{name} is not supported: runs reach a site through UNICORE only. Remove {name}, and name the site under "
        "UnicoreApiUrl, for example https://host:8080/SITE/rest/core."
    ]


# Anything

KEYS = st.sampled_from(
    [
        "Resources",
        "Queue",
        "Nodes",
        "Runtime",
        "MemoryPerNode",
        "Environment",
        "Python",
        "Apptainer",
        "Path",
        "Type",
        "Options",
        "Modules",
        "Variables",
        "PreRunCommandOnLoginNode",
        "Exclude",
        "UnicoreApiUrl",
        "SSH",
        "PreRunCommand",
        "Memory",
        "x",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["/x", "1h", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@examples(150, 6000)
@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from(["c.json", "c.yaml"]))
def test_no_shape_of_values_ends_in_anything_but_a_config_or_sentences(document: object, path: str) -> None:
    try:
        read = parse_backend_config(json.dumps(document).encode(), path=path)
    except BackendConfigError as error:
        told = [problem.message for problem in error.problems]
    else:
        told = [f"{read.describe()}."]
    assert told
    assert all(sentence.endswith((".", "?")) for sentence in told)


@examples(60, 2400)
@given(st.binary(max_size=100), st.sampled_from(["c.json", "c.yaml"]))
def test_no_bytes_end_in_anything_else_either(content: bytes, path: str) -> None:
    with pytest.raises(BackendConfigError, match=r"^c\."):
        parse_backend_config(content, path=path)


# Tracking


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"Relay": "no"}, "Tracking.Relay is 'no', but has to be true or false. Write one of them."),
        ({"Relay": 0}, "Tracking.Relay is 0, but has to be true or false. Write one of them."),
        ({"SystemMetrics": ["x"]}, "but has to be true or false."),
        (True, "Tracking is true, but has to be a mapping of keys. Write, for example, Relay: false below it."),
    ],
)
def test_a_switch_is_true_or_false(written: object, words: str) -> None:
    (sentence,) = refusals(config(Tracking=written))
    assert words in sentence
