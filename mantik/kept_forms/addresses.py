"""Which forms are kept, and shown again as they were sent: by the names of their addresses.

Left out is what signs people in and out, and what is sent by scripts alone. tests/mantik/kept_forms/test_addresses.py
has the reason for each, and fails for an address that is in neither list.
"""

from __future__ import annotations

import re

from django.http import HttpRequest
from django.urls import Resolver404, resolve

_KEPT = frozenset(
    {
        "account-delete",
        "account_change_password",
        "account_email",
        "account_set_password",
        "accounts:account",
        "accounts:session-end",
        "accounts:sessions-end",
        "connections:add",
        "connections:delete",
        "connections:rename",
        "connections:secret",
        "connections:site-add",
        "connections:site-delete",
        "connections:test",
        "mfa_deactivate_totp",
        "mfa_edit_webauthn",
        "mfa_generate_recovery_codes",
        "mfa_remove_webauthn",
        "notices:read",
        "projects:add",
        "projects:code-add",
        "projects:code-delete",
        "projects:code-edit",
        "projects:code-host-key",
        "projects:code-refresh",
        "projects:delete",
        "projects:description-preview",
        "projects:experiment-add",
        "projects:experiment-columns",
        "projects:experiment-delete",
        "projects:experiment-edit",
        "projects:experiment-metric",
        "projects:group-add",
        "projects:group-delete",
        "projects:group-leave",
        "projects:group-person-add",
        "projects:group-person-admin",
        "projects:group-person-remove",
        "projects:group-rename",
        "projects:invitation-accept",
        "projects:invitation-decline",
        "projects:invite",
        "projects:leave",
        "projects:member-group-add",
        "projects:member-group-remove",
        "projects:member-group-role",
        "projects:member-hand-over",
        "projects:member-remove",
        "projects:member-role",
        "projects:settings",
        "projects:withdraw",
        "registered_models:aliases",
        "registered_models:edit",
        "registered_models:edit-preview",
        "registered_models:restore",
        "registered_models:unregister",
        "runs:cancel",
        "runs:delete",
        "runs:edit",
        "runs:edit-preview",
        "runs:failures-seen",
        "runs:new",
        "runs:new-preview",
        "runs:register",
        "runs:revoke-token",
        "runs:star",
        "runs:table-columns",
        "schedules:add",
        "schedules:add-preview",
        "schedules:delete",
        "schedules:duplicate",
        "schedules:edit",
        "schedules:edit-preview",
        "schedules:pause",
        "schedules:resume",
        "schedules:run-now",
        "socialaccount_connections",
        "tokens:add",
        "tokens:revoke",
    }
)
_OPERATORS = re.compile(r"admin:\w+_\w+_(add|change|changelist|delete)", re.ASCII)
# Whoever is signed in needs none of these; sent again, they lead on.
_ENTRANCES = frozenset({"account_login", "account_signup", "mfa_authenticate", "mfa_login_webauthn"})


def is_kept(name: str) -> bool:
    """`name` as `name_of` has it."""
    return name in _KEPT or _OPERATORS.fullmatch(name) is not None


def is_entrance(name: str) -> bool:
    return name in _ENTRANCES


def name_of(request: HttpRequest) -> str:
    """The name of the address that was asked for; "" if there is none."""
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""
