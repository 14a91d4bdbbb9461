"""Routes of allauth's views, whose names allauth itself uses, and of our own."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as services
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import URLPattern, path, re_path
from django.views.decorators.http import require_POST

from mantik.accounts import views
from mantik.accounts.view_wrappers import (
    View,
    explain_provider_failure,
    in_one_transaction,
    records_new_codes,
    sign_in_is_fresh,
    status_422_for_errors,
)


def _path(route: str, view: View, name: str) -> URLPattern:
    return path(route, status_422_for_errors(view), name=name)


def _another_way_in(route: str, view: View, name: str) -> URLPattern:
    return _path(route, sign_in_is_fresh(view), name)


# Below /accounts/: signing in, signing up, and confirming one's identity again.
signing_in = [
    _path("sign-in/", account.login, "account_login"),
    path("sign-out/", require_POST(account.logout), name="account_logout"),
    _path("sign-up/", account.signup, "account_signup"),
    _path("disabled/", account.account_inactive, "account_inactive"),
    _path("confirm/", account.email_verification_sent, "account_email_verification_sent"),
    re_path(r"^confirm/(?P<key>[-:\w]+)/$", status_422_for_errors(account.confirm_email), name="account_confirm_email"),
    _path("password/", account.password_reset, "account_reset_password"),
    _path("password/sent/", account.password_reset_done, "account_reset_password_done"),
    _path("password/done/", account.password_reset_from_key_done, "account_reset_password_from_key_done"),
    re_path(
        r"^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        status_422_for_errors(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    _path("second-factor/", factors.authenticate, "mfa_authenticate"),
    _path("passkey/", passkeys.login_webauthn, "mfa_login_webauthn"),
    _path("again/", account.reauthenticate, "account_reauthenticate"),
    _path("again/code/", factors.reauthenticate, "mfa_reauthenticate"),
    _path("again/passkey/", passkeys.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
    path("again/provider/", views.sign_in_again, name="account_sign_in_again"),
    _path("oidc/cancelled/", services.login_cancelled, "socialaccount_login_cancelled"),
    _path("oidc/failed/", services.login_error, "socialaccount_login_error"),
    _path("oidc/sign-up/", services.signup, "socialaccount_signup"),
    path("oidc/<slug:provider_id>/", explain_provider_failure(oidc.login), name="openid_connect_login"),
    path("oidc/<slug:provider_id>/callback/", explain_provider_failure(oidc.callback), name="openid_connect_callback"),
]

# Below /settings/account/.
account_settings = [
    _path("email/", account.email, "account_email"),
    _path("password/", account.password_change, "account_change_password"),
    _another_way_in("password/first/", account.password_set, "account_set_password"),
    _path("second-factors/", factors.index, "mfa_index"),
    _another_way_in("second-factors/app/", app.activate_totp, "mfa_activate_totp"),
    _path("second-factors/app/remove/", in_one_transaction(app.deactivate_totp), "mfa_deactivate_totp"),
    _path("second-factors/codes/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _path("second-factors/codes/new/", records_new_codes(codes.generate_recovery_codes), "mfa_generate_recovery_codes"),
    _path("second-factors/codes/download/", codes.download_recovery_codes, "mfa_download_recovery_codes"),
    _path("passkeys/", passkeys.list_webauthn, "mfa_list_webauthn"),
    _another_way_in("passkeys/add/", passkeys.add_webauthn, "mfa_add_webauthn"),
    _path("passkeys/<int:pk>/", passkeys.edit_webauthn, "mfa_edit_webauthn"),
    _path("passkeys/<int:pk>/remove/", in_one_transaction(passkeys.remove_webauthn), "mfa_remove_webauthn"),
    _path("services/", services.connections, "socialaccount_connections"),
]

own_pages = [
    path("", views.account, name="account"),
    path("theme/", views.theme, name="theme"),
    path("time-zone/", views.time_zone, name="time-zone"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/end/", views.end_others, name="sessions-end"),
    path("sessions/<uuid:uuid>/end/", views.end_session, name="session-end"),
]
