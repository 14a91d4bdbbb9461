"""Forms that change what is stored: a second save does not undo the first one silently.

A form carries a fingerprint of each value that it was drawn with. If a value is another one when it is sent, nothing is
saved, and the form comes back: with the new value where its member has typed nothing, and with both where they have.
Sent again, it replaces what it has shown. The values themselves are compared, so no writer can forget to count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django import forms
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]
SAVED_MEANWHILE = "After you opened this form, it was saved elsewhere. Look at the marked fields, then save again."
# The hidden field.
REVISION = "revision"
# What is quoted of a long text; the form or the page has all of it.
_QUOTED = 300


def compared_under_lock(view: View) -> View:
    """For views with a `RevisedForm`: what they `lock` stays as it is until they have saved."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            return view(request, *args, **kwargs)

    return answer


def lock(request: HttpRequest, row: models.Model) -> None:
    """If something was sent: lock `row`, and read its columns anew. One that was just deleted stays as it was read."""
    if request.method != "POST":
        return
    stored = type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk).first()
    for field in row._meta.concrete_fields if stored else ():
        setattr(row, field.attname, getattr(stored, field.attname))


class RevisedForm(forms.Form):
    """Its `initial` is what is stored. Call `revise` at the end of `__init__`."""

    # False for a form that only shows what would come of it: it keeps the fingerprints that were sent.
    compares = True
    # Whether it says what was changed meanwhile.
    is_stale = False

    def revise(self, *, without: Collection[str] = ()) -> None:
        """`without`: fields that count as they were sent, whatever was stored meanwhile."""
        watched = {name: self._stored(name) for name in self.fields if name in self.initial and name not in without}
        self.fields[REVISION] = forms.CharField(required=False, widget=forms.HiddenInput, max_length=2000)
        self.initial[REVISION] = " ".join(f"{name}:{fingerprint(text)}" for name, text in watched.items())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.compares:
            return cleaned
        shown = dict(part.partition(":")[::2] for part in str(cleaned.pop(REVISION, "") or "").split())
        changed = [name for name in shown if name in self.fields and shown[name] != fingerprint(self._stored(name))]
        changed = [name for name in changed if self._typed(name) != self._stored(name)]
        if changed:
            self._say(changed, shown)
        return cleaned

    def _say(self, changed: list[str], shown: dict[str, str]) -> None:
        self.is_stale = True
        data = self.data = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix(REVISION)] = self.initial[REVISION]
        self.add_error(None, SAVED_MEANWHILE)
        for name in changed:
            stored, typed = (self._words(name, text) for text in (self._stored(name), self._typed(name)))
            if fingerprint(self._typed(name)) == shown[name]:
                self._take(name)
                words = f"Meanwhile {quoted(typed)} was changed to {quoted(stored)}, which the form has now."
            else:
                words = (
                    f"This was changed meanwhile: it is now {quoted(stored)}. You entered {quoted(typed)}. If you "
                    "save again, yours replaces it."
                )
            self.add_error(name, words)

    def _take(self, name: str) -> None:
        """Put what is stored into the form."""
        data: Any = self.data
        value, key = self.get_initial_for_field(self.fields[name], name), self.add_prefix(name)
        if isinstance(self.fields[name], forms.BooleanField):
            data.pop(key, None)
            if value:
                data[key] = "on"
        else:
            data[key] = "" if value is None else str(value)

    def _stored(self, name: str) -> str:
        return self._text(name, self.get_initial_for_field(self.fields[name], name))

    def _typed(self, name: str) -> str:
        widget = self.fields[name].widget
        return self._text(name, widget.value_from_datadict(self.data, self.files, self.add_prefix(name)))

    def _text(self, name: str, value: Any) -> str:
        field: Any = self.fields[name]
        if isinstance(field, forms.BooleanField):
            return "yes" if value else "no"
        text = "" if value is None else str(value)
        # Browsers send lines with another end, and fields strip what is around a text.
        return text.replace("\r\n", "\n").strip()

    def _words(self, name: str, text: str) -> str:
        """What a person reads of it: of a choice its label, which may change without another being chosen."""
        field: Any = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            return text
        return next((str(label) for key, label in field.widget.choices if str(key) == text), text)


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def quoted(text: str) -> str:
    if not text:
        return "empty"
    more = len(text) - _QUOTED
    return f"“{text[:_QUOTED]}…” ({more} more characters)" if more > 0 else f"“{text}”"
