"""Records changes that operators make in the admin, with the same events as changes by members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from mantik.accounts.models import User
from mantik.audit.services import record

Row = TypeVar("Row", bound=models.Model)


class AuditedAdmin(admin.ModelAdmin[Row]):
    """Records the event `<noun>.<participle>` for each row that is added, changed or deleted."""

    noun = ""
    added, changed, deleted = "added", "edited", "deleted"

    def project_of(self, row: Row) -> Any:
        """The project whose owners see the event; None if only operators do."""
        return getattr(row, "project", None)

    def save_model(self, request: HttpRequest, obj: Row, form: ModelForm[Row], change: bool) -> None:
        super().save_model(request, obj, form, change)
        names = [name for name in form.changed_data if name in form.cleaned_data]
        if names or not change:
            before = {name: form.initial.get(name) for name in names} if change else {}
            after = {name: form.cleaned_data[name] for name in names}
            self._tell(request, self.changed if change else self.added, obj, before=before, after=after)

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        self._tell(request, self.deleted, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Row]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _tell(self, request: HttpRequest, participle: str, row: Row, **values: Any) -> None:
        operator = cast(User, request.user)
        record(f"{self.noun}.{participle}", actor=operator, target=row, project=self.project_of(row), **values)


def tell_roles(request: HttpRequest, formset: Any, *, whose: str, verbs: tuple[str, str, str]) -> None:
    """Record roles that were given, changed or taken in a saved inline; `whose` is the column of who has the role."""
    operator = cast(User, request.user)
    given, changed, taken = verbs
    for row in formset.new_objects:
        record(given, actor=operator, target=getattr(row, whose), project=row.project, after=_role(row))
    for row, _ in formset.changed_objects:
        record(changed, actor=operator, target=getattr(row, whose), project=row.project, after=_role(row))
    for row in formset.deleted_objects:
        record(taken, actor=operator, target=getattr(row, whose), project=row.project, before=_role(row))


def _role(row: Any) -> dict[str, str]:
    return {"role": row.get_role_display()}


def kept_rows(forms: Iterable[Any]) -> list[dict[str, Any]]:
    """The rows that a formset will have after it is saved."""
    cleaned = [form.cleaned_data for form in forms if getattr(form, "cleaned_data", None)]
    return [row for row in cleaned if not row.get("DELETE")]
