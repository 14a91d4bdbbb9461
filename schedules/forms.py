"""The form of a schedule: what to repeat and with what, when, and the policies for when things go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.humanize import absolute_time
from projects.models import Project
from runs.backend_config import ACCOUNT, BackendConfig, BackendConfigError, parse_backend_config
from runs.models import Run
from runs.planning.budget_accounts import offer_accounts
from runs.planning.forms import ConnectionChoice
from runs.planning.site_rules import CONFIG, RUN_ANYWAY, refused_by_site
from runs.planning.wishes import Wish
from runs.querysets import RunQuerySet
from schedules.firing.timing import BadTiming, Timing, read_timing
from schedules.models import LONGEST_JITTER, MOST_CAUGHT_UP, Schedule
from schedules.services.schedules import BadChoice, Policies, check_choices
from schedules.states import CatchUp, CodePolicy, Overlap

MOST_OFFERED = 50
NUMBERS = {
    "invalid": "Write a whole number.",
    "min_value": "Write %(limit_value)s or more.",
    "max_value": "Write %(limit_value)s or less.",
}
# What the live preview finds fault with; the other fields are complained about once the form is sent.
FOLLOWED = ("cron_expression", "time_zone", "end_date", "jitter_seconds", "run", "connection", ACCOUNT)


class RunChoice(forms.ModelChoiceField[Run]):
    """By its name, how it ended, when it was made, and its id: names repeat."""

    def label_from_instance(self, obj: Run) -> str:
        return f"{obj.name} · {obj.badge.label}, {absolute_time(obj.created_at)} · {obj.short_id}"


class OwnOrKept(ConnectionChoice):
    """Of `user`, or what the schedule uses now: somebody else's is not named to who does not own it."""

    user: User | None = None

    def label_from_instance(self, obj: Connection) -> str:
        if self.user is not None and obj.owner_id != self.user.pk:
            return f"As it is: one of {obj.owner.display_name} · {obj.provider}"
        return super().label_from_instance(obj)


