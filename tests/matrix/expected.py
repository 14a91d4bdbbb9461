"""What each page of a project asks for. A page that is not here fails the test: decide, then write it down."""

from __future__ import annotations

from dataclasses import dataclass

from projects.permissions import LEAST_ROLE, Action
from projects.roles import Role


@dataclass(frozen=True)
class Page:
    """`action` is what the page needs; `own_action` is enough for who made the thing that the address names.

    `methods` are those it answers. Where one must be signed in, who is not is sent to sign in, whether or not
    the project exists.
    """

    action: Action
    own_action: Action | None = None
    methods: frozenset[str] = frozenset({"GET"})
    needs_sign_in: bool = False
    query: str = ""

    def allows(self, role: Role | None, *, is_public: bool, made_it: bool) -> bool:
        if is_public and self.action is Action.VIEW_PROJECT:
            return True
        enough = [self.action, *([self.own_action] if self.own_action and made_it else [])]
        return role is not None and any(role.at_least(LEAST_ROLE[action]) for action in enough)


def _reads(action: Action = Action.VIEW_PROJECT, *, query: str = "") -> Page:
    return Page(action, query=query)


def _writes(action: Action, own_action: Action | None = None) -> Page:
    return Page(action, own_action, frozenset({"GET", "POST"}), needs_sign_in=True)


def _posts(action: Action, own_action: Action | None = None) -> Page:
    return Page(action, own_action, frozenset({"POST"}), needs_sign_in=True)


