"""The form for a token."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils import timezone

from mantik.accounts.models import User
from mantik.lib.form_layout import panel
from mantik.lib.name_keys import checked_name
from mantik.tokens.models import SCOPE_MEANING, PersonalAccessToken, Scope
from mantik.tokens.named_projects import NamedProject, projects_of

USUAL_DAYS = 30


class TokenForm(forms.Form):
    helper = panel(
        verb="Add token",
        lead="The next page shows the token once. Keep it where only your program can read it.",
    )

    name = forms.CharField(max_length=80, help_text="What it is for, for example “notebook on juwels”.")
    scope = forms.ChoiceField(
        choices=[(scope.value, f"{scope.label}: {SCOPE_MEANING[scope]}") for scope in Scope], initial=Scope.READ
    )
    expires_on = forms.DateField(
        label="Expires after",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    projects = forms.TypedMultipleChoiceField(
        label="Only in these projects",
        required=False,
        coerce=UUID,
        widget=forms.CheckboxSelectMultiple,
        help_text="For a program that needs only some of your projects: the others do not exist for it. If you choose "
        "none, the token is for all your projects, including those that you join later.",
        error_messages={"invalid_choice": "You have no role in one of these projects any more. Choose again."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.named = projects_of(user)
        choices = [(str(project.uuid), f"{project.name} ({project.address})") for project in self.named]
        self.fields["projects"].choices = choices  # type: ignore[attr-defined]
        # What was sent is never left out: the token would be for more than it was meant for.
        if not choices and "projects" not in self.data:
            del self.fields["projects"]
        self.latest = timezone.localdate() + timedelta(days=settings.MANTIK_TOKEN_MAX_DAYS)
        field = self.fields["expires_on"]
        field.initial = min(timezone.localdate() + timedelta(days=USUAL_DAYS), self.latest)
        field.help_text = f"The last day on which it is valid; {self.latest.isoformat()} at the latest."
        field.widget.attrs |= {"min": timezone.localdate().isoformat(), "max": self.latest.isoformat()}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        mine = PersonalAccessToken.objects.owned_by(self.user).filter(revoked_at=None)
        taken = f"You already have a token named {name}. Revoke it, or choose another name."
        return checked_name(name, mine, taken=taken)

    def clean_scope(self) -> Scope:
        return Scope(self.cleaned_data["scope"])

    def clean_projects(self) -> list[NamedProject]:
        return [project for project in self.named if project.uuid in self.cleaned_data["projects"]]

    def clean_expires_on(self) -> date:
        day: date = self.cleaned_data["expires_on"]
        if day < timezone.localdate():
            raise forms.ValidationError(f"{day.isoformat()} is in the past. Choose today or a later day.")
        if day > self.latest:
            raise forms.ValidationError(
                f"{day.isoformat()} is too late: a token is valid for {settings.MANTIK_TOKEN_MAX_DAYS} days at most. "
                f"Choose {self.latest.isoformat()} or an earlier day."
            )
        return day
