"""What forms are laid out with, besides the Layout, Row, Column, Div and AppendedText of crispy-forms.

A form has a `helper`, and `{% crispy form %}` draws all of it, from its <form> to its buttons, with the templates in
templates/bootstrap5/. A Row puts fields side by side, a Column one below the other, and AppendedText adds a unit to
the label. What a form cannot know comes from the context of the page:

    action_url    where it is sent, if not to the page itself
    back_url      where `Back` leads
    preview_url   where `LiveFields` ask what has become of the form
    verb          the label of a `SubmitButton` that was not given one

A form may have `notes`: by field, what was found out about its value, shown in place of the help; and `approved`: the
names of fields whose value was checked and is right.

Parts keep nothing of what they draw, so one `helper` of a class serves all requests. What somebody has typed must not
go into crispy's HTML, Hidden, Submit or Fieldset: they compile it as a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, LayoutObject
from crispy_forms.utils import TEMPLATE_PACK
from django.forms import BaseForm
from django.template import Context, VariableDoesNotExist
from django.template.loader import get_template
from django.utils.safestring import SafeString


class Part(LayoutObject):  # type: ignore[misc]  # crispy comes without types
    """A template around parts and fields. It has the page's context, `part` (this object) and the drawn `fields`."""

    template = ""

    def __init__(self, *fields: Any) -> None:
        self.fields = list(fields)

    def render(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        fields = self.get_rendered_fields(form, _copy_of(context), template_pack, **kwargs)
        values: dict[str, Any] = {**context.flatten(), "part": self, "form": form, "fields": fields}  # type: ignore[dict-item]
        return SafeString(get_template(self.get_template_name(template_pack)).render(values | self.more_context(form)))

    def more_context(self, form: BaseForm) -> dict[str, Any]:  # noqa: ARG002
        """More context for its template."""
        return {}


class FromTemplate(Part):
    """Fields drawn by a template of the page's own; `more` is added to its context."""

    def __init__(self, template: str, *fields: Any, **more: Any) -> None:
        super().__init__(*fields)
        self.template, self.more = template, more

    def more_context(self, form: BaseForm) -> dict[str, Any]:  # noqa: ARG002
        return self.more


class Rest(Layout):  # type: ignore[misc]
    """Every field that the layout does not name, in the order of the form: a new one needs no line here."""

    def render(self, form: Any, context: Context, template_pack: str = TEMPLATE_PACK, **kwargs: Any) -> SafeString:
        named = {pointer.name for pointer in form.helper.layout.get_field_names()}
        left = (name for name in form.fields if name not in named and not form[name].is_hidden)
        drawn: SafeString = Layout(*left).render(form, context, template_pack, **kwargs)
        return drawn


class Problems(Part):
    """What is wrong with the form as a whole, or a hint at the marked fields."""

    template = "%s/errors.html"


class Lead(Part):
    """A sentence above the fields."""

    template = "%s/layout/lead.html"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Section(Part):
    """Part of a form card, set apart by a line."""

    template = "%s/layout/section.html"


class Step(Part):
    """A section with a number and a title."""

    template = "%s/layout/step.html"

    def __init__(self, number: int, title: str, *fields: Any) -> None:
        super().__init__(*fields)
        self.number, self.title = number, title


class Fold(Part):
    """Fields that few people need: folded, unless one of them has an error."""

    template = "%s/layout/fold.html"

    def __init__(self, summary: str, *fields: Any) -> None:
        super().__init__(*fields)
        self.summary = summary

    def more_context(self, form: BaseForm) -> dict[str, Any]:
        return {"is_open": any(pointer.name in form.errors for pointer in self.get_field_names())}


class Carried(Part):
    """A value that is sent along without being a field of the form."""

    template = "%s/layout/hidden.html"

    def __init__(self, name: str, value: object) -> None:
        super().__init__()
        self.name, self.value = name, value

    def more_context(self, form: BaseForm) -> dict[str, Any]:  # noqa: ARG002
        return {"name": self.name, "value": self.value}


class LiveFields(Part):
    """Fields that depend on others. A change POSTs the form to `preview_url`, whose answer may draw them again.

    `target`: the selector of what else the answer replaces. `typed`: for text fields, after how many milliseconds
    without a keystroke it counts as changed; 0 for choices. `query`: added to the address. `sync`: what happens if a
    request is still under way (htmx's hx-sync). `wide`: it takes the whole row.
    """

    template = "%s/layout/live_fields.html"

    def __init__(
        self,
        css_id: str,
        *fields: Any,
        target: str,
        typed: int = 0,
        query: str = "",
        sync: str = "replace",
        wide: bool = False,
    ) -> None:
        super().__init__(*fields)
        self.css_id, self.target, self.typed = css_id, target, typed
        self.query, self.sync, self.wide = query, sync, wide


class Cards(Part):
    """One field as a choice among cards. Its form has `cards`: [{id, key, title, detail, at, is_chosen}]."""

    template = "%s/layout/cards.html"

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def more_context(self, form: BaseForm) -> dict[str, Any]:
        return {"field": form[self.fields[0]]}


class ActionBar(Part):
    """The foot of a form card, which stays in view."""

    template = "%s/layout/action_bar.html"


class Remark(Part):
    """What people should know before they press the button of an action bar."""

    template = "%s/layout/remark.html"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Back(Part):
    """The link back, where the page has a `back_url`."""

    template = "%s/layout/back.html"

    def __init__(self, label: str = "Back") -> None:
        super().__init__()
        self.label = label


class SubmitButton(Part):
    """`busy`: its label while the form is being sent. `name`, `value`: what it sends along."""

    template = "%s/layout/submit_button.html"

    def __init__(
        self,
        label: str = "",
        *,
        icon: str = "",
        busy: str = "",
        style: str = "btn-primary",
        name: str = "",
        value: str = "",
    ) -> None:
        super().__init__()
        self.label, self.icon, self.busy, self.style = label, icon, busy, style
        self.name, self.value = name, value


class FirstButton(Part):
    """A hidden button that Enter presses, because otherwise the first button of the form would only change the form."""

    template = "%s/layout/first_button.html"

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label


class PreviewButton(Part):
    """A button that updates form and preview where there is no JavaScript to do so while it is filled in."""

    template = "%s/layout/preview_button.html"

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label


class Helper(FormHelper):  # type: ignore[misc]
    """How a form is drawn: `parts`, in order, then its hidden fields.

    It is sent once, however often its button is pressed. `warns`: the browser asks before somebody leaves it half
    filled in. `attrs` are further attributes of its <form>.
    """

    form_show_errors = False
    render_hidden_fields = True
    include_media = False

    def __init__(self, *parts: Any, css_class: str = "", css_id: str = "", warns: bool = False, **attrs: Any) -> None:
        super().__init__()
        self.layout = Layout(*parts)
        self.form_class, self.form_id = css_class, css_id
        usual = {"novalidate": True, "data_warn_unsaved": warns, "data_submit_once": True}
        self.attrs = usual | attrs

    def render_layout(self, form: BaseForm, context: Context, template_pack: str = TEMPLATE_PACK) -> SafeString:
        try:
            drawn: SafeString = super().render_layout(form, context, template_pack)
        except VariableDoesNotExist as error:
            # {% crispy %} would swallow this and draw an empty form.
            raise LookupError(str(error)) from error
        return drawn

    def render_live_fields(self, form: Any, context: Context, ids: tuple[str, ...]) -> SafeString:
        """The live fields with these ids, in the order of the layout, to be swapped into the page out of band."""
        # What FormHelper.render_layout sets before it draws.
        form.rendered_fields, form.crispy_field_template = set(), self.field_template
        inner = _copy_of(context, oob=True)
        drawn = [part.render(form, inner) for part in _live_fields_in(self.layout) if part.css_id in ids]
        return SafeString("\n".join(drawn))


def _copy_of(context: Context, **values: Any) -> Context:
    """A copy with `values`. crispy stores its field template in the context, which must not reach the page's own."""
    inner = copy(context)
    inner.push(values)
    return inner


def _live_fields_in(part: LayoutObject) -> Iterator[LiveFields]:
    for inner in part.fields:
        if isinstance(inner, LiveFields):
            yield inner
        elif isinstance(inner, LayoutObject):
            yield from _live_fields_in(inner)


def card(*parts: Any, foot: Sequence[Part], css_class: str = "panel-narrow", warns: bool = True) -> Helper:
    """A form in a card of its own: the errors, the parts, and an action bar with what is in `foot`."""
    classes = f"panel form-panel {css_class}".strip()
    return Helper(Section(Problems(), *parts), ActionBar(*foot), css_class=classes, warns=warns)


def panel(*fields: Any, verb: str = "", lead: str = "", busy: str = "") -> Helper:
    """A short form in a card: `fields`, or all there are, one below the other; Back, and the button."""
    leads = [Lead(lead)] if lead else []
    return card(*leads, Column(*(fields or [Rest()])), foot=(Back(), SubmitButton(verb, busy=busy)))


def entrance(verb: str) -> Helper:
    """All fields and the button, in the card of layouts/plain.html."""
    return Helper(Problems(), Column(Rest()), SubmitButton(verb, style="btn-primary btn-block"))
