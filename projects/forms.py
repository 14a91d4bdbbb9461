"""Forms of projects, experiments, groups and members."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Column
from django import forms
from django.utils.text import slugify

from mantik.accounts.models import User
from mantik.lib.form_layout import Back, FromTemplate, PreviewButton, Rest, SubmitButton, card, panel
from mantik.lib.name_keys import checked_name, visible_name
from mantik.lib.revised_form import RevisedForm
from projects.addressing import slugs
from projects.models import Experiment, Project, UserGroup
from projects.permissions import Action, may
from projects.roles import GROUP_ROLES, ROLE_MEANING, Role
from projects.services import groups, invitations, labels

MAX_SLUG = 60
# Characters of a project's description: some ten pages.
MAX_DESCRIPTION = 20_000


NO_PREVIEW: Mapping[str, str | None] = {"written": None}


def previewed(description: str, *, what: str = "The description has") -> Mapping[str, str | None]:
    """Context of projects/_description_preview.html. It takes no longer texts than the form does, and says so."""
    if len(description) <= MAX_DESCRIPTION:
        return {"written": description}
    fault = f"{what} {len(description):,} characters; at most {MAX_DESCRIPTION:,} are allowed. Shorten it."
    return {"written": "", "fault": fault}


class ProjectForm(forms.Form):
    helper = panel(verb="Create project")

    name = forms.CharField(max_length=80)
    slug = forms.SlugField(
        label="Address",
        max_length=MAX_SLUG,
        required=False,
        help_text="Part of the project's web address. Leave it empty to make it from the name.",
    )
    summary = forms.CharField(max_length=200, required=False, help_text="One line about the project.")
    is_public = forms.BooleanField(label="Public: everybody may view it, signed in or not", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "slug" in self.errors:
            return cleaned
        slug = cleaned.get("slug") or slugify(cleaned.get("name", ""))[:MAX_SLUG]
        if not slug and "name" not in self.errors:
            self.add_error("slug", "No address can be made from this name. Enter one with Latin letters and digits.")
        elif slugs.is_taken(slug):
            self.add_error("slug", f"The address {slug} is taken. Choose another one.")
        cleaned["slug"] = slug
        return cleaned


class ExperimentForm(RevisedForm):
    """The form of a new experiment, or of `experiment`."""

    name = forms.CharField(max_length=80)
    description = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, project: Project, experiment: Experiment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.others = project.experiments.all()
        self.helper = panel(verb="Save" if experiment else "Add experiment")
        if experiment:
            self.initial = {name: getattr(experiment, name) for name in self.fields}
            self.others = self.others.exclude(pk=experiment.pk)
            self.revise()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        taken = f"The project already has an experiment named {name}. Choose another name."
        return checked_name(name, self.others, kept=self.initial.get("name", ""), where="in this project", taken=taken)


class ProjectSettingsForm(RevisedForm):
    """Has only the fields that `user` may change."""

    helper = card(
        Column(
            "name",
            "summary",
            FromTemplate("components/markdown_field.html", "description"),
            FromTemplate("projects/_labels_field.html", "labels"),
            Rest(),
        ),
        foot=(Back(), SubmitButton("Save"), PreviewButton("Preview the description")),
    )
    name = forms.CharField(max_length=80)
    summary = forms.CharField(max_length=200, required=False, help_text="One line about the project.")
    description = forms.CharField(
        max_length=MAX_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
        help_text="Markdown: headings, lists, tables, code, links. A picture becomes a link to it.",
    )
    labels = forms.CharField(
        max_length=500,
        required=False,
        help_text=f"Words to find the project by, separated by commas; at most {labels.MAX_LABELS}.",
    )
    slug = forms.SlugField(
        label="Address",
        max_length=MAX_SLUG,
        help_text="Part of the project's web address. If you change it, the old address still leads here, and no other "
        "project can take it.",
    )
    is_public = forms.BooleanField(
        label="Public: everybody may view it, signed in or not",
        required=False,
        help_text="Everybody then sees the names and sizes of artifacts; only members with the role Reporter or above "
        "can download them. Only members see the list of members.",
    )

    def __init__(self, *args: Any, project: Project, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(project, name) for name in self.fields if name != "labels"}
        self.initial["labels"] = ", ".join(project.labels.in_order().values_list("name", flat=True))
        self.project = project
        for name, action in {"slug": Action.SET_ADDRESS, "is_public": Action.SET_VISIBILITY}.items():
            if not may(user, action, project):
                del self.fields[name]
        self.revise()

    def clean_labels(self) -> list[str]:
        try:
            return labels.parse(self.cleaned_data["labels"])
        except labels.BadLabels as error:
            raise forms.ValidationError(str(error)) from None

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slugs.is_taken(slug, by_other_than=self.project):
            raise forms.ValidationError(f"The address {slug} is taken. Choose another one.")
        return slug


class DeleteProjectForm(forms.Form):
    helper = card(
        FromTemplate("projects/_what_is_deleted.html"),
        Column(Rest()),
        foot=(Back("Keep it"), SubmitButton("Delete project", icon="trash3", style="btn-danger")),
        warns=False,
    )
    name = forms.CharField(max_length=80, label="Name of the project", widget=forms.TextInput({"autocomplete": "off"}))

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.fields["name"].help_text = f"Type {project.name} to confirm."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.project.name:
            raise forms.ValidationError(f"This is not the name of the project. Type {self.project.name}.")
        return name


def _role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_MEANING[role]}") for role in Role]


def _group_role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_MEANING[role]}") for role in GROUP_ROLES]


class RoleForm(RevisedForm):
    helper = panel()
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.revise()


class GroupRoleForm(RevisedForm):
    helper = panel()
    role = forms.TypedChoiceField(
        choices=_group_role_choices,
        coerce=Role,
        initial=Role.RESEARCHER,
        widget=forms.RadioSelect,
        help_text="For everybody in the group, now or later. A group cannot be an owner.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial:
            self.revise()


class AddGroupForm(GroupRoleForm):
    """Offers only groups that `user` is in: other groups are private."""

    group = forms.ModelChoiceField(
        queryset=UserGroup.objects.none(),
        to_field_name="uuid",
        empty_label="Choose a group",
        help_text="One of your groups. All members of the project will see who is in it.",
        error_messages={"invalid_choice": "Choose one of your groups."},
    )
    field_order = ["group", "role"]

    def __init__(self, *args: Any, project: Project, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = UserGroup.objects.visible_to(user).exclude(memberships__project=project).in_order()
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        if not groups.exists():
            without = (
                "You are in no group that could be added. Create one under Groups in your own settings, behind your "
                "initials at the top right."
            )
            self.fields["group"].help_text = without


class GroupForm(RevisedForm):
    helper = panel()
    name = forms.CharField(
        max_length=80,
        help_text="No other group can have the same name. All members of its projects see the name.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial:
            self.revise()

    def clean_name(self) -> str:
        return visible_name(self.cleaned_data["name"], kept=self.initial.get("name", ""))


class GroupPersonForm(forms.Form):
    helper = panel()
    person = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        help_text="By e-mail address you find only people with whom you share a project or a group.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_person(self) -> User:
        try:
            return groups.person_named(self.cleaned_data["person"], asked_by=self.user)
        except groups.NotAdded as reason:
            raise forms.ValidationError(str(reason)) from None


class InvitationForm(forms.Form):
    helper = panel()
    person = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        help_text="Whoever has the e-mail address needs no account yet: the e-mail says what to do.",
    )
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, initial=Role.RESEARCHER, widget=forms.RadioSelect)
    days = forms.IntegerField(
        label="Expires after (days)",
        initial=invitations.USUAL_DAYS,
        min_value=1,
        max_value=90,
        help_text="After that, the invitation can no longer be accepted.",
    )

    def clean_person(self) -> User | str:
        try:
            return invitations.invitee(self.cleaned_data["person"])
        except invitations.NotInvited as reason:
            raise forms.ValidationError(str(reason)) from None
