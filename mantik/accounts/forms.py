"""Forms of allauth in our words, and those of the account page."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from allauth.account import forms as account
from allauth.mfa.base import forms as factors
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as passkeys
from allauth.socialaccount import forms as services
from django import forms
from django.conf import settings

from mantik.accounts import sign_up
from mantik.accounts.models import Theme, User

Words = tuple[str, str]
_PHRASE_HELP = "At least 10 characters. Several words are easier to keep in mind than signs."
_NEW: dict[str, Words] = {"password1": ("New password", _PHRASE_HELP), "password2": ("New password again", "")}


class InOurWords:
    """`words` holds label and help by field. What says the same in grey inside a field is left out."""

    words: ClassVar[dict[str, Words]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in self.words:
                field.label, field.help_text = self.words[name]


class SignInForm(InOurWords, account.LoginForm):
    words = {"login": ("User name or e-mail address", ""), "password": ("Password", "")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"

    def add_prefix(self, field_name: str) -> str:
        """On the page the field is called what it was called before addresses were taken, too."""
        name: str = super().add_prefix("username" if field_name == "login" else field_name)
        return name


class SignUpForm(InOurWords, account.SignupForm):
    words = {
        "username": ("User name", "Letters, digits and @ . + - _. Others see it."),
        "email": ("E-mail address", "You confirm it with a link that we send there."),
        "password1": ("Password", _PHRASE_HELP),
    }

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if not sign_up.may_sign_up(email):
            raise forms.ValidationError(
                "Nobody has invited this address. Ask an owner or maintainer of a project to invite it, or give the "
                "address that the invitation went to."
            )
        return email


class AddressForm(InOurWords, account.AddEmailForm):
    words = {"email": ("New e-mail address", "It takes the place of the present one once you open the link we send.")}


class ChangePasswordForm(InOurWords, account.ChangePasswordForm):
    words = {"oldpassword": ("Present password", ""), **_NEW}


class SetPasswordForm(InOurWords, account.SetPasswordForm):
    words = _NEW


class AskResetForm(InOurWords, account.ResetPasswordForm):
    words = {"email": ("E-mail address", "The one of your account.")}


class ResetPasswordForm(InOurWords, account.ResetPasswordKeyForm):
    words = _NEW


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):
    words = {"password": ("Password", "")}


class CodeForm(InOurWords, factors.AuthenticateForm):
    words = {"code": ("Code", "The six digits of your authenticator app, or one of your recovery codes.")}


class ReauthenticateCodeForm(InOurWords, factors.ReauthenticateForm):
    words = CodeForm.words


class ActivateAppForm(InOurWords, ActivateTOTPForm):
    words = {"code": ("Code", "The six digits that the app shows now.")}


class AddPasskeyForm(passkeys.AddWebAuthnForm):
    """A passkey signs in by itself, or is no more than a second factor: the first needs a lock on the device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "How you will find it, for example “laptop” or “blue key”."
        self.fields["passwordless"].label = "Sign in with it alone, without the password"
        self.fields["passwordless"].help_text = "The device then asks for its PIN, your finger or your face each time."
        self.fields["passwordless"].initial = True


class EditPasskeyForm(passkeys.EditWebAuthnForm):
    pass


class ServiceSignUpForm(InOurWords, services.SignupForm):
    words = SignUpForm.words

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if not settings.MANTIK_OIDC_SIGN_UP and not sign_up.may_sign_up(email):
            raise forms.ValidationError("Nobody has invited this address. Give the one that the invitation went to.")
        return email


class ProfileForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "time_zone", "theme"]
        widgets = {"theme": forms.Select(choices=Theme.choices)}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"
        self.fields["time_zone"] = forms.ChoiceField(
            choices=_zones(),
            required=False,
            label="Time zone",
            help_text="Pages show times in it. Type in the list to search.",
        )
        self.fields["theme"] = forms.ChoiceField(choices=Theme.choices, required=False, label="Theme")


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "System")))
    return [("", f"That of the installation ({settings.TIME_ZONE})"), ("UTC", "UTC"), *((n, n) for n in names)]
