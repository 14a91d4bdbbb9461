"""Every page there is, by name: its address, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.logins.kinds import Kind
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.states import RunState
from schedules.models import Schedule
from schedules.states import ScheduleState
from tests.browser.scene import Scene
from tests.browser.scene_experiments import build_experiment
from tests.browser.scene_models import LONG_NAME
from tests.browser.scene_schedules import fire_nights
from tests.support.factories import PASSWORD, make_local_run, make_second_factors


@dataclass(frozen=True)
class PageOf:
    """`url` of a scene; `role` of who looks, None for somebody who is not signed in.

    `confirmed`: who looks has just shown once more who they are.
    """

    url: Callable[[Scene], str]
    role: Role | None = Role.RESEARCHER
    confirmed: bool = False


def _project(name: str, *, empty: bool = False, query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[(scene.empty if empty else scene.project).slug]) + query


def _run(state: RunState, *, name: str = "runs:detail", query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.runs[state].uuid]) + query


def _first(scene: Scene, state: ScheduleState) -> Schedule:
    return scene.project.schedules.filter(state=state).earliest("pk")


def _model(name: str, model: str = "pv-yield", *, query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, _found(scene, model).uuid]) + query


def _of_model(name: str) -> Callable[[Scene], str]:
    """A page of the run that gave a registered model."""
    return lambda scene: reverse(name, args=[scene.project.slug, _found(scene, "pv-yield").run.uuid])


def _found(scene: Scene, name: str) -> RegisteredModel:
    return scene.project.registered_models.select_related("run").get(name=name)


def _logged_nothing(name: str, mlflow_run_id: str = "empty") -> Callable[[Scene], str]:
    def url(scene: Scene) -> str:
        run = scene.runs[RunState.FINISHED]
        Run.objects.filter(pk=run.pk).update(mlflow_run_id=mlflow_run_id)
        return reverse(name, args=[scene.project.slug, run.uuid])

    return url


def _local(
    name: str = "runs:detail", state: RunState = RunState.RUNNING, *, silent: bool = False
) -> Callable[[Scene], str]:
    """A page of a local run, or of its project."""

    def url(scene: Scene) -> str:
        now = timezone.now()
        run = make_local_run(
            state,
            project=scene.project,
            created_by=scene.researcher,
            experiment=scene.project.experiments.get(name="baseline"),
            created_at=now - timedelta(days=5 if silent else 0, minutes=42),
            last_logged_at=now - timedelta(days=3 if silent else 0, minutes=4),
            name="warm-up by hand",
            source="notebooks/warm_up.py",
            mlflow_run_id="1f" * 16,
        )
        return reverse(name, args=[scene.project.slug, *([] if name == "runs:list" else [run.uuid])])

    return url


def _schedule(name: str, *, state: ScheduleState = ScheduleState.ENABLED, query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, _first(scene, state).uuid]) + query


def _nights(scene: Scene) -> str:
    """A schedule whose runs have logged something."""
    schedule = _first(scene, ScheduleState.ENABLED)
    fire_nights(schedule)
    return reverse("schedules:detail", args=[scene.project.slug, schedule.uuid])


def _connection(name: str, connection: str = "site-a") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.connections[connection].uuid])


def _code(name: str, *, by_key: bool = False) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, (scene.key_code if by_key else scene.repository).uuid])


def _member(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.researcher.uuid])


def _experiment(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.project.experiments.get(name="baseline").uuid])


def _all_runs(name: str = "runs:table", query: str = "") -> Callable[[Scene], str]:
    """A page of the table of all runs, some of which have logged something."""

    def url(scene: Scene) -> str:
        build_experiment(scene.project, scene.researcher)
        return reverse(name, args=[scene.project.slug]) + query

    return url


def _compared(name: str = "projects:experiment", query: str = "") -> Callable[[Scene], str]:
    """A page of an experiment whose runs have logged something."""

    def url(scene: Scene) -> str:
        experiment = build_experiment(scene.project, scene.researcher)
        return reverse(name, args=[scene.project.slug, experiment.uuid]) + query

    return url


def _many(scene: Scene) -> str:
    """A comparison of more runs than there can be curves."""
    runs = build_experiment(scene.project, scene.researcher).runs.order_by("pk")
    return reverse("runs:compare", args=[scene.project.slug]) + "?" + "&".join(f"run={run.uuid}" for run in runs)


def _group(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.group.uuid])


def _group_in_project(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.group.uuid])


def _at(url: str) -> Callable[[Scene], str]:
    return lambda _scene: url


def _secured(name: str) -> Callable[[Scene], str]:
    """A page of somebody who has second factors."""

    def url(scene: Scene) -> str:
        make_second_factors(scene.researcher)
        return reverse(name)

    return url


def _reset_link(scene: Scene) -> str:
    """Of somebody who has valid tokens."""
    user = scene.researcher
    args = [user_pk_to_url_str(user), default_token_generator.make_token(user)]
    return reverse("account_reset_password_from_key", args=args)


def _passkey(name: str) -> Callable[[Scene], str]:
    def url(scene: Scene) -> str:
        make_second_factors(scene.researcher)
        return reverse(name, args=[Authenticator.objects.get(user=scene.researcher, type="webauthn").pk])

    return url


def _moving(name: str) -> Callable[[Scene], str]:
    """A page of somebody whose new address is to be confirmed."""

    def url(scene: Scene) -> str:
        address = EmailAddress.objects.create(user=scene.researcher, email="new@example.org")
        key = EmailConfirmationHMAC(address).key
        return reverse(name, args=[key] if name == "account_confirm_email" else [])

    return url


def _at_several_places(scene: Scene) -> str:
    """The sessions of somebody who is signed in elsewhere, too."""
    for ip, agent in (("203.0.113.7", FIREFOX), ("2001:db8::17", "curl/8.9")):
        client = Client(REMOTE_ADDR=ip, headers={"user-agent": agent})
        client.post("/accounts/sign-in/", {"username": scene.researcher.username, "password": PASSWORD})
    return reverse("accounts:sessions")


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
TABS = ("log", "metrics", "artifacts", "configuration", "events")
PAGES: dict[str, PageOf] = {
    "sign-in": PageOf(_at("/accounts/sign-in/"), role=None),
    "sign-up": PageOf(_at("/accounts/sign-up/"), role=None),
    "confirm-address-sent": PageOf(_at("/accounts/confirm/"), role=None),
    "confirm-address": PageOf(_moving("account_confirm_email"), role=None),
    "confirm-address-late": PageOf(_at("/accounts/confirm/old/"), role=None),
    "password-forgotten": PageOf(_at("/accounts/password/"), role=None),
    "password-sent": PageOf(_at("/accounts/password/sent/"), role=None),
    "password-new": PageOf(_reset_link, role=None),
    "password-link-late": PageOf(_at("/accounts/password/1-old/"), role=None),
    "password-done": PageOf(_at("/accounts/password/done/"), role=None),
    "account-disabled": PageOf(_at("/accounts/disabled/"), role=None),
    "oidc-refused": PageOf(_at("/accounts/oidc/cancelled/"), role=None),
    "oidc-failed": PageOf(_at("/accounts/oidc/failed/"), role=None),
    "oidc-go-on": PageOf(_at("/accounts/oidc/provider/"), role=None),
    "who-are-you": PageOf(_secured("account_reauthenticate")),
    "who-are-you-code": PageOf(_secured("mfa_reauthenticate")),
    "who-are-you-provider": PageOf(_at("/accounts/again/provider/?next=/settings/tokens/add/")),
    "account": PageOf(_moving("accounts:account")),
    "account-email": PageOf(_moving("account_email")),
    "account-password": PageOf(_at("/settings/account/password/")),
    "account-sessions": PageOf(_at_several_places),
    "account-services": PageOf(_at("/settings/account/services/")),
    "account-delete": PageOf(_at("/settings/account/delete/"), role=Role.GUEST, confirmed=True),
    "account-delete-not-yet": PageOf(_at("/settings/account/delete/"), confirmed=True),
    "second-factors": PageOf(_at("/settings/account/second-factors/")),
    "second-factors-in-use": PageOf(_secured("mfa_index")),
    "second-factors-app": PageOf(_at("/settings/account/second-factors/app/"), confirmed=True),
    "second-factors-app-remove": PageOf(_secured("mfa_deactivate_totp"), confirmed=True),
    "recovery-codes": PageOf(_secured("mfa_view_recovery_codes"), confirmed=True),
    "recovery-codes-new": PageOf(_secured("mfa_generate_recovery_codes"), confirmed=True),
    "passkeys": PageOf(_secured("mfa_list_webauthn")),
    "passkeys-none": PageOf(_at("/settings/account/passkeys/")),
    "passkey-add": PageOf(_at("/settings/account/passkeys/add/"), confirmed=True),
    "passkey-rename": PageOf(_passkey("mfa_edit_webauthn"), confirmed=True),
    "passkey-remove": PageOf(_passkey("mfa_remove_webauthn"), confirmed=True),
    "docs": PageOf(_at("/docs/")),
    "docs-signed-out": PageOf(_at("/docs/"), role=None),
    "docs-schedules": PageOf(_at("/docs/schedules/"), role=None),
    "docs-experiments": PageOf(_at("/docs/experiments/"), role=None),
    "docs-permissions": PageOf(_at("/docs/permissions/"), role=None),
    "docs-search": PageOf(_at("/docs/search/?q=schedule"), role=None),
    "docs-search-nothing": PageOf(_at("/docs/search/?q=xylophone")),
    "not-found": PageOf(_at("/projects/nowhere/")),
    "forbidden": PageOf(_project("runs:new"), role=Role.GUEST),
    "projects": PageOf(_at("/projects/")),
    "search": PageOf(_at("/search/?q=NIGHT")),
    "search-in-project": PageOf(lambda scene: f"/search/?project={scene.project.slug}"),
    "search-nothing": PageOf(_at("/search/?q=xylophone"), role=None),
    "keys": PageOf(_at("/search/keys/")),
    "projects-all": PageOf(_at("/projects/?show=all&label=solar")),
    "projects-no-match": PageOf(_at("/projects/?q=nothing-like-this")),
    "projects-none": PageOf(_at("/projects/?show=public&label=solar"), role=Role.GUEST),
    "projects-signed-out": PageOf(_at("/projects/"), role=None),
    "project-add": PageOf(_at("/projects/add/")),
    "overview": PageOf(_project("projects:overview")),
    "overview-first-steps": PageOf(_project("projects:overview", empty=True)),
    "code": PageOf(_project("projects:code")),
    "code-empty": PageOf(_project("projects:code", empty=True)),
    "code-add": PageOf(_project("projects:code-add")),
    "code-detail": PageOf(_code("projects:code-detail"), role=Role.MAINTAINER),
    "code-detail-guest": PageOf(_code("projects:code-detail"), role=Role.GUEST),
    "code-detail-key": PageOf(_code("projects:code-detail", by_key=True)),
    "code-edit": PageOf(_code("projects:code-edit", by_key=True)),
    "code-edit-somebody-elses": PageOf(_code("projects:code-edit", by_key=True), role=Role.MAINTAINER),
    "code-host-key": PageOf(_code("projects:code-host-key", by_key=True)),
    "code-delete": PageOf(_code("projects:code-delete"), role=Role.OWNER),
    "experiments": PageOf(_project("projects:experiments")),
    "experiments-empty": PageOf(_project("projects:experiments", empty=True)),
    "experiment": PageOf(_compared()),
    "experiment-guest": PageOf(_compared(query="?sort=-started"), role=Role.GUEST),
    "experiment-groups": PageOf(_compared(query="?group=param.batch_size")),
    "experiment-wrong-filter": PageOf(_compared(query="?filter=val_accuracy+%3E+0.9+and+lr+%3C%3D+small")),
    "experiment-no-match": PageOf(_compared(query="?filter=val_accuracy+%3E+1")),
    "experiment-columns": PageOf(_compared("projects:experiment-columns")),
    "runs-table": PageOf(_all_runs()),
    "runs-table-guest": PageOf(_all_runs(query="?filter=val_accuracy+%3E+0.5"), role=Role.GUEST),
    "runs-table-columns": PageOf(_all_runs("runs:table-columns")),
    "runs-table-empty": PageOf(_project("runs:table", empty=True)),
    "experiment-metric": PageOf(_compared("projects:experiment-metric")),
    "experiment-empty": PageOf(
        lambda scene: reverse(
            "projects:experiment", args=[scene.project.slug, scene.project.experiments.get(name="long-horizon").uuid]
        )
    ),
    "experiment-add": PageOf(_project("projects:experiment-add")),
    "experiment-edit": PageOf(_experiment("projects:experiment-edit")),
    "experiment-delete": PageOf(_experiment("projects:experiment-delete")),
    "runs": PageOf(_project("runs:list")),
    "runs-guest": PageOf(_project("runs:list"), role=Role.GUEST),
    "runs-no-match": PageOf(_project("runs:list", query="?q=nothing-like-this")),
    "runs-empty": PageOf(_project("runs:list", empty=True)),
    "submissions": PageOf(_project("runs:submissions")),
    "submissions-empty": PageOf(_project("runs:submissions", empty=True)),
    "new-run": PageOf(_project("runs:new")),
    "new-run-blocked": PageOf(_project("runs:new", empty=True)),
    "run-again": PageOf(
        lambda scene: reverse("runs:new", args=["solar-cells"]) + f"?from={scene.runs[RunState.FINISHED].uuid}"
    ),
    **{f"run-{state.value.lower()}": PageOf(_run(state)) for state in RunState},
    **{f"run-{tab}": PageOf(_run(RunState.FINISHED, query=f"?tab={tab}")) for tab in TABS},
    "compare": PageOf(
        lambda scene: (
            reverse("runs:compare", args=[scene.project.slug])
            + "?"
            + "&".join(
                f"run={scene.runs[state].uuid}" for state in (RunState.FINISHED, RunState.RUNNING, RunState.FAILED)
            )
        )
    ),
    "compare-many": PageOf(_many),
    "compare-nothing": PageOf(_project("runs:compare")),
    "run-artifacts-folder": PageOf(_run(RunState.FINISHED, query="?tab=artifacts&path=model")),
    "run-guest": PageOf(_run(RunState.RUNNING), role=Role.GUEST),
    "run-local": PageOf(_local()),
    "run-local-silent": PageOf(_local(silent=True)),
    "run-local-finished": PageOf(_local(state=RunState.FINISHED)),
    "run-local-end": PageOf(_local("runs:cancel")),
    "runs-local": PageOf(_local("runs:list")),
    "runs-local-silent": PageOf(_local("runs:list", silent=True)),
    "run-edit": PageOf(_run(RunState.FINISHED, name="runs:edit")),
    "run-cancel": PageOf(_run(RunState.RUNNING, name="runs:cancel")),
    "run-revoke-token": PageOf(_run(RunState.RUNNING, name="runs:revoke-token")),
    "run-delete": PageOf(_run(RunState.FINISHED, name="runs:delete")),
    "schedules": PageOf(_project("schedules:list")),
    "schedules-guest": PageOf(_project("schedules:list"), role=Role.GUEST),
    "schedules-no-match": PageOf(_project("schedules:list", query="?q=nothing-like-this")),
    "schedules-empty": PageOf(_project("schedules:list", empty=True)),
    "schedules-calendar": PageOf(_project("schedules:calendar")),
    "schedule-add": PageOf(_project("schedules:add")),
    "schedule-add-problems": PageOf(
        _project("schedules:add-preview", query="?cron_expression=@daily&time_zone=Berlin&jitter_seconds=9000")
    ),
    "schedule-add-empty": PageOf(_project("schedules:add", empty=True)),
    "schedule-add-for-run": PageOf(
        lambda scene: reverse("schedules:add", args=["solar-cells"]) + f"?run={scene.runs[RunState.FINISHED].uuid}"
    ),
    "schedule": PageOf(_schedule("schedules:detail")),
    "schedule-trends": PageOf(_nights),
    "schedule-guest": PageOf(_schedule("schedules:detail"), role=Role.GUEST),
    "schedule-paused": PageOf(_schedule("schedules:detail", state=ScheduleState.PAUSED), role=Role.MAINTAINER),
    "schedule-ended": PageOf(_schedule("schedules:detail", state=ScheduleState.ENDED)),
    "schedule-no-slot": PageOf(_schedule("schedules:detail", state=ScheduleState.ENDED, query="?outcome=held")),
    "schedule-edit": PageOf(_schedule("schedules:edit")),
    "schedule-edit-somebody-elses": PageOf(_schedule("schedules:edit"), role=Role.MAINTAINER),
    "schedule-resume": PageOf(_schedule("schedules:resume", state=ScheduleState.PAUSED), role=Role.MAINTAINER),
    "schedule-run-now": PageOf(_schedule("schedules:run-now")),
    "schedule-delete": PageOf(_schedule("schedules:delete")),
    "models": PageOf(_project("registered_models:list")),
    "models-metrics": PageOf(_project("registered_models:list", query="?metric=val_acc&metric=val_loss&metric=loss")),
    "models-guest": PageOf(_project("registered_models:list"), role=Role.GUEST),
    "models-no-match": PageOf(_project("registered_models:list", query="?q=nothing-like-this")),
    "models-empty": PageOf(_project("registered_models:list", empty=True)),
    "model": PageOf(_model("registered_models:detail")),
    "model-guest": PageOf(_model("registered_models:detail"), role=Role.GUEST),
    "model-changed": PageOf(_model("registered_models:detail", "pv-yield-night"), role=Role.MAINTAINER),
    "model-long-name": PageOf(_model("registered_models:detail", LONG_NAME)),
    "model-waiting": PageOf(_model("registered_models:detail", "dust")),
    "model-going": PageOf(_model("registered_models:detail", "snow")),
    "model-signature": PageOf(_model("registered_models:detail", query="?tab=signature")),
    "model-signature-guest": PageOf(_model("registered_models:detail", query="?tab=signature"), role=Role.GUEST),
    "model-files": PageOf(_model("registered_models:detail", query="?tab=files")),
    "model-certificate": PageOf(_model("registered_models:certificate")),
    "model-edit": PageOf(_model("registered_models:edit")),
    "model-unregister": PageOf(_model("registered_models:unregister")),
    "model-register": PageOf(_run(RunState.FINISHED, name="runs:register")),
    "model-register-not-yet": PageOf(_run(RunState.RUNNING, name="runs:register")),
    "model-register-twice": PageOf(_of_model("runs:register")),
    "model-register-none": PageOf(_logged_nothing("runs:register")),
    "model-register-away": PageOf(_logged_nothing("runs:register", mlflow_run_id="away")),
    "run-with-model": PageOf(_of_model("runs:detail")),
    "run-with-model-delete": PageOf(_of_model("runs:delete")),
    "members": PageOf(_project("projects:members")),
    "members-owner": PageOf(_project("projects:members"), role=Role.OWNER),
    "members-invite": PageOf(_project("projects:invite"), role=Role.OWNER),
    "members-role": PageOf(_member("projects:member-role"), role=Role.OWNER),
    "members-remove": PageOf(_member("projects:member-remove"), role=Role.OWNER),
    "members-hand-over": PageOf(_member("projects:member-hand-over"), role=Role.OWNER),
    "members-leave": PageOf(_project("projects:leave")),
    "members-group-add": PageOf(_project("projects:member-group-add"), role=Role.OWNER),
    "members-group-role": PageOf(_group_in_project("projects:member-group-role"), role=Role.OWNER),
    "members-group-remove": PageOf(_group_in_project("projects:member-group-remove"), role=Role.OWNER),
    "roles": PageOf(_project("projects:roles")),
    "roles-signed-out": PageOf(_project("projects:roles", empty=True), role=None),
    "settings": PageOf(_project("projects:settings"), role=Role.OWNER),
    "settings-maintainer": PageOf(_project("projects:settings"), role=Role.MAINTAINER),
    "settings-delete": PageOf(_project("projects:delete"), role=Role.OWNER),
    "settings-activity": PageOf(_project("projects:activity"), role=Role.OWNER),
    "settings-activity-filtered": PageOf(_project("projects:activity", query="?about=group"), role=Role.OWNER),
    "settings-activity-empty": PageOf(_project("projects:activity", empty=True)),
    "groups": PageOf(_at("/settings/groups/")),
    "groups-empty": PageOf(_at("/settings/groups/"), role=Role.GUEST),
    "group": PageOf(_group("projects:group")),
    "group-member": PageOf(_group("projects:group"), role=Role.REPORTER),
    "group-add": PageOf(_at("/settings/groups/add/")),
    "group-rename": PageOf(_group("projects:group-rename")),
    "group-person-add": PageOf(_group("projects:group-person-add")),
    "group-leave": PageOf(_group("projects:group-leave")),
    "group-delete": PageOf(_group("projects:group-delete")),
    "group-person-remove": PageOf(
        lambda scene: reverse("projects:group-person-remove", args=[scene.group.uuid, scene.people[Role.REPORTER].uuid])
    ),
    "invitations": PageOf(_at("/settings/invitations/")),
    "invitations-empty": PageOf(_at("/settings/invitations/"), role=Role.GUEST),
    "invitations-withdraw": PageOf(
        lambda scene: reverse("projects:withdraw", args=[scene.project.slug, scene.invitation.uuid]), role=Role.OWNER
    ),
    "tokens": PageOf(_at("/settings/tokens/")),
    "tokens-empty": PageOf(_at("/settings/tokens/"), role=Role.GUEST),
    "token-add": PageOf(_at("/settings/tokens/add/"), confirmed=True),
    "token-revoke": PageOf(lambda scene: reverse("tokens:revoke", args=[scene.access_token.uuid])),
    "notices": PageOf(_at("/settings/notices/")),
    "notices-empty": PageOf(_at("/settings/notices/"), role=Role.GUEST),
    "connections": PageOf(_at("/settings/connections/")),
    "connections-empty": PageOf(_at("/settings/connections/"), role=Role.GUEST),
    "connection-add": PageOf(_at("/settings/connections/add/")),
    "connection-add-to-site": PageOf(lambda scene: f"/settings/connections/add/?site={scene.own_site.uuid}"),
    "connections-from-a-project": PageOf(_at("/settings/connections/?next=/projects/")),
    **{
        f"connection-add-{kind}": PageOf(_at(f"/settings/connections/add/?kind={kind}"), confirmed=True)
        for kind in Kind.values
    },
    "connection-secret": PageOf(_connection("connections:secret"), confirmed=True),
    "connection-secret-token": PageOf(_connection("connections:secret", "by-token"), confirmed=True),
    "connection-secret-key": PageOf(_connection("connections:secret", "by-key"), confirmed=True),
    "connection-rename": PageOf(_connection("connections:rename")),
    "connection-delete": PageOf(_connection("connections:delete", "gitlab")),
    "connection-delete-used": PageOf(_connection("connections:delete")),
    "site-add": PageOf(_at("/settings/connections/sites/add/")),
    "site-delete": PageOf(lambda scene: reverse("connections:site-delete", args=[scene.own_site.uuid])),
}
