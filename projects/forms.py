"""Forms of a project's own nouns."""

from typing import Any

from django import forms
from django.utils.text import slugify

from mantik.accounts.models import User
from projects.addressing import slugs
from projects.models import Experiment, Project, UserGroup
from projects.permissions import Action, may
from projects.roles import GROUP_ROLES, ROLE_MEANING, Role
from projects.services import groups, invitations, labels

# Characters: some ten pages.
MOST_DESCRIPTION = 20_000


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=80)
    slug = forms.SlugField(
        label="Address",
        max_length=60,
        required=False,
        help_text="Part of the project's web address. Empty: made from the name.",
    )
    summary = forms.CharField(max_length=200, required=False, help_text="One line that says what it is about.")
    is_public = forms.BooleanField(label="Public: anybody may look at it, signed in or not", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        slug = cleaned.get("slug") or slugify(cleaned.get("name", ""))[:60]
        if not slug and "name" not in self.errors:
            self.add_error("slug", "No address can be made from this name. Give one in Latin letters and digits.")
        elif slugs.is_taken(slug):
            self.add_error("slug", f"The address {slug} is taken. Give another one.")
        cleaned["slug"] = slug
        return cleaned


class ExperimentForm(forms.Form):
    """For a new one, or for `experiment`."""

    name = forms.CharField(max_length=80)
    description = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, project: Project, experiment: Experiment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.others = project.experiments.all()
        if experiment:
            self.initial = {name: getattr(experiment, name) for name in self.fields}
            self.others = self.others.exclude(pk=experiment.pk)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.others.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"The project already has an experiment named {name}. Choose another name.")
        return name


class ProjectSettingsForm(forms.Form):
    """Only what `user` may change is in it."""

    name = forms.CharField(max_length=80)
    summary = forms.CharField(max_length=200, required=False, help_text="One line that says what it is about.")
    description = forms.CharField(
        max_length=MOST_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
        help_text="Markdown: headings, lists, tables, code, links. A picture becomes a link to it.",
    )
    labels = forms.CharField(
        max_length=500,
        required=False,
        help_text=f"Separated by commas, {labels.MOST} at most: words by which the project is found.",
    )
    slug = forms.SlugField(
        label="Address",
        max_length=60,
        help_text="Part of the project's web address. The old one goes on leading here, and nobody else can take it.",
    )
    is_public = forms.BooleanField(
        label="Public: anybody may look at it, signed in or not",
        required=False,
        help_text="Artifacts and the list of members stay with members.",
    )

    def __init__(self, *args: Any, project: Project, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(project, name) for name in self.fields if name != "labels"}
        self.initial["labels"] = ", ".join(project.labels.in_order().values_list("name", flat=True))
        self.project = project
        for name, action in {"slug": Action.SET_ADDRESS, "is_public": Action.SET_VISIBILITY}.items():
            if not may(user, action, project):
                del self.fields[name]

    def clean_labels(self) -> list[str]:
        try:
            return labels.parse(self.cleaned_data["labels"])
        except labels.BadLabels as error:
            raise forms.ValidationError(str(error)) from None

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slugs.is_taken(slug, by_other_than=self.project):
            raise forms.ValidationError(f"The address {slug} is taken. Give another one.")
        return slug


class DeleteProjectForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name of the project", widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.fields["name"].help_text = f"Type {project.name} to show that you mean this one."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.project.name:
            raise forms.ValidationError(f"This is not its name, which is {self.project.name}.")
        return name


def _role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_MEANING[role]}") for role in Role]


def _group_role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_MEANING[role]}") for role in GROUP_ROLES]


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, widget=forms.RadioSelect)


class GroupRoleForm(forms.Form):
    role = forms.TypedChoiceField(
        choices=_group_role_choices,
        coerce=Role,
        initial=Role.RESEARCHER,
        widget=forms.RadioSelect,
        help_text="For everybody who is in the group, now or later. Owners are persons, never a group.",
    )


class AddGroupForm(GroupRoleForm):
    """Only of a group that `user` is in: others are not theirs to know of."""

    group = forms.ModelChoiceField(
        queryset=UserGroup.objects.none(),
        to_field_name="uuid",
        empty_label="Choose a group",
        help_text="One that you are in. Owners of the project will see who else is.",
        error_messages={"invalid_choice": "Choose a group that you are in."},
    )
    field_order = ["group", "role"]

    def __init__(self, *args: Any, project: Project, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = UserGroup.objects.visible_to(user).exclude(memberships__project=project).in_order()
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        if not groups.exists():
            self.fields["group"].help_text = "You are in no other group. Make one under Settings, Groups."


class GroupForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="Nobody else's group may have it. Seen by members of its projects.")


class GroupPersonForm(forms.Form):
    person = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        help_text="By e-mail address, only somebody you already share a project or a group with is found.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_person(self) -> User:
        try:
            return groups.person_named(self.cleaned_data["person"], asked_by=self.user)
        except groups.NotFound as reason:
            raise forms.ValidationError(str(reason)) from None


class InvitationForm(forms.Form):
    person = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        help_text="An address need not have an account yet: the letter says how to get one.",
    )
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, initial=Role.RESEARCHER, widget=forms.RadioSelect)
    days = forms.IntegerField(
        label="Expires after, days",
        initial=invitations.USUAL_DAYS,
        min_value=1,
        max_value=90,
        help_text="An invitation that was not accepted by then is void.",
    )

    def clean_person(self) -> User | str:
        try:
            return invitations.invitee(self.cleaned_data["person"])
        except invitations.NotInvited as reason:
            raise forms.ValidationError(str(reason)) from None
