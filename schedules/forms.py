"""The form of a schedule: what to repeat and with what, when, and the policies for when things go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.form_layout import Back, FromTemplate, Rest, SubmitButton, card
from mantik.lib.humanize import absolute_time
from mantik.lib.name_keys import checked_name
from mantik.lib.revised_form import RevisedForm
from projects.models import Project
from runs.backend_config import ACCOUNT, BackendConfig, BackendConfigError, parse_backend_config
from runs.models import Run
from runs.planning.budget_accounts import offer_accounts
from runs.planning.forms import ConnectionChoice
from runs.planning.prefill import Prefill
from runs.planning.site_rules import CONFIG, RUN_ANYWAY, refused_by_site
from runs.querysets import RunQuerySet
from schedules.firing.timing import BadTiming, Timing, read_timing
from schedules.models import LONGEST_JITTER, MOST_CAUGHT_UP, Schedule
from schedules.pages.form_layout import schedule_helper
from schedules.pages.repeat_fields import REPEAT_FIELDS, RepeatForm
from schedules.services.schedules import BadChoice, Policies, check_choices
from schedules.states import CatchUp, CodePolicy, Overlap

MOST_RUNS_OFFERED = 50
NUMBERS = {
    "invalid": "Enter a whole number.",
    "min_value": "Enter %(limit_value)s or more.",
    "max_value": "Enter %(limit_value)s or less.",
}
NAME_TAKEN = "The project already has a schedule with this name. Choose another name."
# The fields whose errors the live preview shows; the others show theirs when the form is sent.
FOLLOWED = ("cron_expression", "time_zone", "end_date", "jitter_seconds", "run", "connection", ACCOUNT, *REPEAT_FIELDS)


class RunChoice(forms.ModelChoiceField[Run]):
    """Each run with its name, state, time and short id, because names repeat."""

    def label_from_instance(self, obj: Run) -> str:
        return f"{obj.name} · {obj.badge.label}, {absolute_time(timezone.localtime(obj.created_at))} · {obj.short_id}"


class OwnOrKept(ConnectionChoice):
    """The connections of `user`, and the one the schedule uses now, without its name if it is somebody else's."""

    user: User | None = None

    def label_from_instance(self, obj: Connection) -> str:
        if self.user is not None and obj.owner_id != self.user.pk:
            return f"Unchanged: a connection of {obj.owner.display_name} · {obj.provider}"
        return super().label_from_instance(obj)


