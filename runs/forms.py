"""The new-run form: the seed's fields, and one typed field per parameter of the chosen entry point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from connections.models import Connection
from mantik.accounts.models import User
from projects.models import CodeRepository, Experiment, Project
from runs.backend_config import ACCOUNT
from runs.budget_accounts import offer_accounts
from runs.mlproject.parameters import Parameter
from runs.plans import Choices, make_plan
from runs.site_rules import CONFIG, RUN_ANYWAY

PARAMETER_PREFIX = "param-"


class ConnectionChoice(forms.ModelChoiceField[Connection]):
    """By its own name and that of its site, which is what a member thinks of."""

    def label_from_instance(self, obj: Connection) -> str:
        return f"{obj.name} · {obj.provider}"


class NewRunForm(forms.Form):
    """Fields of the outside contract. `plan` is what the form, as filled in, would run.

    Branches and entry points are chosen from what the repository has; the choices are made anew from each
    submitted state, so the form works the same with and without JavaScript.
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
        lenient: bool = False,
        is_other_connection: bool = False,
    ) -> None:
        """`lenient` is for the preview: a branch or entry point left over from another choice is replaced.

        `is_other_connection`: it has just been changed, so the account may be left over, too.
        """
        super().__init__(data, initial=dict(initial or {}))
        self.lenient = lenient
        self._offer("experiment", project.experiments.in_order())
        self._offer("code_repository", project.code_repositories.in_order())
        self._offer("connection", Connection.objects.owned_by(user).for_sites())
        self.fields["experiment"].to_field_name = "uuid"  # type: ignore[attr-defined]
        if is_other_connection:
            self._put(RUN_ANYWAY, "")
        self.plan = make_plan(self._choices())
        self._offer_accounts(user, is_other_connection)
        self._fill_selects()
        self._add_parameters()

    def _offer(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def _value(self, name: str) -> str:
        """What stands in a field now, posted or proposed."""
        value = self.data.get(name) if self.is_bound else self.get_initial_for_field(self.fields[name], name)
        return str(value or "").strip()

    def _chosen(self, name: str) -> Any:
        """The row a choice field stands on. A first visit stands on the first one offered."""
        field: Any = self.fields[name]
        value = self._value(name)
        if not value:
            return field.queryset.first()
        try:
            return field.clean(value)
        except forms.ValidationError:
            return None

    def _choices(self) -> Choices:
        posted = {
            key.removeprefix(PARAMETER_PREFIX): str(value)
            for key, value in (self.data if self.is_bound else self.initial).items()
            if key.startswith(PARAMETER_PREFIX)
        }
        return Choices(
            code_repository=self._chosen("code_repository"),
            branch=self._value("branch"),
            mlproject_path=self._value("mlproject_path"),
            entry_point=self._value("entry_point"),
            parameters=posted,
            backend_config_path=self._value("backend_config_path"),
            connection=self._chosen("connection"),
            compute_budget_account=self.account,
            run_anyway=self.fields[RUN_ANYWAY].clean(self._value(RUN_ANYWAY)),
            lenient=self.lenient or not self.is_bound,
        )

    def _offer_accounts(self, user: User, is_other_connection: bool) -> None:
        """The only account there is stands in the field already, unless RUN! was pressed without one."""
        queue = self.plan.config.resources.queue if self.plan.config else ""
        self.accounts = offer_accounts(user=user, connection=self.plan.choices.connection, queue=queue)
        proposed = self.accounts.proposed_for(self.account, is_left_over=is_other_connection)
        if proposed != self.account and (self.lenient or not self.is_bound):
            self._put(ACCOUNT, proposed)
            self.plan = make_plan(self._choices())

    def _put(self, name: str, value: str) -> None:
        if self.is_bound:
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data[name] = value  # type: ignore[index]
        else:
            self.initial[name] = value

    def _fill_selects(self) -> None:
        plan = self.plan
        branches = [branch.name for branch in plan.branches]
        entry_points = list(plan.mlproject.entry_points) if plan.mlproject else []
        self._select("branch", branches, plan.branch)
        self._select("entry_point", entry_points, plan.entry_point.name if plan.entry_point else "")

    def _select(self, name: str, offered: list[str], chosen: str) -> None:
        """What was typed or linked to stays in the list even if it is gone, so that the error can name it."""
        posted = self._value(name)
        values = offered if not posted or posted in offered or self.lenient else [posted, *offered]
        widget: Any = self.fields[name].widget
        widget.choices = [(value, value) for value in values]
        if not self.is_bound:
            self.initial[name] = chosen

    def _add_parameters(self) -> None:
        if self.plan.entry_point is None:
            return
        for parameter in self.plan.entry_point.parameters:
            self.fields[f"{PARAMETER_PREFIX}{parameter.name}"] = forms.CharField(
                label=parameter.name,
                required=False,
                strip=False,
                initial=parameter.default,
                help_text=parameter.help,
                widget=forms.TextInput(attrs={"data-type": str(parameter.type), "autocomplete": "off"}),
            )
        self._propose_defaults(self.plan.entry_point.parameters)

    def _propose_defaults(self, parameters: Iterable[Parameter]) -> None:
        """A parameter that was not in the form before comes with its default, not empty."""
        if not self.is_bound:
            return
        names = {f"{PARAMETER_PREFIX}{parameter.name}": parameter.default for parameter in parameters}
        new = {name: default for name, default in names.items() if name not in self.data and default is not None}
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data.update(new)  # type: ignore[attr-defined]

    @property
    def account(self) -> str:
        return self._value("compute_budget_account")

    @property
    def account_left(self) -> str:
        return self.accounts.left_of(self.account)

    @property
    def run_name(self) -> str:
        return self._value("name")

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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.lenient:
            self._forgive_what_is_empty()
        for name, sentences in self.plan.problems.items():
            # An unknown parameter has no field of its own; its sentence belongs to the entry point.
            target = name if name in self.fields else "entry_point"
            if name in self.errors and not self._value(name):
                # There was nothing to choose from: why not says more than that something is required.
                del self.errors[name]
            if name not in self.errors:
                self.add_error(target, sentences)
        return cleaned

    def _forgive_what_is_empty(self) -> None:
        """What is not filled in yet is no fault; what stands there may be one."""
        for name in (ACCOUNT, CONFIG):
            if not self._value(name):
                self.errors.pop(name, None)
