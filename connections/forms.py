"""Forms for connections and members' own sites. Secrets go in and are never shown again."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from connections.logins.kinds import TRAITS, Kind, Need, Traits
from connections.models import Connection, Site
from connections.services.connections import mark_of_secret
from connections.services.sites import check_ca_bundle, usable_base_url
from connections.unicore.address import BadBaseUrl
from connections.unicore.credentials import check_login_name
from connections.unicore.errors import SiteRefused
from mantik.accounts.models import User
from mantik.lib.form_layout import Carried, Helper, Rest, panel
from mantik.lib.humanize import absolute_time
from mantik.lib.name_keys import checked_name, visible_name
from mantik.lib.revised_form import RevisedForm


class _Secret(forms.CharField):
    def __init__(self, traits: Traits, *, is_new: bool) -> None:
        label = f"New {traits.asks_for[:1].lower()}{traits.asks_for[1:]}" if is_new else traits.asks_for
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(label=label, help_text=traits.asks_help, strip=False, max_length=8000, widget=widget)


class _LastDay(forms.DateField):
    """The last day on which a secret is valid. Its value is the end of that day."""

    def __init__(self, traits: Traits) -> None:
        self.noun = traits.asks_for.lower()
        super().__init__(
            label=f"Last day on which the {self.noun} is valid",
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            help_text=f"Leave this empty if the {self.noun} does not expire. You get a notice two weeks before, two "
            "days before, and when it has expired.",
        )

    def clean(self, value: Any) -> datetime | None:
        day: date | None = super().clean(value)
        if day is None:
            return None
        if day < timezone.localdate():
            raise forms.ValidationError(
                f"This day is in the past. Enter the last day on which the {self.noun} is valid, or leave the field "
                "empty."
            )
        return timezone.make_aware(datetime.combine(day, time.max))


class SecretForm(forms.Form):
    """Asks for a new secret of `connection`. For a key pair nothing is typed: Mantik makes a new pair."""

    def __init__(
        self, *args: Any, kind: Kind, is_new: bool = True, connection: Connection | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if connection:
            self.fields["replaces"] = forms.CharField(
                required=False, max_length=64, widget=forms.HiddenInput, initial=mark_of_secret(connection)
            )
        self.kind = kind
        self.traits = traits = TRAITS[kind]
        if not traits.has_key_pair:
            self.fields["secret"] = _Secret(traits, is_new=is_new)
        if traits.expiry is not Need.NO:
            self.fields["expires_at"] = _LastDay(traits)

    def say_replaced(self, meanwhile: Connection) -> None:
        """The secret of `meanwhile` is not the one that the form was to replace; sent again, it replaces this one."""
        moment = absolute_time(timezone.localtime(meanwhile.secret_set_at))
        again = "" if self.traits.has_key_pair else " type it again, and"
        self.add_error(
            None,
            f"Another tab or device has replaced this {self.traits.asks_for.lower() or 'key pair'} at {moment}, after "
            f"you opened this page. To have yours instead,{again} send this once more.",
        )
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data["replaces"] = mark_of_secret(meanwhile)
        self.data = data

    @property
    def helper(self) -> Helper:
        verb, busy, lead = _replacing(self.traits)
        return panel(verb=verb, busy=busy, lead=lead)


def _name_field() -> forms.CharField:
    return forms.CharField(max_length=80, help_text="The name under which forms offer it, for example “juwels”.")


def _free_name(name: str, others: QuerySet[Connection], kept: str = "") -> str:
    """`name`, unless one of the other connections of the same person has it, or one that counts as the same."""
    return checked_name(name, others, kept=kept, taken=name_taken(name))


def name_taken(name: str) -> str:
    return f"You already have a connection named {name}. Choose another name."


class ConnectionForm(SecretForm):
    """Has only the fields that a connection of `kind` needs."""

    name = _name_field()

    def __init__(self, *args: Any, owner: User, kind: Kind, site: Site | None = None, **kwargs: Any) -> None:
        super().__init__(*args, kind=kind, is_new=False, **kwargs)
        self.owner = owner
        if self.traits.has_site:
            self.fields["site"] = _site_field(owner, kind, chosen=site)
        if self.traits.login is not Need.NO:
            self.fields["login_name"] = _login_field(self.traits)
        self.order_fields(["name", "site", "login_name", "secret", "expires_at"])

    @property
    def helper(self) -> Helper:
        return panel(Carried("kind", self.kind), Rest(), verb="Add connection", busy="Adding", lead=self.traits.advice)

    @property
    def sites_with_notes(self) -> list[Site]:
        """The sites to choose from that have notes."""
        return [site for site in self.fields["site"].queryset if site.notes] if self.traits.has_site else []  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return _free_name(self.cleaned_data["name"], Connection.objects.owned_by(self.owner))

    def clean_login_name(self) -> str:
        login: str = self.cleaned_data["login_name"]
        if login and self.traits.has_site:
            try:
                check_login_name(login)
            except SiteRefused:
                raise forms.ValidationError("A login name must not contain a colon or control characters.") from None
        return login


class RenameForm(RevisedForm):
    helper = panel(verb="Rename")

    name = _name_field()

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"name": connection.name}
        self.connection = connection
        self.revise()

    def clean_name(self) -> str:
        others = Connection.objects.owned_by(self.connection.owner).exclude(pk=self.connection.pk)
        return _free_name(self.cleaned_data["name"], others, self.connection.name)


class SiteForm(forms.Form):
    helper = panel(verb="Add site", lead="A UNICORE site that Mantik does not offer. Only you and operators see it.")

    name = forms.CharField(max_length=80, help_text="Shown when you add a connection.")
    base_url = forms.CharField(
        label="REST base URL",
        max_length=300,
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "url"}),
        help_text="As the site's documentation gives it, for example https://hpc.example.org:8080/SITE/rest/core",
    )
    ca_bundle = forms.CharField(
        label="Certificates of the site (CA bundle)",
        required=False,
        widget=forms.Textarea(attrs={"class": "mono", "rows": 5, "spellcheck": "false"}),
        help_text="In PEM format. For this site Mantik then accepts only these certificates. Leave it empty if those "
        "that Mantik's own machine trusts are enough.",
    )
    notes = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="For yourself; shown with your site."
    )

    def clean_name(self) -> str:
        return visible_name(self.cleaned_data["name"])

    def clean_base_url(self) -> str:
        try:
            return usable_base_url(self.cleaned_data["base_url"])
        except BadBaseUrl as error:
            raise forms.ValidationError(error.sentence) from None

    def clean_ca_bundle(self) -> str:
        bundle: str = self.cleaned_data["ca_bundle"]
        try:
            check_ca_bundle(bundle)
        except SiteRefused:
            raise forms.ValidationError(
                "This contains no certificate in PEM format. Paste it with its BEGIN and END lines, or leave the field "
                "empty."
            ) from None
        return bundle


def _site_field(owner: User, kind: Kind, *, chosen: Site | None) -> forms.ModelChoiceField[Site]:
    sites = Site.objects.offered_to(owner)
    return forms.ModelChoiceField(
        queryset=sites.with_login_service() if kind is Kind.UNICORE_OIDC else sites,
        to_field_name="uuid",
        initial=chosen,
        empty_label="Choose a site",
        error_messages={"required": "Choose the UNICORE site of this connection."},
    )


def _login_field(traits: Traits) -> forms.CharField:
    is_needed = traits.login is Need.YES
    return forms.CharField(
        label="Login name",
        max_length=150,
        required=is_needed,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Your login name at the site." if traits.has_site else "Only if the host needs one with the token.",
        error_messages={"required": "Enter your login name at the site."},
    )


def _replacing(traits: Traits) -> tuple[str, str, str]:
    """The words of the form that replaces a secret: those of its button, also while it is being sent, and the lead."""
    if traits.has_key_pair:
        refused = (
            "the site refuses the connection, and runs that need it wait. The site may take ten minutes to notice the "
            "new one."
            if traits.has_site
            else "code cannot be fetched with it."
        )
        return (
            "Make new key pair",
            "Making",
            f"The old key pair is deleted at once. Until you put the new public key in place of the old one, {refused}",
        )
    if traits.is_forgotten:
        return (
            "Get new token",
            "Asking",
            "Mantik uses your password to get a new token, then forgets the password and the old token. Active runs "
            "continue with the new token.",
        )
    return (
        "Replace secret",
        "Replacing",
        "The old secret is deleted at once. Active runs continue with the new one.",
    )