PAGES: dict[str, Page] = {
    "projects:overview": _reads(),
    "projects:code": _reads(),
    "projects:code-add": _writes(Action.ADD_CODE_REPOSITORY),
    "projects:code-detail": _reads(),
    "projects:code-state": _reads(),
    "projects:code-edit": _writes(Action.EDIT_ANY_CODE_REPOSITORY, Action.EDIT_OWN_CODE_REPOSITORY),
    "projects:code-host-key": _writes(Action.EDIT_ANY_CODE_REPOSITORY, Action.EDIT_OWN_CODE_REPOSITORY),
    "projects:code-delete": _writes(Action.EDIT_ANY_CODE_REPOSITORY, Action.EDIT_OWN_CODE_REPOSITORY),
    "projects:code-refresh": Page(Action.ADD_CODE_REPOSITORY, methods=frozenset({"POST"}), needs_sign_in=True),
    "projects:experiments": _reads(),
    "projects:experiment": _reads(),
    "projects:experiment-names": _reads(),
    "projects:experiment-csv": _reads(),
    "projects:experiment-json": _reads(),
    "runs:table": _reads(),
    "runs:table-names": _reads(),
    "runs:table-csv": _reads(),
    "runs:table-json": _reads(),
    "runs:table-columns": Page(Action.VIEW_PROJECT, methods=frozenset({"GET", "POST"}), needs_sign_in=True),
    "projects:experiment-columns": Page(Action.VIEW_PROJECT, methods=frozenset({"GET", "POST"}), needs_sign_in=True),
    "projects:experiment-metric": _writes(Action.EDIT_ANY_EXPERIMENT, Action.EDIT_OWN_EXPERIMENT),
    "projects:experiment-add": _writes(Action.ADD_EXPERIMENT),
    "projects:experiment-edit": _writes(Action.EDIT_ANY_EXPERIMENT, Action.EDIT_OWN_EXPERIMENT),
    "projects:experiment-delete": _writes(Action.EDIT_ANY_EXPERIMENT, Action.EDIT_OWN_EXPERIMENT),
    "projects:members": Page(Action.VIEW_MEMBERS, needs_sign_in=True),
    "projects:roles": _reads(),
    "projects:invite": _writes(Action.MANAGE_MEMBERS),
    "projects:leave": _writes(Action.LEAVE_PROJECT),
    "projects:member-role": _writes(Action.MANAGE_MEMBERS),
    "projects:member-remove": _writes(Action.MANAGE_MEMBERS),
    "projects:member-hand-over": _writes(Action.MANAGE_MEMBERS),
    "projects:member-group-add": _writes(Action.MANAGE_MEMBERS),
    "projects:member-group-role": _writes(Action.MANAGE_MEMBERS),
    "projects:member-group-remove": _writes(Action.MANAGE_MEMBERS),
    "projects:withdraw": _writes(Action.MANAGE_MEMBERS),
    "projects:settings": _writes(Action.EDIT_PROJECT),
    "projects:description-preview": Page(Action.EDIT_PROJECT, methods=frozenset({"POST"}), needs_sign_in=True),
    "projects:delete": _writes(Action.DELETE_PROJECT),
    "projects:activity": Page(Action.VIEW_ACTIVITY, needs_sign_in=True),
    "projects:activity-csv": Page(Action.VIEW_ACTIVITY, needs_sign_in=True),
    "runs:list": _reads(),
    "runs:submissions": _reads(),
    "runs:new": _writes(Action.ADD_RUN),
    "runs:new-preview": _writes(Action.ADD_RUN),
    "runs:failures-seen": _posts(Action.VIEW_PROJECT),
    "runs:compare": _reads(),
    "runs:compare-metrics": _reads(),
    "runs:compare-points": _reads(query="?key=loss"),
    "runs:compare-csv": _reads(),
    "runs:compare-json": _reads(),
    "runs:detail": _reads(),
    "runs:live": _reads(),
    "runs:log": _reads(),
    "runs:raw-log": _reads(),
    "runs:metrics": _reads(),
    "runs:metric-points": _reads(query="?key=loss"),
    "runs:metrics-csv": _reads(),
    "runs:artifact": _reads(Action.DOWNLOAD_ARTIFACTS, query="?path=model.pkl"),
    "runs:edit": _writes(Action.EDIT_ANY_RUN, Action.EDIT_OWN_RUN),
    "runs:edit-preview": _posts(Action.EDIT_ANY_RUN, Action.EDIT_OWN_RUN),
    "runs:star": _posts(Action.VIEW_PROJECT),
    "runs:cancel": _writes(Action.CANCEL_ANY_RUN, Action.CANCEL_OWN_RUN),
    "runs:delete": _writes(Action.DELETE_ANY_RUN, Action.DELETE_OWN_RUN),
    "runs:revoke-token": _writes(Action.CANCEL_ANY_RUN, Action.CANCEL_OWN_RUN),
    "runs:register": _writes(Action.REGISTER_MODEL),
    "runs:register-name": Page(Action.REGISTER_MODEL, needs_sign_in=True),
    "runs:register-models": Page(Action.REGISTER_MODEL, needs_sign_in=True),
    "registered_models:list": _reads(),
    "registered_models:detail": _reads(),
    "registered_models:live": _reads(),
    "registered_models:certificate": _reads(),
    "registered_models:certificate-download": _reads(),
    "registered_models:edit": _writes(Action.EDIT_ANY_MODEL, Action.EDIT_OWN_MODEL),
    "registered_models:edit-preview": _posts(Action.EDIT_ANY_MODEL, Action.EDIT_OWN_MODEL),
    "registered_models:aliases": _posts(Action.EDIT_ANY_MODEL, Action.EDIT_OWN_MODEL),
    "registered_models:unregister": _writes(Action.EDIT_ANY_MODEL, Action.EDIT_OWN_MODEL),
    "registered_models:restore": _posts(Action.EDIT_ANY_MODEL, Action.EDIT_OWN_MODEL),
    "registered_models:download": _reads(Action.DOWNLOAD_ARTIFACTS),
    "schedules:list": _reads(),
    "schedules:calendar": _reads(),
    "schedules:add": _writes(Action.ADD_SCHEDULE),
    "schedules:add-preview": _writes(Action.ADD_SCHEDULE),
    "schedules:detail": _reads(),
    "schedules:edit": _writes(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
    "schedules:edit-preview": _writes(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
    "schedules:pause": _posts(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
    "schedules:resume": _writes(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
    "schedules:run-now": _writes(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
    "schedules:duplicate": _posts(Action.ADD_SCHEDULE),
    "schedules:delete": _writes(Action.EDIT_ANY_SCHEDULE, Action.EDIT_OWN_SCHEDULE),
}