class ScheduleForm(RepeatForm, RevisedForm):
    """The form of a new schedule, or of `schedule`.

    Field names are public (links, scripts and tests post them): do not rename.

    `timing` is None while the times cannot be read. `prefill` fills in the form; `unavailable` says, by field,
    what of it cannot be had. `is_preview`: nothing is saved, so nothing is said of what was saved meanwhile.
    """

    name = forms.CharField(max_length=120)
    run_search = forms.CharField(
        label="Find a run",
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search", "placeholder": "Name, commit, user name", "autocomplete": "off"}),
    )
    run = RunChoice(queryset=Run.objects.none(), empty_label="Choose a run", to_field_name="uuid")
    connection = OwnOrKept(queryset=Connection.objects.none(), empty_label="Choose a connection", to_field_name="uuid")
    compute_budget_account = forms.CharField(
        label="Compute budget account",
        max_length=120,
        widget=forms.TextInput({"class": "mono"}),
        help_text="Billed for the compute time of each run.",
    )
    cron_expression = forms.CharField(
        label="Cron expression",
        max_length=200,
        widget=forms.TextInput(
            {
                "class": "mono",
                "placeholder": "30 2 * * *",
                "autocomplete": "off",
                "spellcheck": "false",
                "list": "cron-presets",
            }
        ),
        help_text="Minute, hour, day of month, month, day of week. Usual ones are offered as you type.",
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
        help_text="The last day, in the time zone above. Leave it empty for no end.",
    )
    code_policy = forms.TypedChoiceField(
        label="Code", choices=CodePolicy.choices, coerce=CodePolicy, widget=forms.RadioSelect
    )
    overlap = forms.TypedChoiceField(
        label="If the previous run is still active", choices=Overlap.choices, coerce=Overlap
    )
    missed = forms.TypedChoiceField(
        label="Due times missed while Mantik was down", choices=CatchUp.choices, coerce=CatchUp
    )
    missed_cap = forms.IntegerField(
        label="Maximum number of runs to catch up on", min_value=1, max_value=MOST_CAUGHT_UP, error_messages=NUMBERS
    )
    missed_grace = forms.FloatField(
        label="Do not catch up on due times older than (hours)",
        min_value=0,
        max_value=24 * 366,
        error_messages=NUMBERS | {"invalid": "Enter a number of hours, such as 6 or 0.5."},
        help_text="Older ones are listed as missed.",
    )
    jitter_seconds = forms.IntegerField(
        label="Random delay, up to (seconds)",
        min_value=0,
        max_value=LONGEST_JITTER,
        error_messages=NUMBERS,
        help_text="Spreads out schedules that are due in the same minute.",
    )
    pause_after_failures = forms.IntegerField(
        label="Pause after failures in a row",
        min_value=0,
        max_value=1000,
        error_messages=NUMBERS,
        help_text="0: failures never pause it.",
    )
    most_runs_per_day = forms.IntegerField(
        label="At most this many runs a day",
        min_value=1,
        max_value=1440,
        required=False,
        error_messages=NUMBERS,
        help_text="Leave it empty for no limit.",
    )
    run_anyway = forms.BooleanField(label="Save anyway", required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        user: User,
        now: datetime,
        schedule: Schedule | None = None,
        initial: Mapping[str, Any] | None = None,
        prefill: Prefill | None = None,
        is_preview: bool = False,
    ) -> None:
        super().__init__(data, initial=(_shown(schedule) if schedule else _usual()) | dict(initial or {}))
        self.project, self.user, self.now, self.schedule, self.prefill = project, user, now, schedule, prefill
        self.timing: Timing | None = None
        # The cron expression in words, once it can be read.
        self.cron_words = ""
        # By field: an accepted value that means the same as the refused one.
        self.offers: dict[str, str] = {}
        self._follow_repeat()
        self._offer_runs()
        self._offer_connections(user)
        self._look_at_site()
        if not self.is_bound:
            self.propose_account()
        self.unavailable = self._find_unavailable()
        self._lay_out()
        self.compares = not is_preview
        if schedule:
            self.revise(without=REPEAT_FIELDS)

    @property
    def policies(self) -> Policies:
        """The chosen policies; only for a valid form."""
        cleaned = self.cleaned_data
        return Policies(
            code_policy=cleaned["code_policy"],
            missed_grace=timedelta(hours=cleaned["missed_grace"]),
            **{name: cleaned[name] for name in _POLICIES if name != "missed_grace"},
        )

    @property
    def notes(self) -> dict[str, str]:
        """By field: the cron expression in words; the account that was replaced, or what is left of its budget."""
        return {ACCOUNT: self._note_on_account, "cron_expression": capfirst(self.cron_words)}

    @property
    def approved(self) -> tuple[str, ...]:
        return ("cron_expression",) if self.cron_words else ()

    def chosen_run(self) -> Run | None:
        """The run that is chosen now; None if there is none, or it is not in this project."""
        found: Run | None = self._chosen("run")
        return found

    def chosen_connection(self) -> Connection | None:
        found: Connection | None = self._chosen("connection")
        return found

    def propose_account(self, *, is_other_connection: bool = False) -> None:
        """Fill in the only account there is, if the field is empty or holds one of another connection."""
        if is_other_connection:
            self._put({RUN_ANYWAY: ""})
        if self._put_account(is_other_connection=is_other_connection):
            self._look_at_site()

    def clean_name(self) -> str:
        kept, others = "", Schedule.objects.filter(project=self.project)
        if self.schedule:
            kept, others = self.schedule.name, others.exclude(pk=self.schedule.pk)
        return checked_name(self.cleaned_data["name"], others, kept=kept, where="in this project", taken=NAME_TAKEN)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.is_stale:
            return cleaned
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

    def _take(self, name: str) -> None:
        super()._take(name)
        if name == "cron_expression":
            self._follow_repeat()
            self._lay_out()

    def _lay_out(self) -> None:
        source = self.prefill.source if self.prefill else None
        self.helper = schedule_helper(is_new=self.schedule is None, source=source, repeat_fields=self.repeat_fields)

    def _is_followed(self, name: str) -> bool:
        return name in FOLLOWED

    def _complain_of_refusals(self) -> None:
        for name, sentences in self.refusals.items():
            if name not in self.errors:
                self.add_error(name, sentences)

    def _look_at_site(self) -> None:
        """Find the accounts to offer, and by field what the site would refuse at each due time.

        Only for the user's own connection: what a site said to somebody else is private.
        """
        connection, config = self.chosen_connection(), self._config()
        queue = config.resources.queue if config else ""
        used = Schedule.objects.used_by(self.user, connection) if connection else ()
        self.accounts = offer_accounts(user=self.user, connection=connection, queue=queue, used_besides=used)
        self.refusals: dict[str, list[str]] = {}
        if config and connection and connection.owner_id == self.user.pk:
            found = refused_by_site(config, connection=connection, account=self.account)
            # The config belongs to the run.
            self.refusals = {"run" if name == CONFIG else name: sentences for name, sentences in found.items()}

    def _config(self) -> BackendConfig | None:
        """The config of the run that is repeated. With "newest commit" it may be another one when a run starts."""
        source = self.chosen_run() or self.schedule
        if source is None:
            return None
        try:
            return parse_backend_config(source.backend_config_content.encode(), path=source.backend_config_path)
        except BackendConfigError:
            return None

    def _check_choices(self, run: Run | None, connection: Connection | None) -> None:
        """Add an error if the run cannot be repeated. The one that the schedule already repeats is not checked."""
        if run is None or (self.schedule and self.schedule.run_id == run.pk):
            return
        try:
            check_choices(run, connection)
        except BadChoice as bad:
            self.add_error(bad.field, bad.message)

    def _find_unavailable(self) -> dict[str, str]:
        """By field: why what the link asks for is not available. Empty for fields in which something is chosen."""
        if self.prefill is None:
            return {}
        found = {"run": self.prefill.what_is_missing} if self.prefill.run is None else {}
        if self.prefill.run and self.prefill.run == self.chosen_run():
            found |= self._unavailable_connection()
        unavailable = {name: reason for name, reason in found.items() if not self.value(name)}
        for name, reason in unavailable.items():
            self.fields[name].error_messages["required"] = reason
        return unavailable

    def _unavailable_connection(self) -> dict[str, str]:
        unavailable = self.prefill.unavailable.get("connection") if self.prefill else None
        if unavailable is None:
            return {}
        field: Any = self.fields["connection"]
        field.empty_label = unavailable.shown
        return {"connection": unavailable.reason}

    def _offer_runs(self) -> None:
        """Offer the newest runs that match the search, and the chosen run even if it does not match."""
        field: Any = self.fields["run"]
        runs = Run.objects.filter(project=self.project).for_rows()
        field.queryset = runs
        matching = _matching(runs.without_local(), self.value("run_search"))
        offered = list(matching.newest_first()[:MOST_RUNS_OFFERED])
        # What the schedule has may have been changed meanwhile, to one that was not in the form.
        for needed in (self.schedule.run if self.schedule else None, self.chosen_run()):
            if needed and needed not in offered:
                offered.insert(0, needed)
        if self.schedule and self.schedule.run_id is None:
            field.required, field.empty_label = False, "Unchanged: a run that was deleted"
        named = [(str(run.uuid), field.label_from_instance(run)) for run in offered]
        field.widget.choices = [("", field.empty_label), *named]
        self.found_runs = bool(offered)
        if len(offered) >= MOST_RUNS_OFFERED:
            field.help_text = f"Only the newest {MOST_RUNS_OFFERED} are offered. Find an older one by the search."

    def _offer_connections(self, user: User) -> None:
        field: Any = self.fields["connection"]
        field.user = user
        own = Q(owner=user, site__isnull=False)
        kept = Q(pk=self.schedule.connection_id) if self.schedule else Q(pk=None)
        # The connection of the schedule may be somebody else's: it can be kept, and nothing more is shown of it.
        field.queryset = Connection.objects.filter(own | kept).select_related("site", "owner").order_by("name", "pk")


