"""The code repositories of a project. No page waits for a git host: workers fetch, pages show the result."""

from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections.git.address import host_of
from mantik.accounts.member_request import MemberRequest
from mantik.accounts.view_wrappers import View, identity_confirmed
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.lib.live import Live, Shown, Statement, columns, kept, nothing_new, part
from mantik.lib.revised_form import compared_under_lock, lock
from projects.code import mirrors
from projects.code.contents import contents_of
from projects.code.forms import NEW_KEY, CodeRepositoryForm
from projects.code.host_pages import deploy_key_page, login_noun, page_of
from projects.code.hosts import next_try, outage_of
from projects.models import CodeRepository, Project
from projects.pages.seen import project_seen, roles_seen
from projects.permissions import Action, may
from projects.services import code_repositories
from projects.services.code_repositories import CodeLink
from projects.services.projects import NameTaken
from projects.views.loading import project_or_404, refusal

NAME_TAKEN = "The project already has a code repository with this name. Choose another name."
DELETED = "This connection was deleted meanwhile. Choose another one."
NOT_YOURS = "This connection belongs to somebody else. Choose one of your own."

_SHOWN = columns(CodeRepository, without={"lease_token", "lease_until"})
# Whether its host is silent is in no column of a code repository.
_REDRAWN = timedelta(seconds=5)


