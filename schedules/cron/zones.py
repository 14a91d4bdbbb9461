"""Time zones as people choose and read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from mantik.lib.humanize import utc_offset, zone_name
from mantik.lib.nearest import nearest

UTC_NAME = "UTC"
_CHOOSE = "Choose a city's time zone, such as Europe/Berlin, or UTC."
# Other keys of the time zone database (CET, EST, Etc/GMT-5, US/Eastern, Japan) are old names, or have offsets that are
# fixed, surprising, or of the opposite sign.
_AREAS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia",
    "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


class ZoneError(ValueError):
    """There is no zone of this name. `message` says what to choose instead; `offer` is the name of a zone, or ""."""

    def __init__(self, message: str, *, offer: str = "") -> None:
        self.message = message
        self.offer = offer
        super().__init__(message)


@dataclass(frozen=True)
class Choice:
    """A zone of a form: `name` is stored, `label` shown ("America/New York (-05:00)")."""

    name: str
    label: str


@dataclass(frozen=True)
class Shown:
    """One due time as a list shows it: `text` in the schedule's zone, and `utc`.

    `change` is how far the clock was changed since the previous due time in the list; nearly always zero.
    """

    due: datetime
    text: str
    offset: str
    utc: str
    change: timedelta

    @property
    def mark(self) -> str:
        """ "clocks go forward 1 h", "clocks go back 30 min"; "" if they were left alone."""
        if not self.change:
            return ""
        minutes = abs(int(self.change.total_seconds())) // 60
        hours, rest = divmod(minutes, 60)
        amount = " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest else "")))
        return f"clocks go {'forward' if self.change > timedelta(0) else 'back'} {amount}"


def zone(name: str) -> ZoneInfo:
    """The zone of this name, a present or an older one (Asia/Calcutta). Raises ZoneError if there is none."""
    if name in _places():
        return _loaded(name)
    raise _unknown(name)


def choices(*, now: datetime) -> list[Choice]:
    """Each place once, under its present name, sorted; UTC first. Labels have the offset that holds at `now`."""
    offsets = {name: utc_offset(now.astimezone(_loaded(name))) for name in _today()}
    return [Choice(name, f"{name.replace('_', ' ')} ({offset})") for name, offset in offsets.items()]


@lru_cache(maxsize=4096)
def show(due: datetime, in_zone: ZoneInfo) -> str:
    """ "Thu 26 Nov 2026 02:30 CET (+01:00)"."""
    local = due.astimezone(in_zone)
    name, offset = zone_name(local), utc_offset(local)
    text = f"{local:%a} {local.day} {local:%b} {local.year} {local:%H:%M} {name}"
    return text if name == offset else f"{text} ({offset})"


def shown(due_times: Iterable[datetime], in_zone: ZoneInfo, *, previous: datetime | None = None) -> Iterator[Shown]:
    """Due times as lists show them, marked where clocks were changed since the previous one.

    `previous` is the moment that the first of them is compared with.
    """
    for due in due_times:
        local = due.astimezone(in_zone)
        earlier = (previous or due).astimezone(in_zone)
        change = (local.utcoffset() or timedelta(0)) - (earlier.utcoffset() or timedelta(0))
        yield Shown(due, show(due, in_zone), utc_offset(local), show(due, _loaded(UTC_NAME)), change)
        previous = due


@cache
def _places() -> frozenset[str]:
    """Every name that is accepted."""
    return frozenset(name for name in available_timezones() if name.partition("/")[0] in _AREAS) | {UTC_NAME}


@cache
def _loaded(name: str) -> ZoneInfo:
    """ZoneInfo itself keeps only the last eight, and reads the others from disk again."""
    return ZoneInfo(name)


@cache
def _today() -> tuple[str, ...]:
    """The names that the form lists: those of the database's table of places that this machine has data for."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    named = {line.split("\t")[2].strip() for line in table.splitlines() if line and not line.startswith("#")}
    return (UTC_NAME, *sorted(named & _places()))


@cache
def _old_names() -> dict[str, str]:
    """Where an old name belongs ("us/eastern": "America/New_York"), by the links of the time zone database.

    Not abbreviations such as CET: who types one may mean any of its places.
    """
    text = (files("tzdata") / "zoneinfo" / "tzdata.zi").read_text(encoding="utf-8")
    links = (line.split() for line in text.splitlines() if line.startswith("L "))
    found = {old.casefold(): UTC_NAME if place == "Etc/UTC" else place for _, place, old in links if not old.isupper()}
    return {old: place for old, place in found.items() if place in _places()}


def _unknown(name: str) -> ZoneError:
    if not name:
        return ZoneError(f"The time zone is missing. {_CHOOSE}")
    wanted = name[:60].strip().replace(" ", "_").casefold()
    folded = {known.casefold(): known for known in _places()}
    cities = {known.rpartition("/")[2].casefold(): known for known in _today()}
    near = nearest(wanted, [*folded, *cities], most=1, cutoff=0.8)
    near_name = _old_names().get(wanted) or ((folded | cities)[near[0]] if near else "")
    remedy = f"Did you mean {near_name}?" if near_name else _CHOOSE
    return ZoneError(f'"{name[:60]}" is not a time zone that Mantik offers. {remedy}', offer=near_name)
