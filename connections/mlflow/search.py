"""How names and values are written in the filters of MLflow's searches, which have no escapes."""

from __future__ import annotations

from connections.mlflow.errors import TrackingRefused


def tag_name(tag: str) -> str:
    """The name of a tag for a filter. Raises TrackingRefused for a name that no filter can hold."""
    if "`" in tag or '"' in tag:
        raise TrackingRefused(f"MLflow cannot search for the tag {tag!r}, because its name holds a quote.")
    return f"tags.`{tag}`"


def literal(value: str) -> str:
    """`value` in the kind of quotes that it does not contain. Raises TrackingRefused if it contains both kinds."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise TrackingRefused("MLflow cannot search for a value that holds both kinds of quotes.")
