"""The admin's forms: a second save does not undo the first one silently (`revised_form.py` is that of our own pages).

The page has a fingerprint of each value that it was drawn with, also of the rows below. If one is another when it is
sent, nothing is saved, and the page comes back and says so. Sent again, it replaces what it has named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.forms.models import _get_foreign_key  # as the admin's own checks do
from django.http import HttpRequest, HttpResponse

from mantik.lib.revised_form import REVISION, SAVED_MEANWHILE, fingerprint, lock, quoted


class RevisedSite(admin.AdminSite):
    """All its pages compare, also those of other packages."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        plain = admin_class or admin.ModelAdmin
        super().register(model_or_iterable, type(plain.__name__, (RevisedAdmin, plain), {}), **options)


class RevisedAdmin(admin.ModelAdmin[Any]):
    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        if obj is None or not change:
            return form
        # The admin has begun a transaction.
        lock(request, obj)
        return type(form.__name__, (_Compared, form), {"below": self._below(request, obj)})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **options: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        if isinstance(form, _Compared):
            context[REVISION] = form.revision
        return super().render_change_form(request, context, *arguments, **options)

    def _below(self, request: HttpRequest, obj: models.Model) -> dict[str, str]:
        """The fingerprints of the rows that can be changed on the same page."""
        found = {}
        for inline in self.get_inline_instances(request, obj):
            columns = list(inline.get_formset(request, obj).form.base_fields)
            if columns:
                above = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name).name
                rows = inline.get_queryset(request).filter(**{above: obj})
                found[str(inline.verbose_name_plural)] = fingerprint(str(list(_values(rows, columns))))
        return found


def _values(rows: models.QuerySet[Any], columns: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return rows.order_by("pk").values_list("pk", *columns)


class _Compared:
    """Comes before a model's form."""

    below: dict[str, str]

    @property
    def revision(self) -> str:
        return "\n".join(f"{name}:{mark}" for name, mark in self._marks().items())

    def clean(self: Any) -> Any:
        cleaned = super().clean()  # type: ignore[misc]
        now = self._marks()
        shown = dict(line.rpartition(":")[::2] for line in self.data.get(REVISION, "").splitlines())
        changed = [name for name, mark in shown.items() if name in now and now[name] != mark]
        # What is there already is nothing that could be undone.
        changed = [name for name in changed if name in self.below or name in self.changed_data]
        if changed:
            self.add_error(None, SAVED_MEANWHILE)
        for name in changed:
            self.add_error(None if name in self.below else name, self._words(name))
        return cleaned

    def _words(self: Any, name: str) -> str:
        if name in self.below:
            return (
                f"The {name} below were changed meanwhile. Open this page in another tab to see what they are now. If "
                "you save again, yours replace them."
            )
        now = quoted(_label(self.fields[name], self._value(name)))
        return f"This was changed meanwhile: it is now {now}. If you save again, what the form has replaces it."

    def _marks(self: Any) -> dict[str, str]:
        # A field that is disabled, as a password is, changes nothing.
        own = [name for name, field in self.fields.items() if name in self.initial and not field.disabled]
        marks = {name: fingerprint(_text(self._value(name))) for name in own}
        return {**marks, **self.below}

    def _value(self: Any, name: str) -> Any:
        return self.get_initial_for_field(self.fields[name], name)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(sorted(str(each.pk if isinstance(each, models.Model) else each) for each in value))
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _label(field: forms.Field, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(sorted(map(str, value)))
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    if isinstance(field, forms.ModelChoiceField) and field.queryset is not None and value is not None:
        return str(field.queryset.filter(pk=value).first() or value)
    return _text(value)
