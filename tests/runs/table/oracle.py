"""What a filter finds, once more: in plain Python, over values in memory. No code is shared with the product's query.

An expression is built as a text together with a function that says whether a run fits it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from runs.states import RunState


@dataclass(frozen=True)
class Known:
    """A run as the oracle knows it; `metrics` has all values of each, in the order of steps."""

    name: str
    state: RunState
    by: str
    started: datetime
    length: timedelta
    metrics: Mapping[str, list[float]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


Fits = Callable[[Known], bool]
Filter = tuple[str, Fits]
_NUMERIC: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
METRICS = ("loss", "val/acc", "a b", "x.best")
PARAMS = ("lr", "optimizer", "depth")
TAGS = ("team", "note")
NUMBERS = ("0", "0.5", "-1", "1e-3", "2", "inf", "-inf")
TEXTS = ("adam", "SGD", "0.001", "a 100%_b", "")
# For these less is better.
_LOSSES = ("loss",)


def expression(random: Random, depth: int = 3) -> Filter:
    kind = random.random()
    if depth == 0 or kind < 0.45:
        return _condition(random)
    if kind < 0.6:
        text, fits = expression(random, depth - 1)
        return f"not ({text})", lambda run: not fits(run)
    (left, one), (right, other) = expression(random, depth - 1), expression(random, depth - 1)
    if kind < 0.8:
        return f"({left}) and ({right})", lambda run: one(run) and other(run)
    return f"({left}) or ({right})", lambda run: one(run) or other(run)


def _condition(random: Random) -> Filter:
    return random.choice([_metric, _metric, _param, _tag, _absent, _state, _name, _duration, _by])(random)


def _metric(random: Random) -> Filter:
    key, which = random.choice(METRICS), random.choice(["", ".best", ".min", ".max", ".last"])
    sign, number = random.choice(list(_NUMERIC)), random.choice(NUMBERS)

    def fits(run: Known) -> bool:
        value = value_of(run, key, which)
        return value is not None and _NUMERIC[sign](value, float(number))

    return f'metric."{key}"{which} {sign} {number}', fits


def value_of(run: Known, key: str, which: str) -> float | None:
    logged = run.metrics.get(key)
    if not logged:
        return None
    finite = [value for value in logged if math.isfinite(value)]
    if which in ("", ".last"):
        return None if math.isnan(logged[-1]) else logged[-1]
    if not finite:
        return None
    if which == ".best":
        which = ".min" if key in _LOSSES else ".max"
    return min(finite) if which == ".min" else max(finite)


def _param(random: Random) -> Filter:
    key = random.choice(PARAMS)
    if random.random() < 0.5:
        sign, number = random.choice(list(_NUMERIC)), random.choice(["0", "0.001", "2", "1e3"])

        def fits(run: Known) -> bool:
            text = run.params.get(key)
            if text is None:
                return False
            value = _number(text)
            if value is None:
                return sign == "!="
            return _NUMERIC[sign](value, float(number))

        return f"param.{key} {sign} {number}", fits
    return _text(random, f"param.{key}", lambda run: run.params.get(key))


def _tag(random: Random) -> Filter:
    key = random.choice(TAGS)
    return _text(random, f"tag.{key}", lambda run: run.tags.get(key))


def _name(random: Random) -> Filter:
    return _text(random, "name", lambda run: run.name)


def _by(random: Random) -> Filter:
    sign = random.choice(["=", "!="])
    return f"by {sign} ada", lambda run: (run.by == "ada") == (sign == "=")


def _text(random: Random, field_: str, value_in: Callable[[Known], str | None]) -> Filter:
    sign, text = random.choice(["=", "!=", "~", "!~"]), random.choice(TEXTS)

    def fits(run: Known) -> bool:
        value = value_in(run)
        if value is None:
            return False
        found = text.lower() in value.lower() if "~" in sign else value == text
        return found != sign.startswith("!")

    return f'{field_} {sign} "{text}"', fits


def _absent(random: Random) -> Filter:
    is_not, key = random.choice([True, False]), random.choice(METRICS)
    words = "is not" if is_not else "is"
    if random.random() < 0.5:
        nan: Fits = lambda run: key in run.metrics and math.isnan(run.metrics[key][-1])  # noqa: E731
        return f'metric."{key}" {words} nan', lambda run: nan(run) != is_not
    param = random.choice(PARAMS)
    return f"param.{param} {words} missing", lambda run: (param not in run.params) != is_not


def _state(random: Random) -> Filter:
    state, sign = random.choice([*RunState]), random.choice(["=", "!="])
    return f"state {sign} {state.value.lower()}", lambda run: (run.state == state) == (sign == "=")


def _duration(random: Random) -> Filter:
    text, length = random.choice([("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800)])
    sign = random.choice(["<", "<=", ">", ">="])
    return f"duration {sign} {text}", lambda run: _NUMERIC[sign](run.length.total_seconds(), length)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
