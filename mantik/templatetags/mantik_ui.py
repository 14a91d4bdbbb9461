"""Tags and filters of the components: wording from `mantik.lib.humanize`, markup in templates/components/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mantik import navigation
from mantik.accounts import sign_up
from mantik.accounts.forms import PasskeySignInForm
from mantik.docs import help as docs_help
from mantik.lib import badges, humanize
from mantik.lib.live import fingerprint
from mantik.lib.markdown import render as render_markdown

register = template.Library()


# A list draws hundreds of some thirty different ones.
@register.simple_tag
@cache
def icon(name: str, size: str = "") -> SafeString:
    """One icon of the sprite. It is decoration: the words next to it, or a label, say the same."""
    css_class = f"icon icon-{size}" if size else "icon"
    href = f"{static('vendor/icons.svg')}#{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', css_class, href)


# Several lists, with the longest names, take some megabytes.
_KEPT_DRAWINGS = 2_000


@register.simple_tag
def drawn_once(template_name: str, **values: Any) -> SafeString:
    """`{% include template_name with ... only %}`, for a component of which a list draws hundreds that are often alike.

    The component must depend on nothing but `values`, which have to be hashable, or lists of what is: on no request, no
    time of day and no time zone. The same values are drawn once.
    """
    hashable = (tuple(value) if isinstance(value, list) else value for value in values.values())
    return _drawing(template_name, tuple(values), *hashable)


# Typed, so that a text that is safe HTML is never taken for the same text that is not.
@lru_cache(_KEPT_DRAWINGS, typed=True)
def _drawing(template_name: str, names: tuple[str, ...], *values: Any) -> SafeString:
    return SafeString(get_template(template_name).render(dict(zip(names, values, strict=True))))


@register.simple_tag(takes_context=True)
def row_version(context: Context) -> SafeString | str:
    """In a live list, the attribute that tells the row `row` from what it was."""
    return format_html(' data-version="{}"', fingerprint(context["row"])) if context.get("live") else ""


@register.simple_tag(takes_context=True)
def browser_has(context: Context, row: object) -> bool:
    """Whether the browser shows `row` of a live list as it is."""
    live = context.get("live")
    return bool(live and live.has(row))


@register.simple_tag
def relative_time(moment: datetime | None, absent: str = "never") -> SafeString | str:
    """How long ago, with the exact time as its title; the browser keeps it fresh."""
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
    """Date, time and zone as text, for where the exact time matters."""
    if moment is None:
        return absent
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        humanize.exact_time(local),
        humanize.absolute_time(local, seconds=seconds),
    )


@register.simple_tag
def growing_duration(length: timedelta, is_growing: bool, spoken: bool = False) -> SafeString | str:
    """A duration in words for columns, or for sentences. While it is growing, the browser goes on counting."""
    text = humanize.spoken_duration(length) if spoken else humanize.clock_duration(length)
    if not is_growing:
        return text
    seconds, words = f"{length.total_seconds():.1f}", "spoken" if spoken else "clock"
    return format_html('<span data-seconds="{}" data-words="{}">{}</span>', seconds, words, text)


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown of a member as safe HTML."""
    return render_markdown(text)


@register.filter
def badge_text(count: int) -> str:
    return badges.badge_text(count)


@register.filter
def audit_value(value: Any) -> str:
    """The value of a field in an event, for people: yes or no, a list with commas, "" for nothing."""
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
def browser_name(user_agent: str) -> str:
    """ "Firefox on Linux", from a User-Agent header; the header itself if we know neither browser nor system."""
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


@register.simple_tag(takes_context=True)
def help_url(context: Mapping[str, Any]) -> str:
    """Where the docs explain the present page; their table of contents for a page without an address of its own."""
    match = getattr(context.get("request"), "resolver_match", None)
    return docs_help.url_of(docs_help.place_of(match.view_name if match else ""))


@register.simple_tag
def docs_url(place: str) -> str:
    """The address of a place in the docs: "page#section"."""
    return docs_help.url_of(place)


@register.simple_tag
def project_sidebar(
    project: Any, user: Any, nav: str | None, nav_counts: Mapping[str, int] | None
) -> list[list[navigation.SidebarItem]]:
    return navigation.project_sidebar(project=project, user=user, current=nav or "", counts=nav_counts or {})


@register.simple_tag
def sign_up_offered() -> bool:
    """Whether everybody may sign up."""
    return sign_up.is_offered()


@register.simple_tag
def passkey_form() -> PasskeySignInForm:
    """The form that signs in with a passkey alone."""
    return PasskeySignInForm()


@register.simple_tag
def settings_sidebar(nav: str | None) -> list[navigation.SidebarItem]:
    return navigation.settings_sidebar(current=nav or "")
