"""Times, durations, sizes and counts for people, worded the same way everywhere. Pure: no clock, no settings.

`static/js/words.js` says some of them in the browser; a test runs both over the same values.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_NBSP = "\N{NO-BREAK SPACE}"


def relative_time(moment: datetime, *, now: datetime) -> str:
    """The age of `moment`, or how far off it is: "2 min ago", "yesterday", "in 10 h".

    From 30 days on it is the date, in the zone of `now`. Both must be aware.
    """
    # Subtracting two moments of the same zone compares wall-clock times, an hour off when the clocks have changed.
    seconds = now.timestamp() - moment.timestamp()
    distance = abs(seconds)
    if distance < 45:
        return "just now" if seconds >= 0 else "now"
    if distance >= 30 * DAY:
        return _date(moment.astimezone(now.tzinfo), now)
    if DAY <= distance < 2 * DAY:
        return "yesterday" if seconds > 0 else "tomorrow"
    amount = _coarse(distance)
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def _coarse(seconds: float) -> str:
    if seconds < HOUR - 30:
        return f"{max(1, round(seconds / MINUTE))} min"
    if seconds < DAY:
        return f"{max(1, int(seconds / HOUR))} h"
    return f"{int(seconds / DAY)} days"


def _date(moment: datetime, now: datetime) -> str:
    text = f"{moment.day} {moment:%b}"
    # The year of `now` at the moment's offset: of the zone, the browser knows only that offset.
    year = now.astimezone(timezone(moment.utcoffset() or timedelta())).year
    return text if moment.year == year else f"{text} {moment.year}"


def absolute_time(moment: datetime, *, zone: tzinfo | None = None, seconds: bool = False) -> str:
    """ "23 Nov 2026 14:02 CET" in `zone`, or in the moment's own."""
    local = moment.astimezone(zone) if zone else moment
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{local.day} {local:%b} {local.year} {clock} {zone_name(local)}".rstrip()


def utc_minute(moment: datetime) -> str:
    """ "2026-11-23 13:02 UTC", for operators and for sentences that are stored, which have no reader's zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def exact_time(moment: datetime, *, zone: tzinfo | None = None) -> str:
    """ "23 Nov 2026 14:02:09 CET (+01:00)"."""
    local = moment.astimezone(zone) if zone else moment
    name = absolute_time(local, seconds=True)
    offset = utc_offset(local)
    return name if name.endswith(offset) else f"{name} ({offset})"


def zone_name(moment: datetime) -> str:
    """The zone's abbreviation, or its offset where it has none of its own ("+03")."""
    name = moment.tzname() or ""
    return name if name[:1].isalpha() else utc_offset(moment)


def utc_offset(moment: datetime) -> str:
    """ "+01:00"."""
    offset = f"{moment:%z}"
    return f"{offset[:3]}:{offset[3:5]}"


def clock_duration(length: timedelta) -> str:
    """For columns: "18:04", "1:02:40". There may be more than 24 hours."""
    total = max(0, int(length.total_seconds()))
    hours, rest = divmod(total, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def spoken_duration(length: timedelta) -> str:
    """For sentences: "4 min 12 s", "2 h 5 min", "3 d 4 h"; the two largest units that are not zero."""
    total = max(0, int(length.total_seconds()))
    days, rest = divmod(total, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((index for index, (amount, _) in enumerate(parts) if amount), 3)
    chosen = [part for part in parts[first : first + 2] if part[0]] or [(0, "s")]
    return " ".join(f"{amount}{_NBSP}{unit}" for amount, unit in chosen)


def filesize(size: int) -> str:
    """Decimal units, as disks and quotas are sold: "0 B", "214 kB", "1.2 MB"."""
    if size < 1000:
        return f"{size}{_NBSP}B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    digits = 1 if value < 9.95 and unit != "kB" else 0
    return f"{value:,.{digits}f}{_NBSP}{unit}"


def core_hours(amount: float) -> str:
    """ "0.9 core-hours", "1,340 core-hours", "< 0.1 core-hours"; only zero is shown as zero."""
    if 0 < amount < 0.05:
        return f"<{_NBSP}0.1 core-hours"
    digits = 1 if amount < 100 else 0
    return f"{amount:,.{digits}f} core-hours"


def number(value: int) -> str:
    """ "1,204"."""
    return f"{value:,}"


def measure(value: float | None) -> str:
    """A value of a metric, as short as it can be told apart: "0.4019", "1,204", "3.20e-7"."""
    if value is None or not isfinite(value):
        return "not a number"
    size = abs(value)
    if not size:
        return "0"
    if size < 1e-4 or size >= 1e7:
        digits, _, power = f"{_significant(value, 3):.2e}".partition("e")
        return f"{digits}e{int(power)}"
    text = f"{_significant(value, 6 if size >= 1000 else 4):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(value: float, digits: int) -> Decimal:
    """`value`, which is not zero, rounded to this many digits as people and browsers do: halves away from zero.

    What counts is the number as it is written: 1.0005 is a half, although the nearest float is a little less.
    """
    exact = Decimal(repr(value))
    return exact.quantize(Decimal((0, (1,), exact.adjusted() - digits + 1)), ROUND_HALF_UP)


def short_sha(sha: str) -> str:
    """The first 7 characters."""
    return sha[:7]


def counted(count: int, singular: str, plural: str = "") -> str:
    """ "3 runs", "1 run"."""
    return f"{number(count)} {singular if count == 1 else plural or singular + 's'}"
