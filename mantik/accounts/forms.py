"""Allauth's forms with Mantik's labels and help, and the form of the account page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from allauth.account import forms as account
from allauth.mfa.base import forms as factors
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as passkeys
from allauth.socialaccount import forms as services
from crispy_forms.layout import Column, Div, Row
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils import timezone

from mantik.accounts import sign_up
from mantik.accounts.models import Theme, User
from mantik.audit.services import record
from mantik.lib.form_layout import Back, FromTemplate, Helper, Lead, Rest, SubmitButton, card, entrance, panel
from mantik.lib.humanize import counted
from mantik.lib.revised_form import RevisedForm
from mantik.tokens.models import PersonalAccessToken
from mantik.tokens.services import revoke_all

Words = tuple[str, str]
_PHRASE_HELP = "At least 10 characters. Several words are easier to remember than symbols."
_NEW: dict[str, Words] = {"password1": ("New password", _PHRASE_HELP), "password2": ("New password again", "")}
_PASSKEY_REFUSED = (
    "Mantik does not accept this passkey. It may have been removed from your account, or the page was open too long. "
    "Try again, or sign in another way."
)
_NEW_PASSKEY_REFUSED = "Mantik does not accept this passkey. The page may have been open too long. Try again."
_USE_PASSKEY = SubmitButton("Use a passkey", icon="fingerprint", style="btn-quiet btn-block")


def _passkey(*fields: Any, asks: str, foot: Any, **attrs: Any) -> Helper:
    """A button that asks for a passkey ("get"), or makes one ("create"); static/js/passkeys.js does the rest.

    It is hidden without JavaScript. Its options are the page's `passkey_options`, unless `attrs` have their address.
    """
    return Helper(
        FromTemplate("mfa/webauthn/_options.html"),
        *fields,
        FromTemplate("mfa/webauthn/_problem.html"),
        foot,
        css_class="needs-js",
        data_passkey=asks,
        data_submit_once=False,
        **attrs,
    )


@contextmanager
def _refused_with(sentence: str) -> Iterator[None]:
    """Replace the message "incorrect_code", which allauth has for every code and for every passkey."""
    try:
        yield
    except forms.ValidationError as error:
        if error.code != "incorrect_code":
            raise
        raise forms.ValidationError(sentence, code=error.code) from None


class InOurWords:
    """Replaces labels and help by our own (`words`, by field) and leaves out placeholders."""

    words: ClassVar[dict[str, Words]] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in self.words:
                field.label, field.help_text = self.words[name]


class SignInForm(InOurWords, account.LoginForm):
    helper = entrance("Sign in")
    words = {"login": ("User name or e-mail address", ""), "password": ("Password", "")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"

    def add_prefix(self, field_name: str) -> str:
        """In the page the field is named `username`, although it also takes e-mail addresses."""
        name: str = super().add_prefix("username" if field_name == "login" else field_name)
        return name


class SignUpForm(InOurWords, account.SignupForm):
    helper = entrance("Sign up")
    words = {
        "username": ("User name", "Letters, digits and the characters . + - and _. Other members see it."),
        "email": ("E-mail address", "We send a link there to confirm it."),
        "password1": ("Password", _PHRASE_HELP),
    }

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if not sign_up.may_sign_up(email):
            raise forms.ValidationError(
                "There is no invitation for this address. Ask an owner of a project for one, or use the address that "
                "the invitation was sent to."
            )
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """An address that has an account takes as long as any other: a password is hashed for it as well."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return saved


class AddressForm(InOurWords, account.AddEmailForm):
    helper = card(
        Column(Rest()), foot=(Back(), SubmitButton("Send the link", name="action_add", value="1")), css_class=""
    )
    words = {
        "email": (
            "New e-mail address",
            "We send a link there. Once you open it and press Confirm, this is your address.",
        )
    }