@require_GET
def code_list(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    context = {
        "project": project,
        "nav": "code",
        "repositories": project.code_repositories.in_order().select_related("connection"),
        "may_add": may(request.user, Action.ADD_CODE_REPOSITORY, project),
    }
    return render(request, "projects/code.html", context)


def _confirmed_if_it_makes_a_key(view: View) -> View:
    """Above what does a form once: that somebody was asked who they are is nothing that was done."""
    asked = identity_confirmed(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return (asked if request.POST.get("connection") == NEW_KEY else view)(request, *args, **kwargs)

    return answer


@login_required
@require_http_methods(["GET", "POST"])
@_confirmed_if_it_makes_a_key
@once_per_form
def add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_CODE_REPOSITORY)
    form = CodeRepositoryForm(request.POST or None, project=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            repository = code_repositories.add_code_repository(
                project=project, user=request.user, link=CodeLink(**form.cleaned_data), now=timezone.now()
            )
        except NameTaken:
            form.add_error("name", NAME_TAKEN)
        except code_repositories.DeletedMeanwhile:
            form.add_error("connection", DELETED)
        else:
            messages.info(request, f"{repository.name} was added. You can use it as soon as it has been read.")
            return _to(repository)
    return _form_page(request, project, form, repository=None)


@require_GET
def detail(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    repository = _repository_or_404(request, slug, uuid)
    context = _context(request, repository) | mirrors.branches_for_page(repository) | {"live": Live()}
    return render(request, "projects/code_detail.html", context)


@require_GET
def state(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    """The part of the page that is updated while a fetch is under way."""
    shown = Shown(request, now=timezone.now())
    version = _statement(slug, uuid, request.user.pk).version()
    if shown.is_still(version):
        return nothing_new()
    repository = _repository_or_404(request, slug, uuid)
    context = _context(request, repository) | mirrors.branches_for_page(repository)
    return part(request, "projects/_code_state.html", context | {"live": shown.live(version, lasts=_REDRAWN)})


@login_required
@require_http_methods(["GET", "POST"])
@_confirmed_if_it_makes_a_key
@compared_under_lock
def edit(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    repository = _editable_or_403(request, slug, uuid)
    lock(request, repository)
    form = CodeRepositoryForm(
        request.POST or None, project=repository.project, user=request.user, repository=repository
    )
    if request.method == "POST" and form.is_valid():
        try:
            code_repositories.edit_code_repository(
                repository=repository, actor=request.user, link=CodeLink(**form.cleaned_data), now=timezone.now()
            )
        except NameTaken:
            form.add_error("name", NAME_TAKEN)
        except code_repositories.NotYours:
            form.add_error("connection", NOT_YOURS)
        except code_repositories.DeletedMeanwhile:
            form.add_error("connection", DELETED)
        except code_repositories.Gone as reason:
            messages.error(request, str(reason))
            return redirect("projects:code", slug)
        else:
            messages.info(request, f"{repository.name} is saved.")
            return _to(repository)
    return _form_page(request, repository.project, form, repository=repository)


@login_required
@require_POST
def refresh(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.ADD_CODE_REPOSITORY)
    repository = get_object_or_404(CodeRepository, project=project, uuid=uuid)
    mirrors.request_another_fetch(repository, now=timezone.now())
    if not request.htmx:
        messages.info(request, f"{repository.name} will be read again in a moment.")
    return _to(repository)


@login_required
@require_http_methods(["GET", "POST"])
def accept_host_key(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponseBase:
    repository = _editable_or_403(request, slug, uuid)
    return _accept_host_key(request, repository) if repository.offered_host_key else _to(repository)


@identity_confirmed
def _accept_host_key(request: MemberRequest, repository: CodeRepository) -> HttpResponse:
    if request.method == "GET":
        return _ask_about_host_key(request, repository)
    try:
        code_repositories.accept_host_key(
            repository=repository,
            actor=request.user,
            fingerprint=request.POST.get("fingerprint", ""),
            now=timezone.now(),
        )
    except code_repositories.Gone as reason:
        messages.error(request, str(reason))
        return redirect("projects:code", repository.project.slug)
    except code_repositories.HostKeyChanged:
        messages.error(
            request,
            "After you opened that page, the host presented yet another key. Compare the fingerprints again.",
        )
    else:
        host = host_of(repository.url)
        messages.info(request, f"The new key of {host} is accepted. The code will be read again in a moment.")
    return _to(repository)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    repository = _editable_or_403(request, slug, uuid)
    name = repository.name
    if request.method == "GET":
        question = Confirmation(
            title=f"Delete the code repository {name}?",
            message="Mantik's copy is deleted, too; the repository at its host stays. Runs that used it keep its name, "
            "its address and their commit. To run them again, you have to choose another code repository.",
            verb="Delete code repository",
            icon_name="trash3",
        )
        return _ask(request, repository, question)
    try:
        code_repositories.delete_code_repository(repository=repository, actor=request.user)
    except code_repositories.InUse as reason:
        messages.error(request, str(reason))
        return _to(repository)
    messages.info(request, f"{name} was deleted.")
    return redirect("projects:code", slug)


@kept
def _statement(slug: str, uuid: UUID, user: int | None) -> Statement:
    repository = CodeRepository.objects.filter(project=project_seen(slug, user), uuid=uuid)
    return Statement.of(repository.values_list(*_SHOWN, *roles_seen(slug, user)))


def _repository_or_404(request: HttpRequest, slug: str, uuid: UUID) -> CodeRepository:
    project = project_or_404(request, slug)
    rows = CodeRepository.objects.select_related("project", "connection__owner", "created_by")
    return get_object_or_404(rows, project=project, uuid=uuid)


def _editable_or_403(request: MemberRequest, slug: str, uuid: UUID) -> CodeRepository:
    repository = _repository_or_404(request, slug, uuid)
    if not code_repositories.may_edit(request.user, repository):
        raise PermissionDenied(refusal(request.user, repository.project, "change this code repository"))
    return repository


def _to(repository: CodeRepository) -> HttpResponse:
    return redirect("projects:code-detail", repository.project.slug, repository.uuid)


def _context(request: HttpRequest, repository: CodeRepository) -> dict[str, Any]:
    user, project, login = request.user, repository.project, repository.connection
    outage = outage_of(repository.url)
    return {
        "project": project,
        "nav": "code",
        "repository": repository,
        "page_url": page_of(platform=repository.platform, url=repository.url),
        "host_outage": outage,
        "next_try": next_try(outage, timezone.now()) if outage else "",
        "may_test": may(user, Action.ADD_CODE_REPOSITORY, project),
        "may_edit": user.is_authenticated and code_repositories.may_edit(user, repository),
        "may_see_members": may(user, Action.VIEW_MEMBERS, project),
        "login_noun": login_noun(login) if login else "",
        "own_key": login.public_key if login and login.owner_id == user.pk else "",
        "key_page": deploy_key_page(repository),
        "contents": contents_of(repository, user),
    }


def _form_page(
    request: HttpRequest, project: Project, form: CodeRepositoryForm, *, repository: CodeRepository | None
) -> HttpResponse:
    context = {"project": project, "nav": "code", "form": form, "repository": repository}
    return render(request, "projects/code_form.html", context, status=status_of(form))


def _ask_about_host_key(request: HttpRequest, repository: CodeRepository) -> HttpResponse:
    question = Confirmation(
        title=f"Accept the new key of {host_of(repository.url)}?",
        message="Accept it only if the operators of the host have announced it. Otherwise another machine may be "
        "posing as the host.",
        points=[f"Known key: {repository.fingerprint}", f"New key: {repository.offered_fingerprint}"],
        hidden={"fingerprint": repository.offered_fingerprint},
        verb="Accept key",
        icon_name="key",
    )
    return _ask(request, repository, question)


def _ask(request: HttpRequest, repository: CodeRepository, question: Confirmation) -> HttpResponse:
    back_url = reverse("projects:code-detail", args=[repository.project.slug, repository.uuid])
    return ask(request, question, nav="code", project=repository.project, back_url=back_url)
