"""Tags and filters of the components: wording from `mantik.lib.humanize`, markup in templates/components/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mantik import navigation
from mantik.accounts import sign_up
from mantik.lib import humanize
from mantik.lib.markdown import render as render_markdown

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One icon of the sprite. It is decoration: the words beside it, or a label, say the same."""
    css_class = f"icon icon-{size}" if size else "icon"
    href = f"{static('vendor/icons.svg')}#{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', css_class, href)


@register.simple_tag
def relative_time(moment: datetime | None, absent: str = "never") -> SafeString | str:
    """How long ago, with the exact instant as its title; the browser keeps it fresh."""
    if moment is None:
        return absent
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-relative-time>{}</time>',
        local.isoformat(timespec="seconds"),
        humanize.exact_time(local),
        humanize.relative_time(local, now=timezone.localtime()),
    )


@register.simple_tag
def absolute_time(moment: datetime | None, absent: str = "", seconds: bool = False) -> SafeString | str:
    """Date, time and zone in the open, for where the instant itself matters."""
    if moment is None:
        return absent
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        humanize.exact_time(local),
        humanize.absolute_time(local, seconds=seconds),
    )


@register.filter
def markdown(text: str) -> SafeString:
    """What a member wrote in Markdown, as harmless HTML."""
    return render_markdown(text)


@register.filter
def told(value: Any) -> str:
    """What an event tells of one field, for people: a list by its parts, nothing as nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


@register.filter
def duration(length: timedelta | None) -> str:
    """For columns: 18:04."""
    return "" if length is None else humanize.clock_duration(length)


@register.filter
def spoken_duration(length: timedelta | float | None) -> str:
    """For sentences: 4 min 12 s. Takes a timedelta or seconds."""
    if length is None:
        return ""
    return humanize.spoken_duration(length if isinstance(length, timedelta) else timedelta(seconds=length))


@register.filter
def filesize(size: int | None) -> str:
    return "" if size is None else humanize.filesize(size)


@register.filter
def core_hours(amount: float | None) -> str:
    return "" if amount is None else humanize.core_hours(amount)


@register.filter
def number(value: int | None) -> str:
    return "" if value is None else humanize.number(value)


@register.filter
def measure(value: float | None) -> str:
    """A metric's value."""
    return humanize.measure(value)


@register.filter
def counted(count: int, words: str) -> str:
    """ "3 entry points": `words` are the singular and the plural, separated by a comma."""
    singular, plural = words.split(",")
    return humanize.counted(count, singular, plural)


@register.filter
def short_sha(sha: str | None) -> str:
    return humanize.short_sha(sha or "")


@register.filter
def last_part(path: str) -> str:
    """The name at the end of a path."""
    return path.rpartition("/")[2]


@register.filter
def initials(name: str | None) -> str:
    """One or two letters for an avatar."""
    words = (name or "?").replace(".", " ").replace("_", " ").split() or ["?"]
    letters = words[0][0] if len(words) == 1 else words[0][0] + words[-1][0]
    return letters.upper()


@dataclass(frozen=True)
class PhaseRect:
    """A segment of a phase bar as drawn: where it starts and how wide it is, in percent of the bar."""

    x: str
    width: str
    tone: str


_LEAST_PERCENT = 1.0
# In a row the whole bar is some hundred pixels wide, and a gap takes two of them.
_LEAST_PERCENT_THIN = 4.0


@register.filter
def phase_rects(segments: Iterable[Any], thin: bool = False) -> list[PhaseRect]:
    """Lay segments (`percent`, `tone`) side by side. A phase that took place stays visible, however short."""
    least = _LEAST_PERCENT_THIN if thin else _LEAST_PERCENT
    widths = [(max(_percent(s), least), str(_value(s, "tone"))) for s in segments if _percent(s) > 0]
    scale = 100 / max(100.0, sum(width for width, _ in widths))
    rects, x = [], 0.0
    for width, tone in widths:
        rects.append(PhaseRect(f"{x:.2f}%", f"{width * scale:.2f}%", tone))
        x += width * scale
    return rects


def _percent(segment: Any) -> float:
    return float(_value(segment, "percent") or 0)


def _value(segment: Any, name: str) -> Any:
    return segment[name] if isinstance(segment, Mapping) else getattr(segment, name)


@register.filter
def widget_kind(field: BoundField) -> str:
    """The shape a form field takes in `components/field.html`: check, choices, select, area or input."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return "choices"
    if isinstance(widget, Select):
        return "input" if getattr(widget, "allow_multiple_selected", False) else "select"
    return "area" if isinstance(widget, Textarea) else "input"


@register.filter
def browser_name(user_agent: str) -> str:
    """ "Firefox on Linux", from what a browser says of itself; that itself where it is none of those we know."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return " on ".join(filter(None, (browser, system))) or user_agent[:60]


# The first sign found counts: most browsers also claim to be others.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_WIDGET_CLASSES = {"check": "form-check-input", "select": "form-select", "choices": ""}


@register.simple_tag
def field_widget(field: BoundField, described_by: str = "", mono: bool = False) -> SafeString:
    """The control of a form field with the classes of its shape, described by help, note and error."""
    own = str(field.field.widget.attrs.get("class", ""))
    classes = [
        own,
        _WIDGET_CLASSES.get(widget_kind(field), "form-control"),
        "mono" if mono and "mono" not in own.split() else "",
        "is-invalid" if field.errors else "",
    ]
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if ids := " ".join(described_by.split()):
        attrs["aria-describedby"] = ids
    return field.as_widget(attrs=attrs)


@register.simple_tag
def project_sidebar(
    project: Any, user: Any, nav: str | None, nav_counts: Mapping[str, int] | None
) -> list[list[navigation.SidebarItem]]:
    return navigation.project_sidebar(project=project, user=user, current=nav or "", counts=nav_counts or {})


@register.simple_tag
def sign_up_offered() -> bool:
    """Whether anybody may make themselves an account."""
    return sign_up.is_offered()


@register.simple_tag
def settings_sidebar(nav: str | None) -> list[navigation.SidebarItem]:
    return navigation.settings_sidebar(current=nav or "")
