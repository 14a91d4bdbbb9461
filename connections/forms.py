"""Forms for connections. A secret is asked for and never given back."""

from typing import Any

from django import forms

from connections.models import Connection, Site
from mantik.accounts.models import User


class ConnectionForm(forms.Form):
    kind = forms.ChoiceField(label="Provider", choices=Connection.Kind.choices)
    name = forms.CharField(max_length=80, help_text="How you will find it in forms, for example “juwels”.")
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(),
        to_field_name="uuid",
        required=False,
        empty_label="Choose a site",
        help_text="For UNICORE connections.",
    )
    login_name = forms.CharField(
        label="User name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Your user name at the site. For a git token it may stay empty.",
    )
    secret = forms.CharField(
        label="Password or token",
        strip=False,
        max_length=4000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted, used by the workers only, and never shown again.",
    )

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner
        self.fields["site"].queryset = Site.objects.offered()  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Connection.objects.owned_by(self.owner).filter(name__iexact=name).exists():
            raise forms.ValidationError(f"You already have a connection named {name}. Choose another name.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Connection.Kind.UNICORE_PASSWORD:
            if not cleaned.get("site") and "site" not in self.errors:
                self.add_error("site", "A UNICORE connection needs the site that it is for.")
            if not cleaned.get("login_name"):
                self.add_error("login_name", "A UNICORE connection needs your user name at the site.")
        else:
            cleaned["site"] = None
        return cleaned


class SecretForm(forms.Form):
    secret = forms.CharField(
        label="New password or token",
        strip=False,
        max_length=4000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Takes the place of the stored one, which is forgotten.",
    )
