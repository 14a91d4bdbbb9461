"""Forms for connections and members' own sites. A secret is asked for and never given back."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from connections.logins.kinds import TRAITS, Kind, Need, Traits
from connections.models import Connection, Site
from connections.services.sites import check_ca_bundle, usable_base_url
from connections.unicore.credentials import check_login_name
from connections.unicore.errors import SiteRefused
from mantik.accounts.models import User


class _Secret(forms.CharField):
    def __init__(self, traits: Traits, *, is_new: bool) -> None:
        label = f"New {traits.asks_for[:1].lower()}{traits.asks_for[1:]}" if is_new else traits.asks_for
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(label=label, help_text=traits.asks_help, strip=False, max_length=8000, widget=widget)


class _LastDay(forms.DateField):
    """The last day on which a secret is good, as the end of that day."""

    def __init__(self) -> None:
        super().__init__(
            label="Last day",
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            help_text="If the provider lets it end. You are told two weeks before, and two days before.",
        )

    def clean(self, value: Any) -> datetime | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day < timezone.localdate():
            raise forms.ValidationError("This day is over. Give the day on which the secret ends, or leave it empty.")
        return timezone.make_aware(datetime.combine(day, time.max))


class SecretForm(forms.Form):
    """For the kind of a connection that is there. Without fields for a key pair, which is made anew."""

    def __init__(self, *args: Any, kind: Kind, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.traits = traits = TRAITS[kind]
        if not traits.has_key_pair:
            self.fields["secret"] = _Secret(traits, is_new=is_new)
        if traits.expiry is not Need.NO:
            self.fields["expires_at"] = _LastDay()


class ConnectionForm(SecretForm):
    """Asks for what `kind` needs and nothing else."""

    name = forms.CharField(max_length=80, help_text="How you will find it in forms, for example “juwels”.")

    def __init__(self, *args: Any, owner: User, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, kind=kind, is_new=False, **kwargs)
        self.owner = owner
        if self.traits.has_site:
            self.fields["site"] = _site_field(owner, kind)
        if self.traits.login is not Need.NO:
            self.fields["login_name"] = _login_field(self.traits)
        self.order_fields(["name", "site", "login_name", "secret", "expires_at"])

    @property
    def sites_with_notes(self) -> list[Site]:
        """Of the sites to choose from, those that operators have written something about."""
        return [site for site in self.fields["site"].queryset if site.notes] if self.traits.has_site else []  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Connection.objects.owned_by(self.owner).filter(name__iexact=name).exists():
            raise forms.ValidationError(f"You already have a connection named {name}. Choose another name.")
        return name

    def clean_login_name(self) -> str:
        login: str = self.cleaned_data["login_name"]
        if login and self.traits.has_site:
            try:
                check_login_name(login)
            except SiteRefused:
                raise forms.ValidationError(
                    "A login name must not hold a colon or control characters. Correct it."
                ) from None
        return login


class SiteForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="How you will find it when you add a connection.")
    base_url = forms.CharField(
        label="REST base URL",
        max_length=300,
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "url"}),
        help_text="As the site's documentation gives it, for example https://hpc.example.org:8080/SITE/rest/core",
    )
    ca_bundle = forms.CharField(
        label="CA bundle",
        required=False,
        widget=forms.Textarea(attrs={"class": "mono", "rows": 5, "spellcheck": "false"}),
        help_text="PEM certificates to verify the site with. Empty: the certificates this machine trusts.",
    )
    notes = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For yourself; shown with your site."
    )

    def clean_base_url(self) -> str:
        try:
            return usable_base_url(self.cleaned_data["base_url"])
        except SiteRefused as error:
            raise forms.ValidationError(error.message.removesuffix(" An operator can correct it.")) from None

    def clean_ca_bundle(self) -> str:
        bundle: str = self.cleaned_data["ca_bundle"]
        try:
            check_ca_bundle(bundle)
        except SiteRefused:
            raise forms.ValidationError(
                "This holds no certificates in PEM form. Paste them with their BEGIN and END lines, or leave it empty."
            ) from None
        return bundle


def _site_field(owner: User, kind: Kind) -> forms.ModelChoiceField[Site]:
    sites = Site.objects.offered_to(owner)
    return forms.ModelChoiceField(
        queryset=sites.with_login_service() if kind is Kind.UNICORE_OIDC else sites,
        to_field_name="uuid",
        empty_label="Choose a site",
        error_messages={"required": "A UNICORE connection needs the site that it is for."},
    )


def _login_field(traits: Traits) -> forms.CharField:
    is_needed = traits.login is Need.YES
    return forms.CharField(
        label="User name",
        max_length=150,
        required=is_needed,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Your user name at the site." if traits.has_site else "Where the host wants one beside the token.",
        error_messages={"required": "A UNICORE connection needs your user name at the site."},
    )