class ScheduleForm(forms.Form):
    """Fields of the outside contract, for a new schedule or for `schedule`. `timing`: None while it cannot be read.

    `wish` is what a link has filled it in from; `refused` says by field what of that cannot be had.
    """

    name = forms.CharField(max_length=120)
    run_search = forms.CharField(
        label="Find a run",
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search", "placeholder": "Name, commit, member", "autocomplete": "off"}),
    )
    run = RunChoice(queryset=Run.objects.none(), empty_label="Choose a run", to_field_name="uuid")
    connection = OwnOrKept(queryset=Connection.objects.none(), empty_label="Choose a connection", to_field_name="uuid")
    compute_budget_account = forms.CharField(
        label="Compute budget account", max_length=120, help_text="Billed for the compute time of each run."
    )
    cron_expression = forms.CharField(
        label="Cron expression",
        max_length=200,
        widget=forms.TextInput({"placeholder": "30 2 * * *", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Minute, hour, day of month, month, day of week.",
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=60,
        widget=forms.TextInput({"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Type a city to search.",
    )
    end_date = forms.DateField(
        label="End date",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="The last day, in the time zone above. Empty: until somebody stops it.",
    )
    code_policy = forms.TypedChoiceField(
        label="Code", choices=CodePolicy.choices, coerce=CodePolicy, widget=forms.RadioSelect
    )
    overlap = forms.TypedChoiceField(
        label="While its run before is still active", choices=Overlap.choices, coerce=Overlap
    )
    missed = forms.TypedChoiceField(
        label="Instants missed while Mantik was down", choices=CatchUp.choices, coerce=CatchUp
    )
    missed_cap = forms.IntegerField(
        label="Most made up for", min_value=1, max_value=MOST_CAUGHT_UP, error_messages=NUMBERS
    )
    missed_grace = forms.FloatField(
        label="Not made up for after",
        min_value=0,
        max_value=24 * 366,
        error_messages=NUMBERS | {"invalid": "Write a number of hours, such as 6 or 0.5."},
        help_text="Later than that, an instant is missed.",
    )
    jitter_seconds = forms.IntegerField(
        label="Random delay, up to",
        min_value=0,
        max_value=LONGEST_JITTER,
        error_messages=NUMBERS,
        help_text="Spreads schedules that are due at the same minute.",
    )
    pause_after_failures = forms.IntegerField(
        label="Pause after failures in a row",
        min_value=0,
        max_value=1000,
        error_messages=NUMBERS,
        help_text="0: it never pauses itself.",
    )
    most_runs_per_day = forms.IntegerField(
        label="Most runs a day",
        min_value=1,
        max_value=1440,
        required=False,
        error_messages=NUMBERS,
        help_text="Empty: as many as are due.",
    )
    run_anyway = forms.BooleanField(label="Save it anyway", required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        user: User,
        now: datetime,
        schedule: Schedule | None = None,
        initial: Mapping[str, Any] | None = None,
        wish: Wish | None = None,
    ) -> None:
        super().__init__(data, initial=(_shown(schedule) if schedule else _usual()) | dict(initial or {}))
        self.project, self.user, self.now, self.schedule, self.wish = project, user, now, schedule, wish
        self.timing: Timing | None = None
        self._account_note = ""
        # By field: what means the same as what was refused.
        self.offers: dict[str, str] = {}
        self._offer_runs()
        self._offer_connections(user)
        self._look_at_site()
        if not self.is_bound:
            self.propose_account()
        self.refused = self._refuse()

    def value(self, name: str) -> str:
        """What stands in a field now, posted or proposed."""
        found = self.data.get(name) if self.is_bound else self.get_initial_for_field(self.fields[name], name)
        return "" if found is None else str(found).strip()

    @property
    def policies_have_errors(self) -> bool:
        return any(field.errors for field in self.policy_fields)

    @property
    def policy_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in _POLICIES]

    @property
    def policies(self) -> Policies:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        return Policies(
            code_policy=cleaned["code_policy"],
            missed_grace=timedelta(hours=cleaned["missed_grace"]),
            **{name: cleaned[name] for name in _POLICIES if name != "missed_grace"},
        )

    @property
    def account_note(self) -> str:
        """What it has taken the place of, and what is left of its budget."""
        return " · ".join(filter(None, [self._account_note, self.accounts.left_of(self.value(ACCOUNT))]))

    def chosen_run(self) -> Run | None:
        """What the run field stands on; None if on nothing of this project."""
        found: Run | None = self._chosen("run")
        return found

    def chosen_connection(self) -> Connection | None:
        found: Connection | None = self._chosen("connection")
        return found

    def propose_account(self, *, is_other_connection: bool = False) -> None:
        """The only one there is, where none stands yet, or one that is left over from another connection."""
        account = self.value(ACCOUNT)
        proposed = self.accounts.proposed_for(account, is_left_over=is_other_connection)
        if is_other_connection:
            self._put(RUN_ANYWAY, "")
        if proposed != account:
            self._account_note = self.accounts.in_place_of(account)
            self._put(ACCOUNT, proposed)
            self._look_at_site()

    def forgive(self) -> None:
        """For the preview: what is not filled in yet is no fault. What a link cannot have is."""
        self.full_clean()
        for name in list(self.errors):
            if name not in self.refused and (name not in FOLLOWED or not self.value(name)):
                del self.errors[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get(RUN_ANYWAY):
            self._complain_of_refusals()
        try:
            self.timing = read_timing(
                cron_expression=cleaned.get("cron_expression", ""),
                time_zone=cleaned.get("time_zone", ""),
                end_date=cleaned.get("end_date"),
                jitter_seconds=cleaned.get("jitter_seconds") or 0,
                now=self.now,
            )
        except BadTiming as bad:
            self.offers = bad.offers
            for name, sentences in bad.problems.items():
                if name not in self.errors:
                    self.add_error(name, sentences)
        self._check_choices(cleaned.get("run"), cleaned.get("connection"))
        return cleaned

    def _put(self, name: str, value: str) -> None:
        if self.is_bound:
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data[name] = value  # type: ignore[index]
        else:
            self.initial[name] = value

    def _complain_of_refusals(self) -> None:
        for name, sentences in self.refusals.items():
            if name not in self.errors:
                self.add_error(name, sentences)

    def _look_at_site(self) -> None:
        """Which accounts to offer, and by field what the site would refuse at each instant.

        Of one's own connection only: what a site told somebody else is theirs.
        """
        connection, config = self.chosen_connection(), self._config()
        queue = config.resources.queue if config else ""
        used = Schedule.objects.used_by(self.user, connection) if connection else ()
        self.accounts = offer_accounts(user=self.user, connection=connection, queue=queue, used_besides=used)
        self.refusals: dict[str, list[str]] = {}
        if config and connection and connection.owner_id == self.user.pk:
            found = refused_by_site(config, connection=connection, account=self.value(ACCOUNT))
            # The file is that of the run.
            self.refusals = {"run" if name == CONFIG else name: sentences for name, sentences in found.items()}

    def _config(self) -> BackendConfig | None:
        """Of what is repeated; a newest commit may have another one by then."""
        source = self.chosen_run() or self.schedule
        if source is None:
            return None
        try:
            return parse_backend_config(source.backend_config_content.encode(), path=source.backend_config_path)
        except BackendConfigError:
            return None

    def _check_choices(self, run: Run | None, connection: Connection | None) -> None:
        """What is repeated already stays as it is."""
        if run is None or (self.schedule and self.schedule.run_id == run.pk):
            return
        try:
            check_choices(run, connection)
        except BadChoice as bad:
            self.add_error(bad.field, bad.message)

    def _refuse(self) -> dict[str, str]:
        """What the link asks for and cannot have, as long as nothing else was chosen: by field, a sentence."""
        if self.wish is None:
            return {}
        found = {"run": self.wish.what_is_missing} if self.wish.run is None else {}
        if self.wish.run and self.wish.run == self.chosen_run():
            found |= self._refused_connection()
        refused = {name: reason for name, reason in found.items() if not self.value(name)}
        for name, reason in refused.items():
            self.fields[name].error_messages["required"] = reason
        return refused

    def _refused_connection(self) -> dict[str, str]:
        refusal = self.wish.refusals.get("connection") if self.wish else None
        if refusal is None:
            return {}
        field: Any = self.fields["connection"]
        field.empty_label = refusal.shown
        return {"connection": refusal.reason}

    def _chosen(self, name: str) -> Any:
        try:
            return self.fields[name].clean(self.value(name)) or None
        except forms.ValidationError:
            return None

    def _offer_runs(self) -> None:
        """The newest that match what is searched for, and what is chosen already: it is never lost by a search."""
        field: Any = self.fields["run"]
        runs = Run.objects.filter(project=self.project).for_rows()
        field.queryset = runs
        offered = list(_matching(runs, self.value("run_search")).order_by("-pk")[:MOST_OFFERED])
        chosen = self.chosen_run()
        if chosen and chosen not in offered:
            offered.insert(0, chosen)
        if self.schedule and self.schedule.run_id is None:
            field.required, field.empty_label = False, "As it is: of a run that was deleted"
        named = [(str(run.uuid), field.label_from_instance(run)) for run in offered]
        field.widget.choices = [("", field.empty_label), *named]
        self.found_runs = bool(offered)

    def _offer_connections(self, user: User) -> None:
        field: Any = self.fields["connection"]
        field.user = user
        own = Q(owner=user, site__isnull=False)
        kept = Q(pk=self.schedule.connection_id) if self.schedule else Q(pk=None)
        # The one that the schedule uses may be somebody else's: it can be kept, and is not told of more than that.
        field.queryset = Connection.objects.filter(own | kept).select_related("site", "owner").order_by("name", "pk")


_POLICIES = (
    *("overlap", "missed", "missed_cap", "missed_grace"),
    *("jitter_seconds", "pause_after_failures", "most_runs_per_day"),
)


def _usual() -> dict[str, Any]:
    usual = Policies()
    return {name: getattr(usual, name) for name in ("code_policy", *_POLICIES)} | {
        "missed_grace": _hours(usual.missed_grace)
    }


def _shown(schedule: Schedule) -> dict[str, Any]:
    same = ("name", "compute_budget_account", "cron_expression", "time_zone", "end_date", "revision", "code_policy")
    return {name: getattr(schedule, name) for name in (*same, *_POLICIES)} | {
        "run": schedule.run.uuid if schedule.run else "",
        "connection": schedule.connection.uuid if schedule.connection else "",
        "missed_grace": _hours(schedule.missed_grace),
    }


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:g}"


def _matching(runs: RunQuerySet, text: str) -> RunQuerySet:
    return runs.search(text) if text else runs


class ResumeForm(forms.Form):
    """What becomes of the instants that came while `schedule` was paused; nothing is asked if none came."""

    catch_up = forms.TypedChoiceField(
        label="Instants that came meanwhile",
        coerce=CatchUp,
        empty_value=CatchUp.SKIP,
        initial=CatchUp.SKIP,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, schedule: Schedule, came: bool) -> None:
        super().__init__(data)
        offered = [(CatchUp.SKIP.value, CatchUp.SKIP.label), (CatchUp.ONE.value, CatchUp.ONE.label)]
        # Where runs do not overlap, only the latest would run.
        if schedule.overlap == Overlap.ALLOW:
            offered.append((CatchUp.ALL.value, f"Run them all, up to the latest {schedule.missed_cap}"))
        field: Any = self.fields["catch_up"]
        field.choices = offered
        if not came:
            field.required, field.widget = False, forms.HiddenInput()
