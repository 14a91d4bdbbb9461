"""What has to be typed into each form, besides what it shows, so that it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.hostile.scene import Scene
from tests.support.factories import PASSWORD
from tests.support.forms import as_browser_posts

Typed = dict[str, Any]


def new_run(scene: Scene) -> Typed:
    world = scene.world
    return {
        "name": "first light",
        "experiment": world.experiment.uuid,
        "code_repository": world.code.uuid,
        "branch": "main",
        "mlproject_path": "MLproject",
        "backend_config_path": "unicore.yaml",
        "connection": world.connection.uuid,
        "compute_budget_account": "demo",
        "entry_point": "main",
        "param-marks": "/tmp/marks",
        "param-seconds": "1.5",
        "param-code": "0",
    }


def schedule(scene: Scene) -> Typed:
    return {
        "name": "nightly",
        "run": scene.ids["uuid"]["runs:"],
        "connection": scene.world.connection.uuid,
        "compute_budget_account": "demo",
        "cron_expression": "30 2 * * *",
        "time_zone": "Europe/Berlin",
        "end_date": "",
        "run_search": "",
        "run_anyway": "",
    }


_SECRETS = {"oldpassword": PASSWORD, "password1": "wrong horse battery", "password2": "wrong horse battery"}
_SITE = {"name": "Mine", "base_url": "https://other.example.org:8080/SITE/rest/core", "ca_bundle": "", "notes": ""}
_CODE = {"name": "training", "url": "https://git.example.org/group/training.git", "connection": ""}
TYPED: dict[str, Callable[[Scene], Typed]] = {
    "projects:add": lambda _: {"name": "Rain", "slug": "rain"},
    "projects:code-add": lambda _: _CODE,
    "projects:code-edit": lambda _: _CODE,
    "projects:experiment-add": lambda _: {"name": "Rain"},
    "projects:experiment-edit": lambda _: {"name": "Rain"},
    "projects:invite": lambda _: {"person": "new@example.org", "role": "guest", "days": "7"},
    "projects:member-role": lambda _: {"role": "guest"},
    "projects:member-group-add": lambda scene: {"group": scene.ids["uuid"]["projects:group"], "role": "guest"},
    "projects:member-group-role": lambda _: {"role": "guest"},
    "projects:settings": lambda _: {"labels": "rain", "description": "*Hello*"},
    "projects:description-preview": lambda _: {"name": "Rain", "slug": "rain", "labels": "", "description": "*Hello*"},
    "projects:delete": lambda scene: {"name": scene.world.project.name},
    "projects:group-add": lambda _: {"name": "Rain"},
    "projects:group-rename": lambda _: {"name": "Rain"},
    "projects:group-person-add": lambda scene: {"person": scene.world.project.members.exclude(pk=scene.owner.pk)[0]},
    "projects:group-person-admin": lambda _: {"is_admin": "1"},
    "runs:new": new_run,
    "runs:new-preview": new_run,
    "runs:edit": lambda _: {"name": "rain", "notes": "*Hello*", "tags": "team = rain"},
    "runs:edit-preview": lambda _: {"name": "rain", "notes": "*Hello*", "tags": ""},
    "runs:star": lambda _: {"starred": "yes"},
    "runs:register": lambda _: {"name": "forecast", "model": "x"},
    "registered_models:edit": lambda _: {"description": "*Hello*"},
    "registered_models:edit-preview": lambda _: {"description": "*Hello*"},
    "registered_models:aliases": lambda _: {"alias": "champion"},
    "schedules:add": schedule,
    "schedules:add-preview": schedule,
    "schedules:edit": schedule,
    "schedules:edit-preview": schedule,
    "connections:add": lambda _: {"kind": "git-token", "name": "host", "secret": "s3cret", "expires_at": ""},
    "connections:secret": lambda _: {"secret": "s3cret", "expires_at": ""},
    "connections:site-add": lambda _: _SITE,
    "tokens:add": lambda scene: {"name": "notebook", "projects": scene.world.project.uuid},
    "notices:read": lambda _: {"up_to": "1"},
    "runs:failures-seen": lambda _: {"until": "2026-12-01T10:00:00+00:00"},
    "accounts:theme": lambda _: {"theme": "dark"},
    "accounts:account": lambda _: {"first_name": "Ada", "last_name": "L", "time_zone": "Europe/Berlin"},
    "account_reauthenticate": lambda _: {"password": PASSWORD},
    "mfa_edit_webauthn": lambda _: {"name": "red key"},
    "account_email": lambda _: {"email": "other@example.org", "action_add": "1"},
    "account_change_password": lambda _: _SECRETS,
    "account_reset_password": lambda _: {"email": "other@example.org"},
}
# Fields of parts that are on every page, or that tell which button was pressed.
_OF_EVERY_PAGE = {"csrfmiddlewaretoken", "next"}


def fields(scene: Scene, name: str) -> Typed:
    """All fields of the form of a page, filled in."""
    page = scene.ask("GET", scene.url(name))
    shown = {} if page.streaming or page.status_code != 200 else as_browser_posts(page)
    typed = TYPED[name](scene) if name in TYPED else {}
    return {key: value for key, value in (shown | typed).items() if key not in _OF_EVERY_PAGE}
