"""The form of a code repository."""

from __future__ import annotations

from typing import Any

from django import forms

from connections.git.address import check_url, host_of, is_https, is_ssh
from connections.git.errors import GitError
from connections.models import Connection
from mantik.accounts.models import User
from mantik.lib.form_layout import panel
from mantik.lib.name_keys import checked_name
from mantik.lib.revised_form import RevisedForm
from projects.code.host_pages import login_noun
from projects.models import CodeRepository, Project

NEW_KEY = "new-key"
_PLATFORMS = {
    "github.com": CodeRepository.Platform.GITHUB,
    "gitlab.com": CodeRepository.Platform.GITLAB,
    "bitbucket.org": CodeRepository.Platform.BITBUCKET,
}


class CodeRepositoryForm(RevisedForm):
    """The form to link or edit a repository.

    In `cleaned_data`, `connection` is a Connection or None, and `makes_key` says whether to make a new SSH key.
    """

    name = forms.CharField(max_length=80)
    url = forms.CharField(
        label="Repository URL",
        max_length=400,
        widget=forms.TextInput(attrs={"class": "mono", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="As you would clone it: https://github.com/group/training.git or git@github.com:group/training.git",
    )
    platform = forms.ChoiceField(
        choices=CodeRepository.Platform.choices,
        initial=CodeRepository.Platform.OTHER,
        help_text="The software that the host runs. It decides how a token is sent.",
    )
    connection = forms.ChoiceField(
        label="Connection",
        required=False,
        help_text="For an ssh address choose an SSH key. For the https address of a private repository, first add "
        "a connection with an access token of the host under Connections in your own settings. Everybody who may see "
        "the project sees the repository's branches and latest commits, and the MLproject and the Compute Backend "
        "config of each run. Members who may start runs can read "
        "all of the code.",
    )

    needs_all_files = forms.BooleanField(
        label="Start no job without all of its files",
        required=False,
        help_text="A file of Git LFS or a submodule that cannot be fetched, or a link that leads out of the code, is "
        "otherwise left out, and the run says so.",
    )

    def __init__(
        self, *args: Any, project: Project, user: User, repository: CodeRepository | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self.repository = repository
        self.helper = panel(verb="Save" if repository else "Add code repository")
        self.logins = {str(login.uuid): login for login in Connection.objects.owned_by(user).for_git()}
        labels = {uuid: f"{login.name} · {login_noun(login)}" for uuid, login in self.logins.items()}
        if repository:
            self.initial = {name: getattr(repository, name) for name in ("name", "url", "platform", "needs_all_files")}
            self.initial["connection"] = str(repository.connection.uuid) if repository.connection else ""
        self.someone_elses = self._someone_elses(user)
        if login := self.someone_elses:
            self.logins[str(login.uuid)] = login
            labels[str(login.uuid)] = f"Unchanged: {login_noun(login)} of {login.owner.display_name}"
        choices = [("", "None: the repository is public"), (NEW_KEY, "A new SSH key that Mantik makes")]
        self.fields["connection"].choices = [*choices, *labels.items()]  # type: ignore[attr-defined]
        if repository:
            self.revise()

    def _someone_elses(self, user: User) -> Connection | None:
        login = self.repository.connection if self.repository else None
        return login if login and login.owner_id != user.pk else None

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        kept, others = "", self.project.code_repositories.all()
        if self.repository:
            kept, others = self.repository.name, others.exclude(pk=self.repository.pk)
        taken = f"The project already has a code repository named {name}. Choose another name."
        return checked_name(name, others, kept=kept, where="in this project", taken=taken)

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url)
        except GitError as error:
            raise forms.ValidationError(error.message) from None
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = cleaned.get("connection", "")
        url = cleaned.get("url", "")
        cleaned["makes_key"] = chosen == NEW_KEY
        cleaned["connection"] = self.logins.get(chosen)
        if cleaned.get("platform") == CodeRepository.Platform.OTHER:
            cleaned["platform"] = _PLATFORMS.get(host_of(url).lower(), CodeRepository.Platform.OTHER)
        if url and "connection" not in self.errors:
            self._check_login(url, cleaned["connection"], makes_key=cleaned["makes_key"])
        return cleaned

    def _check_login(self, url: str, login: Connection | None, *, makes_key: bool) -> None:
        if sentence := self._objection(url, login, makes_key):
            self.add_error("connection", sentence)

    def _objection(self, url: str, login: Connection | None, makes_key: bool) -> str:
        has_key = makes_key or (login is not None and login.kind == Connection.Kind.SSH_KEY)
        if is_ssh(url) and not has_key:
            return "An ssh address needs an SSH key. Choose a new SSH key, or use the repository's https:// address."
        if is_https(url) and has_key:
            return "An SSH key works only with ssh addresses, such as git@github.com:group/training.git."
        if login and login == self.someone_elses and self.repository and url != self.repository.url:
            return (
                f"The connection of {login.owner.display_name} is only for the old address. Choose a connection of "
                "your own for the new address."
            )
        return ""
