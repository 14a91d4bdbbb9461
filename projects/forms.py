"""Forms of a project's own nouns."""

from typing import Any

from django import forms
from django.utils.text import slugify

from connections.git.errors import GitError
from connections.git.mirror import check_url
from connections.models import Connection
from mantik.accounts.models import User
from projects import addresses, invitations
from projects.models import CodeRepository, Project
from projects.permissions import ROLE_MEANING, Action, Role, may


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
        elif addresses.is_taken(slug):
            self.add_error("slug", f"The address {slug} is taken. Give another one.")
        cleaned["slug"] = slug
        return cleaned


class ExperimentForm(forms.Form):
    name = forms.CharField(max_length=80)
    description = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.project.experiments.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"The project already has an experiment named {name}. Choose another name.")
        return name


class CodeRepositoryForm(forms.Form):
    name = forms.CharField(max_length=80)
    url = forms.CharField(
        label="Repository URL",
        max_length=400,
        help_text="As you would clone it, for example https://github.com/group/training.git",
    )
    platform = forms.ChoiceField(choices=CodeRepository.Platform.choices)
    connection = forms.ModelChoiceField(
        queryset=Connection.objects.none(),
        to_field_name="uuid",
        required=False,
        empty_label="None, the repository is public",
        help_text="One of your git connections, if the repository is private.",
    )

    def __init__(self, *args: Any, project: Project, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.fields["connection"].queryset = Connection.objects.owned_by(user).for_git()  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.project.code_repositories.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"The project already has a code repository named {name}. Choose another name.")
        return name

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url)
        except GitError as error:
            raise forms.ValidationError(error.message) from None
        return url


class ProjectSettingsForm(forms.Form):
    """Only what `user` may change is in it."""

    name = forms.CharField(max_length=80)
    summary = forms.CharField(max_length=200, required=False, help_text="One line that says what it is about.")
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
        self.initial = {name: getattr(project, name) for name in self.fields}
        self.project = project
        for name, action in {"slug": Action.SET_ADDRESS, "is_public": Action.SET_VISIBILITY}.items():
            if not may(user, action, project):
                del self.fields[name]

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if addresses.is_taken(slug, by_other_than=self.project):
            raise forms.ValidationError(f"The address {slug} is taken. Give another one.")
        return slug


def _role_choices() -> list[tuple[str, str]]:
    return [(role.value, f"{role.label}: {ROLE_MEANING[role]}") for role in Role]


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, widget=forms.RadioSelect)


class InvitationForm(forms.Form):
    person = forms.CharField(
        label="User name or e-mail address", max_length=254, help_text="Of somebody who has an account here."
    )
    role = forms.TypedChoiceField(choices=_role_choices, coerce=Role, initial=Role.RESEARCHER, widget=forms.RadioSelect)
    days = forms.IntegerField(
        label="Expires after, days",
        initial=invitations.USUAL_DAYS,
        min_value=1,
        max_value=90,
        help_text="An invitation that was not accepted by then is void.",
    )

    def clean_person(self) -> User:
        try:
            return invitations.person_named(self.cleaned_data["person"])
        except invitations.NotInvited as reason:
            raise forms.ValidationError(str(reason)) from None
