"""The new-run form: the seed's fields, and one typed field per parameter of the chosen entry point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.humanize import short_sha
from projects.models import CodeRepository, Experiment, Project
from runs.backend_config import ACCOUNT
from runs.mlproject.parameters import Parameter
from runs.planning.budget_accounts import offer_accounts
from runs.planning.plan import PARAMETER_PREFIX, Choices, make_plan
from runs.planning.site_rules import RUN_ANYWAY
from runs.planning.wishes import Wish

# "proposed-branch" is the hidden field that says what the form itself has put into the field "branch".
PROPOSED_PREFIX = "proposed-"
# The hidden field that says where the chosen code repository led when the form was shown.
CODE_SEEN = "code_seen"
# The button that leaves out parameters which the entry point does not take.
LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class Preview:
    """The form as it is filled in, before RUN!. `shows_fields`: the answer shows all of them anew.

    `is_other_connection`: it has just been changed, so the account may be left over from the one before.
    """

    shows_fields: bool = True
    is_other_connection: bool = False


class ConnectionChoice(forms.ModelChoiceField[Connection]):
    """By its own name and that of its site, which is what a member thinks of."""

    def label_from_instance(self, obj: Connection) -> str:
        return f"{obj.name} · {obj.provider}"


class NewRunForm(forms.Form):
    """Fields of the outside contract. `plan` is what the form, as filled in, would run.

    Branches and entry points are chosen from what the repository has; the choices are made anew from each
    submitted state, so the form works the same with and without JavaScript.

    What a member or a link has said stays until a member says something else, with the reason in place if it is not to
    be had. Only what the form itself has proposed gives way to another proposal; the form knows it again by a hidden
    field of its own beside each.
    """

    name = forms.CharField(max_length=120)
    experiment = forms.ModelChoiceField(queryset=Experiment.objects.none(), empty_label=None)
    code_repository = forms.ModelChoiceField(
        label="Code repository", queryset=CodeRepository.objects.none(), empty_label=None, to_field_name="uuid"
    )
    branch = forms.CharField(max_length=250, widget=forms.Select)
    mlproject_path = forms.CharField(label="MLproject file", max_length=400, initial="MLproject")
    entry_point = forms.CharField(label="Entry point", max_length=120, widget=forms.Select)
    connection = ConnectionChoice(queryset=Connection.objects.none(), empty_label=None, to_field_name="uuid")
    compute_budget_account = forms.CharField(
        label="Compute budget account", max_length=120, help_text="Billed for the compute time."
    )
    backend_config_path = forms.CharField(
        label="Compute Backend config", max_length=400, help_text="Path of the JSON or YAML file in the repository."
    )
    run_anyway = forms.BooleanField(label="Run anyway", required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        user: User,
        initial: Mapping[str, Any] | None = None,
        wish: Wish | None = None,
        preview: Preview | None = None,
    ) -> None:
        """Without `data` all is proposed. `wish`: what it was filled in from, none of which is replaced in silence."""
        super().__init__(data, initial=dict(initial or {}))
        self.wish = wish
        self.preview = preview
        self._rows: dict[str, Any] = {}
        self._offer("experiment", project.experiments.in_order())
        self._offer("code_repository", project.code_repositories.in_order())
        self._offer("connection", Connection.objects.owned_by(user).for_sites())
        if preview and preview.is_other_connection:
            self._put({RUN_ANYWAY: ""})
        self.plan = make_plan(self._choices())
        self._offer_accounts(user)
        self._fill_selects()
        self._add_parameters()

    def _offer(self, name: str, rows: Any) -> None:
        field: Any = self.fields[name]
        field.queryset, field.to_field_name = rows, "uuid"
        self._rows[name] = self._chosen(name)
        if self.is_bound and self._rows[name] is None:
            # A browser would show the first as if it had been chosen.
            field.empty_label = f"Choose {_article(str(field.label or name).lower())}"
            self._refuse(name, field)

    def _refuse(self, name: str, field: Any) -> None:
        refusal = self.wish.refusals.get(name) if self.wish else None
        if refusal:
            field.empty_label, field.error_messages["required"] = refusal.shown, refusal.reason

    def _value(self, name: str) -> str:
        """What stands in a field now, posted or proposed."""
        value = self.data.get(name) if self.is_bound else self.get_initial_for_field(self.fields[name], name)
        return str(value or "").strip()

    def _chosen(self, name: str) -> Any:
        """The row a choice field stands on. A first visit stands on the first one offered."""
        field: Any = self.fields[name]
        value = self._value(name)
        if not value:
            return None if self.is_bound else field.queryset.first()
        try:
            return field.clean(value)
        except forms.ValidationError:
            return None

    def _stands_as_proposed(self) -> frozenset[str]:
        """Fields that nobody has touched since the form filled them in."""
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
            branch=self._value("branch"),
            mlproject_path=self._value("mlproject_path"),
            entry_point=self._value("entry_point"),
            parameters=posted,
            backend_config_path=self._value("backend_config_path"),
            connection=self._rows["connection"],
            compute_budget_account=self.account,
            run_anyway=self.fields[RUN_ANYWAY].clean(self._value(RUN_ANYWAY)),
            proposed=self._stands_as_proposed() if self._may_propose else frozenset(),
            leave_out_unknown=LEAVE_OUT in self.data,
        )

    @property
    def _may_propose(self) -> bool:
        """What nobody has said may be replaced by what fits now, because the answer shows the fields anew."""
        return not self.is_bound or (self.preview is not None and self.preview.shows_fields)

    def _offer_accounts(self, user: User) -> None:
        """The only account there is stands in the field already, unless RUN! was pressed without one."""
        queue = self.plan.config.resources.queue if self.plan.config else ""
        self.accounts = offer_accounts(user=user, connection=self.plan.choices.connection, queue=queue)
        is_left_over = self.preview is not None and self.preview.is_other_connection
        proposed = self.accounts.proposed_for(self.account, is_left_over=is_left_over)
        self._account_note = ""
        if proposed != self.account and (self.preview or not self.is_bound):
            self._account_note = self.accounts.in_place_of(self.account)
            self._put({ACCOUNT: proposed})
            self.plan = make_plan(self._choices())

    def _fill_selects(self) -> None:
        plan = self.plan
        # What RUN! has refused is no proposal any more: somebody has seen it, and has to choose.
        self.proposed = self._stands_as_proposed() - ({"branch", "entry_point"} & set(plan.problems))
        self._propose({"branch": plan.branch, "entry_point": plan.entry_point.name if plan.entry_point else ""})
        self._select("branch", [branch.name for branch in plan.branches])
        self._select("entry_point", list(plan.mlproject.entry_points) if plan.mlproject else [])

    def _propose(self, values: Mapping[str, str]) -> None:
        if not self.is_bound:
            self._put(values)
        elif self._may_propose:
            self._put({name: value for name, value in values.items() if value and name in self.proposed})

    def _put(self, values: Mapping[str, str]) -> None:
        if not self.is_bound:
            self.initial.update(values)
            return
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data.update(values)  # type: ignore[attr-defined]

    def _select(self, name: str, offered: list[str]) -> None:
        """What was said stays in the list even if it is gone, so that the error can name it."""
        now = self._value(name)
        shown = [(value, value) for value in offered]
        if now not in offered and self.is_bound:
            label = self.fields[name].label or name
            shown.insert(0, (now, now or f"Choose {_article(str(label).lower())}"))
        widget: Any = self.fields[name].widget
        widget.choices = shown

    def _add_parameters(self) -> None:
        """A field for each that the entry point takes, and for each that was said and that it does not take."""
        taken = self.plan.entry_point.parameters if self.plan.entry_point else ()
        for parameter in taken:
            self.fields[f"{PARAMETER_PREFIX}{parameter.name}"] = _parameter_field(parameter)
        for name in self.plan.left_over:
            self.fields[f"{PARAMETER_PREFIX}{name}"] = _left_over_field(name)
        self._propose_defaults({f"{PARAMETER_PREFIX}{parameter.name}": parameter.default for parameter in taken})

    def _propose_defaults(self, defaults: Mapping[str, str | None]) -> None:
        """A parameter of which nobody has said anything comes with its default, not empty."""
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
        """Where the code repository led that is chosen still, if that is elsewhere now; else ""."""
        seen, now = str(self.data.get(CODE_SEEN, "")), self._code_now
        return seen if seen != now and seen.partition(" ")[0] == now.partition(" ")[0] else ""

    @property
    def code_seen(self) -> str:
        """For the hidden field. Only RUN! ends what a preview says of it: somebody has to have seen that."""
        return (self._code_seen if self.preview else "") or self._code_now

    @property
    def account(self) -> str:
        return self._value("compute_budget_account")

    @property
    def account_note(self) -> str:
        """What it has taken the place of, and what is left of its budget."""
        return " · ".join(filter(None, [self._account_note, self.accounts.left_of(self.account)]))

    @property
    def run_name(self) -> str:
        return self._value("name")

    @property
    def commit_note(self) -> str:
        """What has become of the branch since the run that the form was filled in from."""
        run, commit = self.wish.run if self.wish else None, self.plan.commit
        if run is None or commit is None or run.commit_pending or run.branch != self.plan.branch:
            return ""
        if run.commit_sha == commit.sha:
            return ""
        return f"{run.name} had commit {short_sha(run.commit_sha)}; {run.branch} is at {short_sha(commit.sha)} now."

    @property
    def notes(self) -> dict[str, str]:
        """By field: what was found out about its value, or put in its place."""
        return {"branch": self.commit_note} | self.plan.replaced

    @property
    def parameter_fields(self) -> list[dict[str, Any]]:
        """The parameters' fields with their types, for the template."""
        entry_point = self.plan.entry_point
        if entry_point is None:
            return []
        return [
            {"field": self[f"{PARAMETER_PREFIX}{parameter.name}"], "kind": parameter.declared}
            for parameter in entry_point.parameters
        ]

    @property
    def left_over_fields(self) -> list[forms.BoundField]:
        """Of parameters that were said, and that the entry point does not take. Nobody but a member drops them."""
        return [self[f"{PARAMETER_PREFIX}{name}"] for name in self.plan.left_over]

    def forgive(self) -> None:
        """While nobody has pressed RUN!: what is only not filled in yet is no fault. What a link cannot have is."""
        refused = self.wish.refusals if self.wish else {}
        for name, faults in list(self.errors.as_data().items()):
            if name not in refused and all(fault.code == "required" for fault in faults):
                del self.errors[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, sentences in self.plan.problems.items():
            if name in self.errors and not self._value(name):
                # There was nothing to choose from: why not says more than that something is required.
                del self.errors[name]
            if name not in self.errors:
                self.add_error(name, sentences)
        if self._code_seen:
            before, now = (text.partition(" ")[2] for text in (self._code_seen, self._code_now))
            self.add_error(
                "code_repository",
                f"It led to {before} when this form was opened, and leads to {now} now. "
                "Look at what would run, then press RUN! once more.",
            )
        if self.errors and self.wish and self.wish.what_is_missing:
            self.add_error(None, self.wish.what_is_missing)
        return cleaned


def _parameter_field(parameter: Parameter) -> forms.CharField:
    return forms.CharField(
        label=parameter.name,
        required=False,
        strip=False,
        initial=parameter.default,
        help_text=parameter.help,
        widget=forms.TextInput(attrs={"data-type": str(parameter.type), "autocomplete": "off"}),
    )


def _left_over_field(name: str) -> forms.CharField:
    return forms.CharField(
        label=name, required=False, strip=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
