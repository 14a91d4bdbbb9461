"""Turns the bytes of a Compute Backend config into a BackendConfig, or into a list of everything wrong in it."""

from __future__ import annotations

import posixpath
from typing import Any

from runs.backend_config.address import site_url_fault
from runs.backend_config.environment import read_environment
from runs.backend_config.errors import BackendConfigError
from runs.backend_config.exclude import MAX_PATTERNS, Exclude, pattern_fault
from runs.backend_config.fields import Section
from runs.backend_config.schema import BackendConfig, Resources, Tracking
from runs.backend_config.units import count_words, memory_bytes, seconds
from runs.backend_config.variables import variable_names
from runs.mlproject.document import DocumentError, read_json, read_yaml
from runs.mlproject.problem import Problem, Report
from runs.mlproject.wording import shown

MAX_RUNTIME = 366 * 86_400
_READERS = {".json": read_json, ".yml": read_yaml, ".yaml": read_yaml}
_OTHER_PROVIDERS = ("Firecrest", "SSH")
_URL = "Write, for example, https://host:8080/SITE/rest/core."
_QUEUE = "Write the name of a queue of the site, for example batch."
_RUNTIME = "Write, for example, 30min, 12h or 1d."
_MEMORY = "Write, for example, 64G."


def parse_backend_config(content: bytes, *, path: str) -> BackendConfig:
    """Read the Compute Backend config at `path` of a code repository (JSON or YAML, by its suffix).

    Raises BackendConfigError with all problems. `.warnings` says what is ignored or doubtful.
    """
    report = Report()
    top = Section(load_document(content, path=path), "", report)
    url = _unicore_api_url(top)
    resources = _resources(top.take_section("Resources", required=True, example="Add it, with a Queue."))
    environment = read_environment(top.take_section("Environment", example="Write its keys below it."))
    tracking = _tracking(top.take_section("Tracking", example="Write, for example, Relay: false below it."))
    exclude = _exclude(top)
    top.finish()
    if report.problems or resources is None:
        raise BackendConfigError(report.problems, path=path)
    return BackendConfig(path, resources, environment, tracking, url, exclude, tuple(report.warnings))


def load_document(content: bytes, *, path: str) -> dict[str, Any]:
    """The file as it is written. Raises BackendConfigError."""
    suffix = posixpath.splitext(path)[1].lower()
    if suffix not in _READERS:
        message = f"{path} has to end in .json, .yml or .yaml. Rename it, or choose another file."
        raise BackendConfigError([Problem("", message)], path=path)
    try:
        return _READERS[suffix](content, path=path)
    except DocumentError as error:
        raise BackendConfigError([Problem("", error.message)], path=path) from None


def _unicore_api_url(top: Section) -> str | None:
    for name in _OTHER_PROVIDERS:
        if top.take(name) is not None:
            top.problem(
                name,
                "is not supported: runs reach a site through UNICORE only. "
                f"Remove {name}, and name the site under UnicoreApiUrl, for example https://host:8080/SITE/rest/core.",
            )
    url = top.take_text("UnicoreApiUrl", example=_URL)
    fault = None if url is None else site_url_fault(url)
    if fault:
        top.problem("UnicoreApiUrl", fault)
    return url


# Resources


def _resources(section: Section | None) -> Resources | None:
    if section is None:
        return None
    resources = Resources(
        queue=section.take_text("Queue", required=True, example=_QUEUE) or "",
        runtime_seconds=_runtime(section),
        nodes=section.take_count("Nodes"),
        total_cpus=section.take_count("TotalCPUs"),
        cpus_per_node=section.take_count("CPUsPerNode"),
        gpus_per_node=section.take_count("GPUsPerNode", least=0),
        memory_per_node=_memory(section),
        reservation=section.take_text("Reservation"),
        node_constraints=section.take_text("NodeConstraints"),
        qos=section.take_text("QoS"),
    )
    _compare_cpus(section, resources)
    for name in ("Queue", "Reservation", "NodeConstraints", "QoS"):
        _sent_as_written(section, name)
    section.finish()
    return resources


def _sent_as_written(section: Section, name: str) -> None:
    """Warn of variables in a field that the site reads before there is a node that could replace them."""
    text = str(section.values.get(name) or "")
    if variable_names(text):
        section.warn(
            name, f"is {shown(text)}, which goes to the site as written: variables are not replaced. Write the value."
        )


def _runtime(section: Section) -> int | None:
    text = section.take_text("Runtime", example=_RUNTIME)
    if text is None:
        return None
    found = seconds(text)
    if found is None:
        section.problem("Runtime", f"is {shown(text)}, which is not a duration. {_RUNTIME}")
    elif not 1 <= found <= MAX_RUNTIME:
        section.problem("Runtime", f"is {shown(text)}, and has to lie between 1 second and a year. {_RUNTIME}")
    elif text.isdigit() and found < 120:
        section.warn("Runtime", f"is {text}, which means {count_words(found, 'second')}. Write {text}min for minutes.")
    return found


def _memory(section: Section) -> str | None:
    text = section.take_text("MemoryPerNode", example=_MEMORY)
    size = None if text is None else memory_bytes(text)
    if text is not None and size is None:
        section.problem("MemoryPerNode", f"is {shown(text)}, which is not a size. {_MEMORY}")
    elif size is not None and size < 1024**2:
        section.problem(
            "MemoryPerNode", f"is {shown(text)}, less than a megabyte, because no unit means bytes. {_MEMORY}"
        )
    return text


def _compare_cpus(section: Section, resources: Resources) -> None:
    if resources.total_cpus is None or resources.cpus_per_node is None:
        return
    product = (resources.nodes or 1) * resources.cpus_per_node
    if product != resources.total_cpus:
        section.warn(
            "TotalCPUs",
            f"is {resources.total_cpus}, while Nodes times CPUsPerNode is {product}, and sites differ in "
            "which of the two counts. Remove one of them.",
        )


# Tracking


def _tracking(section: Section | None) -> Tracking:
    if section is None:
        return Tracking()
    tracking = Tracking(
        relay=section.take_flag("Relay", usual=True),
        system_metrics=section.take_flag("SystemMetrics", usual=True),
    )
    if section.values.get("SystemMetrics") is not None and not tracking.relay:
        section.warn("SystemMetrics", "has no effect without the relay, which is what measures the node. Remove it.")
    section.finish()
    return tracking


# Exclude


def _exclude(top: Section) -> Exclude:
    # A single text is refused: people write `figures, saved_model`, which would be one pattern that matches nothing.
    texts = top.take_texts("Exclude", example="Write a list, for example ['*.csv', data/].", single=False)
    patterns = tuple(dict.fromkeys(texts))
    if len(patterns) > MAX_PATTERNS:
        top.problem("Exclude", f"has {len(patterns)} entries; at most {MAX_PATTERNS} are allowed. Combine some.")
        return Exclude()
    for pattern in patterns:
        fault = pattern_fault(pattern)
        if fault:
            top.problem("Exclude", f"has the pattern {shown(pattern)}, {fault}")
    return Exclude(patterns)