_POLICIES = (
    "overlap",
    "missed",
    "missed_cap",
    "missed_grace",
    "jitter_seconds",
    "pause_after_failures",
    "most_runs_per_day",
)


def _usual() -> dict[str, Any]:
    usual = Policies()
    return {name: getattr(usual, name) for name in ("code_policy", *_POLICIES)} | {
        "missed_grace": _hours(usual.missed_grace)
    }


def _shown(schedule: Schedule) -> dict[str, Any]:
    same = ("name", "compute_budget_account", "cron_expression", "time_zone", "end_date", "code_policy")
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
    """What to do about the due times during the pause of `schedule`. `was_due`: whether there were any."""

    helper = card(
        FromTemplate("schedules/_resume_lead.html"), Rest(), foot=(Back(), SubmitButton("Resume")), warns=False
    )

    catch_up = forms.TypedChoiceField(
        label="Due times during the pause",
        coerce=CatchUp,
        empty_value=CatchUp.SKIP,
        initial=CatchUp.SKIP,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, schedule: Schedule, was_due: bool) -> None:
        super().__init__(data)
        offered = [(CatchUp.SKIP.value, CatchUp.SKIP.label), (CatchUp.ONE.value, CatchUp.ONE.label)]
        # If runs must not overlap, or the limit is one run, only the latest would run.
        if schedule.overlap == Overlap.ALLOW and schedule.missed_cap > 1:
            offered.append((CatchUp.ALL.value, f"Run all of them, up to the latest {schedule.missed_cap}"))
        field: Any = self.fields["catch_up"]
        field.choices = offered
        if not was_due:
            field.required, field.widget = False, forms.HiddenInput()
