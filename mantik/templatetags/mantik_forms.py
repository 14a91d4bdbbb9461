"""What the template pack needs to know about a field, and live fields drawn again (mantik/lib/form_layout.py)."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select, Textarea
from django.utils.safestring import SafeString

register = template.Library()

_WIDGET_CLASSES = {"check": "form-check-input", "select": "form-select", "choices": ""}


@register.filter
def widget_kind(field: BoundField) -> str:
    """The shape a field takes: check, choices, select, area or input."""
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return "choices"
    if isinstance(widget, Select):
        return "input" if getattr(widget, "allow_multiple_selected", False) else "select"
    return "area" if isinstance(widget, Textarea) else "input"


@register.simple_tag
def field_widget(field: BoundField, described_by: str = "") -> SafeString:
    """The control of a field with the classes of its shape, described by help, note or error."""
    classes = [
        str(field.field.widget.attrs.get("class", "")),
        _WIDGET_CLASSES.get(widget_kind(field), "form-control"),
        "is-invalid" if field.errors else "",
    ]
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if described_by:
        attrs["aria-describedby"] = described_by
    return field.as_widget(attrs=attrs)


@register.filter
def note(field: BoundField) -> str:
    """What was found out about the field's value."""
    notes: dict[str, str] = getattr(field.form, "notes", {})
    return notes.get(field.name, "")


@register.filter
def is_approved(field: BoundField) -> bool:
    """Whether the field's value was checked and is right."""
    return field.name in getattr(field.form, "approved", ())


@register.simple_tag(takes_context=True)
def live_fields(context: template.Context, form: Any, *ids: str) -> SafeString:
    """The form's `LiveFields` with these ids, drawn again to be swapped into the page out of band."""
    drawn: SafeString = form.helper.render_live_fields(form, context, ids)
    return drawn