class EndsTokens:
    """Of a new password: offers to revoke the personal access tokens of the account, if it has valid ones.

    They work without the password, so a new one alone does not shut out whoever made one with the old.
    """

    user: Any
    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]
    # Whether that is chosen unless somebody says otherwise.
    usually: ClassVar[bool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = PersonalAccessToken.objects.owned_by(self.user).valid().count() if self.user else 0
        if count:
            self.fields["end_tokens"] = forms.BooleanField(
                required=False,
                initial=self.usually,
                label="Revoke my personal access tokens, too",
                help_text=f"{counted(count, 'token is', 'tokens are')} valid. Tokens work without the password: revoke "
                "them if somebody else may have known the old one. Programs then need new tokens.",
            )

    def save(self) -> None:
        with transaction.atomic():
            super().save()  # type: ignore[misc]
            if self.cleaned_data.get("end_tokens"):
                revoke_all(user=self.user, actor=self.user, now=timezone.now())


class ChangePasswordForm(EndsTokens, InOurWords, account.ChangePasswordForm):
    """Whoever knows the password and changes it mostly does so by habit: programs go on, unless it is said here."""

    usually = False
    helper = panel(verb="Change password", lead="You stay signed in here. Your other sessions end.")
    words = {"oldpassword": ("Current password", ""), **_NEW}


class SetPasswordForm(InOurWords, account.SetPasswordForm):
    helper = panel(verb="Set password")
    words = _NEW


class AskResetForm(InOurWords, account.ResetPasswordForm):
    helper = entrance("Send the link")
    words = {"email": ("E-mail address", "The address of your account.")}


class ResetPasswordForm(EndsTokens, InOurWords, account.ResetPasswordKeyForm):
    """Whoever resets it has lost it, perhaps to somebody who made a token. A program that stops is the lesser harm."""

    usually = True
    helper = entrance("Set password")
    words = _NEW


class ReauthenticateForm(InOurWords, account.ReauthenticateForm):
    helper = entrance("Continue")
    words = {"password": ("Password", "")}


class CodeForm(InOurWords, factors.AuthenticateForm):
    helper = entrance("Sign in")
    words = {"code": ("Code", "The six digits of your authenticator app, or one of your recovery codes.")}


class ReauthenticateCodeForm(InOurWords, factors.ReauthenticateForm):
    helper = entrance("Continue")
    words = CodeForm.words


class ActivateAppForm(InOurWords, ActivateTOTPForm):
    helper = card(
        Lead("Scan this with the app, then type the code that it shows."),
        FromTemplate("mfa/totp/_key.html"),
        Column(Rest()),
        foot=(Back(), SubmitButton("Add app")),
        warns=False,
    )
    words = {"code": ("Code", "The six digits that the app shows now.")}

    def clean_code(self) -> str:
        with _refused_with("This code is wrong or has expired. Type the code that your app shows now."):
            code: str = super().clean_code()
        return code


class _ReadsCredential:
    """The answer of the device, which anybody may have written: whatever JSON cannot be read is refused as such."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"].decoder = _RefusingDecoder  # type: ignore[attr-defined]


class _RefusingDecoder(json.JSONDecoder):
    def decode(self, s: str, *args: Any) -> Any:
        try:
            return super().decode(s, *args)
        except json.JSONDecodeError:
            raise
        except (ValueError, RecursionError):
            # A number of more than 4,300 digits, or a thousand brackets.
            raise json.JSONDecodeError("This cannot be read.", "", 0) from None


class AddPasskeyForm(_ReadsCredential, passkeys.AddWebAuthnForm):
    """A passkey either signs in without a password, or is a second factor. The first needs a lock on the device."""

    helper = _passkey(
        Column(Rest()), asks="create", foot=Div(Back(), SubmitButton("Add passkey"), css_class="form-buttons")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "To recognise it, for example “laptop” or “blue key”."
        self.fields["passwordless"].label = "Sign in without a password"
        self.fields["passwordless"].help_text = "The device asks for its PIN, your fingerprint or your face each time."
        self.fields["passwordless"].initial = True

    def clean(self) -> dict[str, Any]:
        with _refused_with(_NEW_PASSKEY_REFUSED):
            cleaned: dict[str, Any] = super().clean()
        return cleaned


class EditPasskeyForm(passkeys.EditWebAuthnForm):
    helper = panel(verb="Rename")

    def save(self) -> Authenticator:
        """allauth has no signal for it."""
        before, after, user = self.instance.wrap().name, self.cleaned_data["name"], self.instance.user
        if before == after:
            return cast(Authenticator, self.instance)
        with transaction.atomic():
            record("account.passkey_renamed", actor=user, target=user, before={"name": before}, after={"name": after})
            return super().save()


class _GivenPasskey(_ReadsCredential, passkeys.AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        with _refused_with(_PASSKEY_REFUSED):
            return super().clean_credential()


class PasskeyForm(_GivenPasskey):
    """The second step of signing in."""

    helper = _passkey(asks="get", foot=_USE_PASSKEY)


class PasskeySignInForm(_GivenPasskey, passkeys.LoginWebAuthnForm):
    """Signs in instead of the password. The browser fetches its options when the button is pressed."""

    helper = _passkey(asks="get", foot=_USE_PASSKEY, data_passkey_url=reverse_lazy("mfa_login_webauthn"))


class ReauthenticatePasskeyForm(_GivenPasskey, passkeys.ReauthenticateWebAuthnForm):
    helper = _passkey(asks="get", foot=SubmitButton("Use a passkey", icon="fingerprint", style="btn-primary btn-block"))


class ServiceSignUpForm(InOurWords, services.SignupForm):
    helper = entrance("Sign up")
    words = SignUpForm.words

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if not settings.MANTIK_OIDC_SIGN_UP and not sign_up.may_sign_up(email):
            raise forms.ValidationError(
                "There is no invitation for this address. Use the address that the invitation was sent to."
            )
        return email


class ProfileForm(RevisedForm, forms.ModelForm[User]):
    helper = card(Row(Rest()), foot=(SubmitButton("Save"),), css_class="")

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
            help_text="Pages show times in this zone. Type in the list to search.",
        )
        self.fields["theme"] = forms.ChoiceField(choices=Theme.choices, required=False, label="Theme")
        # The theme is chosen in the menu, too, by the same person a moment ago.
        self.revise(without=("theme",))


class TimeZoneForm(forms.Form):
    """The answer to the offer of the browser's time zone. Its template has only buttons."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"] = forms.ChoiceField(choices=_zones()[1:])


def _zones() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "System")))
    # The installation may have one that is no place, such as CET, and somebody may want to keep it.
    kept = [name for name in ("UTC", settings.TIME_ZONE) if name not in names]
    return [("", f"Default ({settings.TIME_ZONE})"), *((n, n) for n in dict.fromkeys([*kept, *names]))]
