"""Makes `ModelAdmin[Run]` work at run time: these classes are generic in the stubs, but not yet in Django 5.2."""

from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Lookup
from django.forms.models import BaseModelForm, BaseModelFormSet, ModelChoiceField


def make_subscriptable() -> None:
    for cls in (BaseModelAdmin, BaseModelForm, BaseModelFormSet, Lookup, ModelChoiceField):
        if not hasattr(cls, "__class_getitem__"):
            setattr(cls, "__class_getitem__", classmethod(_itself))  # noqa: B010


def _itself(cls: type, _parameters: Any) -> type:
    return cls
