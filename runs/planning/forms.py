"""The new-run form: fixed fields, and one typed field for each parameter of the chosen entry point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import cached_property

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.form_layout import Helper
from mantik.lib.humanize import counted, short_sha
from projects.code.stored import StoredCode
from projects.models import CodeRepository, Experiment, Project
from runs.backend_config import ACCOUNT
from runs.mlproject.parameters import Parameter
from runs.planning.budget_accounts import offer_accounts
from runs.planning.form_layout import CODE_SEEN, PROPOSED_PREFIX, RunLayout
from runs.planning.live_form import LiveForm
from runs.planning.plan import PARAMETER_PREFIX, Choices, make_plan
from runs.planning.prefill import Prefill, Unavailable
from runs.planning.site_rules import RUN_ANYWAY

# The name of the button that removes parameters which the entry point does not take.
LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class Preview:
    """The form is posted for its preview, not for RUN!.

    `shows_fields`: the answer redraws all fields. `is_other_connection`: the connection has just been changed, so the
    account may be left over from the former one.
    """

    shows_fields: bool = True
    is_other_connection: bool = False


def _in_mono(attrs: Mapping[str, str] | None = None) -> forms.TextInput:
    """An input in a monospaced font, for a path, an account or code."""
    return forms.TextInput({"class": "mono", **(attrs or {})})


class ConnectionChoice(forms.ModelChoiceField[Connection]):
    """Each connection with its own name and that of its site."""

    def label_from_instance(self, obj: Connection) -> str:
        return f"{obj.name} · {obj.provider}"


class NewRunForm(LiveForm):
    """`plan` is what the form, as filled in, would run; `code` what is known of the chosen code repository.

    Field names are public (links, scripts and tests post them): do not rename.

    Branches and entry points are offered as the repository has them. The offers are computed from what was posted, each
    time, so the form works the same with and without JavaScript.

    A value that a member or a link has given stays until the member changes it, with an error if it is not available.
    Only values that the form itself has proposed are replaced by other proposals. To recognise them, the form has a
    hidden field for each.
    """

    name = forms.CharField(max_length=120)
    experiment = forms.ModelChoiceField(queryset=Experiment.objects.none(), empty_label=None)
    code_repository = forms.ModelChoiceField(
        label="Code repository", queryset=CodeRepository.objects.none(), empty_label=None, to_field_name="uuid"
    )
    branch = forms.CharField(max_length=250, widget=forms.Select)
    mlproject_path = forms.CharField(label="MLproject file", max_length=400, initial="MLproject", widget=_in_mono())
    entry_point = forms.CharField(label="Entry point", max_length=120, widget=forms.Select)
    connection = ConnectionChoice(queryset=Connection.objects.none(), empty_label=None, to_field_name="uuid")
    compute_budget_account = forms.CharField(
        label="Compute budget account", max_length=120, widget=_in_mono(), help_text="Billed for the compute time."
    )
    backend_config_path = forms.CharField(
        label="Compute Backend config",
        max_length=400,
        widget=_in_mono(),
        help_text="Path of the JSON or YAML file in the repository.",
    )
    run_anyway = forms.BooleanField(label="Run anyway", required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        user: User,
        initial: Mapping[str, Any] | None = None,
        prefill: Prefill | None = None,
        preview: Preview | None = None,
    ) -> None:
        """Without `data` every value is a proposal. `prefill`: the run that fills in the form; none of its values is
        replaced silently."""
        super().__init__(data, initial=dict(initial or {}))
        self.prefill = prefill
        self.unavailable: Mapping[str, Unavailable] = prefill.unavailable if prefill else {}
        self.preview = preview
        self._rows: dict[str, Any] = {}
        self._offer("experiment", project.experiments.in_order())
        self._offer("code_repository", project.code_repositories.in_order())
        self._offer("connection", Connection.objects.owned_by(user).for_sites())
        if preview and preview.is_other_connection:
            self._put({RUN_ANYWAY: ""})
        repository = self._rows["code_repository"]
        self.code = StoredCode(repository) if repository else None
        self.plan = make_plan(self._choices(), self.code)
        self._offer_accounts(user)
        self._fill_selects()
        self._add_parameters()

    def _offer(self, name: str, rows: Any) -> None:
        field: Any = self.fields[name]
        field.queryset, field.to_field_name = rows, "uuid"
        # A form that is opened has the first row chosen.
        self._rows[name] = self._chosen(name) if self.is_bound or self.value(name) else rows.first()
        if self.is_bound and self._rows[name] is None:
            # Without an empty choice, a browser would show the first row as if it had been chosen.
            field.empty_label = f"Choose {_article(str(field.label or name).lower())}"
            self._say_unavailable(name, field)

    def _say_unavailable(self, name: str, field: Any) -> None:
        if unavailable := self.unavailable.get(name):
            field.empty_label, field.error_messages["required"] = unavailable.shown, unavailable.reason

    def _still_as_proposed(self) -> frozenset[str]:
        """Fields that nobody has changed since the form filled them in."""
        if not self.is_bound:
            return frozenset({"branch", "entry_point"})
        named = (key.removeprefix(PROPOSED_PREFIX) for key in self.data if key.startswith(PROPOSED_PREFIX))
        return frozenset(name for name in named if self.data.get(name, "") == self.data[f"{PROPOSED_PREFIX}{name}"])

    def _choices(self) -> Choices:
        posted = {
            key.removeprefix(PARAMETER_PREFIX): str(value)
            for key, value in (self.data if self.is_bound else self.initial).items()
            if key.startswith(PARAMETER_PREFIX)
        }
        return Choices(
            code_repository=self._rows["code_repository"],
            branch=self.value("branch"),
            mlproject_path=self.value("mlproject_path"),
            entry_point=self.value("entry_point"),
            parameters=posted,
            backend_config_path=self.value("backend_config_path"),
            connection=self._rows["connection"],
            compute_budget_account=self.account,
            run_anyway=self.fields[RUN_ANYWAY].clean(self.value(RUN_ANYWAY)),
            proposed=self._still_as_proposed() if self._may_propose else frozenset(),
            leave_out_unknown=LEAVE_OUT in self.data,
        )

    @property
    def _may_propose(self) -> bool:
        """Whether proposed values may be replaced: only if the answer redraws the fields, so that everybody sees it."""
        return not self.is_bound or (self.preview is not None and self.preview.shows_fields)

    def _offer_accounts(self, user: User) -> None:
        """Find the accounts to offer. If there is only one, fill it in, unless RUN! was pressed."""
        queue = self.plan.config.resources.queue if self.plan.config else ""
        self.accounts = offer_accounts(user=user, connection=self.plan.choices.connection, queue=queue)
        is_pressed = self.is_bound and self.preview is None
        is_other_connection = self.preview is not None and self.preview.is_other_connection
        if not is_pressed and self._put_account(is_other_connection=is_other_connection):
            self.plan = make_plan(self._choices(), self.code)

    def _fill_selects(self) -> None:
        plan = self.plan
        # A value with a problem is no longer a proposal: the member sees the error, and has to choose.
        self.proposed = self._still_as_proposed() - ({"branch", "entry_point"} & set(plan.problems))
        self._propose({"branch": plan.branch, "entry_point": plan.entry_point.name if plan.entry_point else ""})
        self._select("branch", [branch.name for branch in plan.branches])
        self._select("entry_point", list(plan.mlproject.entry_points) if plan.mlproject else [])

    def _propose(self, values: Mapping[str, str]) -> None:
        if not self.is_bound:
            self._put(values)
        elif self._may_propose:
            self._put({name: value for name, value in values.items() if value and name in self.proposed})

    def _select(self, name: str, offered: list[str]) -> None:
        """Offer choices. A posted value stays among them even if it is gone, so that the error can name it."""
        chosen = self.value(name)
        shown = [(value, value) for value in offered]
        if chosen not in offered and self.is_bound:
            label = self.fields[name].label or name
            shown.insert(0, (chosen, chosen or f"Choose {_article(str(label).lower())}"))
        widget: Any = self.fields[name].widget
        widget.choices = shown

    def _add_parameters(self) -> None:
        """Add a field for each parameter of the entry point, and for each given parameter that it does not take."""
        taken = self.plan.entry_point.parameters if self.plan.entry_point else ()
        for parameter in taken:
            self.fields[f"{PARAMETER_PREFIX}{parameter.name}"] = _parameter_field(parameter)
        for name in self.plan.left_over:
            self.fields[f"{PARAMETER_PREFIX}{name}"] = _left_over_field(name)
        self._propose_defaults({f"{PARAMETER_PREFIX}{parameter.name}": parameter.default for parameter in taken})

    def _propose_defaults(self, defaults: Mapping[str, str | None]) -> None:
        """Fill in the default of each parameter that the member has not set."""
        gives_way = self.proposed if self.is_bound and self._may_propose else frozenset()
        new = {name: default or "" for name, default in defaults.items() if name not in self.data or name in gives_way}
        known = self.data if self.is_bound else self.initial
        self.proposed |= {name for name in new if name not in known or name in gives_way}
        if self.is_bound:
            self._put({name: value for name, value in new.items() if value or name in self.data})

    @property
    def _code_now(self) -> str:
        code = self._rows["code_repository"]
        return f"{code.uuid} {code.url}" if code else ""

    @property
    def _code_seen(self) -> str:
        """What the form knew of the chosen code repository, if its address has changed since; otherwise ""."""
        seen, now = str(self.data.get(CODE_SEEN, "")), self._code_now
        return seen if seen != now and seen.partition(" ")[0] == now.partition(" ")[0] else ""

    @property
    def code_seen(self) -> str:
        """The value of the hidden field CODE_SEEN.

        A preview keeps the old address in it, so the error stays until RUN! was pressed and the member has seen it.
        """
        return (self._code_seen if self.preview else "") or self._code_now

    @property
    def proposals(self) -> dict[str, str]:
        """Of a form that is opened: the experiment, connection and account that it has chosen."""
        rows = {name: self._rows[name] for name in ("experiment", "connection")}
        return {name: str(row.uuid) for name, row in rows.items() if row} | {ACCOUNT: self.account}

    @property
    def run_name(self) -> str:
        return self.value("name")

    @property
    def commit_note(self) -> str:
        """Says that the branch has another commit than the run that the form was filled in from; "" if it has not."""
        run, commit = self.prefill.run if self.prefill else None, self.plan.commit
        if run is None or commit is None or run.commit_pending or run.branch != self.plan.branch:
            return ""
        if run.commit_sha == commit.sha:
            return ""
        return f"{run.name} used commit {short_sha(run.commit_sha)}; {run.branch} is now at {short_sha(commit.sha)}."

    @property
    def notes(self) -> dict[str, str]:
        """Notes by field: what was found out about its value, or what has replaced it."""
        notes = {"branch": self.commit_note, ACCOUNT: self._note_on_account} | self.plan.replaced
        if self.plan.mlproject:
            found = counted(len(self.plan.mlproject.entry_points), "entry point found", "entry points found")
            notes["mlproject_path"] = found
        return notes

    @property
    def approved(self) -> set[str]:
        """Fields whose file was read without a problem."""
        plan = self.plan
        is_read = {
            "mlproject_path": bool(plan.mlproject),
            "backend_config_path": bool(plan.config) and "backend_config_path" not in plan.problems,
        }
        return {name for name, read in is_read.items() if read}

    @property
    def refusals(self) -> dict[str, list[str]]:
        """What the site would refuse, by field."""
        return self.plan.refusals

    @cached_property
    def helper(self) -> Helper:
        """The layout, as the form is filled in when it is drawn."""
        taken = self.plan.entry_point.parameters if self.plan.entry_point else ()
        layout = RunLayout(
            source=self.prefill.source if self.prefill else None,
            code_seen=self.code_seen,
            proposed={name: self[name].value() or "" for name in self.proposed if name in self.fields},
            parameters={f"{PARAMETER_PREFIX}{parameter.name}": parameter.declared for parameter in taken},
            left_over=[f"{PARAMETER_PREFIX}{name}" for name in self.plan.left_over],
            takes_parameters=self.plan.entry_point is not None,
        )
        return layout.helper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, sentences in self.plan.problems.items():
            if name in self.errors and not self.value(name):
                # There was nothing to choose from: the reason says more than that the field is required.
                del self.errors[name]
            if name not in self.errors:
                self.add_error(name, sentences)
        if self._code_seen:
            old, new = (text.partition(" ")[2] for text in (self._code_seen, self._code_now))
            self.add_error(
                "code_repository",
                f"Its address has changed since this form was opened: from {old} to {new}. "
                "Check the preview, then press RUN! again.",
            )
        if self.errors and self.prefill and self.prefill.what_is_missing:
            self.add_error(None, self.prefill.what_is_missing)
        return cleaned


def _parameter_field(parameter: Parameter) -> forms.CharField:
    return forms.CharField(
        label=parameter.name,
        required=False,
        strip=False,
        initial=parameter.default,
        help_text=parameter.help,
        widget=_in_mono({"data-type": str(parameter.type), "autocomplete": "off"}),
    )


def _left_over_field(name: str) -> forms.CharField:
    return forms.CharField(label=name, required=False, strip=False, widget=_in_mono({"autocomplete": "off"}))


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
