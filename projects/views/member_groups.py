"""The groups that have a role in a project."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import AddGroupForm, GroupRoleForm
from projects.models import GroupMembership, Project, UserGroup
from projects.permissions import Action
from projects.roles import Role
from projects.services import members
from projects.views.loading import project_or_404
from projects.views.members import ask_in_members, form_page


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def add(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    form = AddGroupForm(request.POST or None, project=project, user=request.user)
    if request.method == "POST" and form.is_valid():
        group: UserGroup = form.cleaned_data["group"]
        role: Role = form.cleaned_data["role"]
        try:
            members.add_group(project=project, group=group, role=role, actor=request.user)
        except members.NotAMember as reason:
            form.add_error("group", str(reason))
        else:
            messages.info(request, f"Everybody in {group.name} now has at least the role {role.label} here.")
            return redirect("projects:members", project.slug)
    return form_page(request, project, form, "Add group", "Add group")


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def role(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    given = _given_or_404(project, uuid)
    lock(request, given)
    form = GroupRoleForm(request.POST or None, initial={"role": given.role})
    if request.method == "POST" and form.is_valid():
        chosen: Role = form.cleaned_data["role"]
        try:
            members.change_group_role(project=project, group=given.group, role=chosen, actor=request.user)
        except members.NotAMember as reason:
            form.add_error("role", str(reason))
        else:
            messages.info(request, f"Everybody in {given.group.name} now has at least the role {chosen.label} here.")
            return redirect("projects:members", project.slug)
    return form_page(request, project, form, f"Role of the group {given.group.name}", "Change role")


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    group = _given_or_404(project, uuid).group
    if request.method == "GET":
        question = Confirmation(
            title=f"Remove the group {group.name} from {project.name}?",
            message="People who are in the project only through this group lose access at once. What they added stays.",
            verb="Remove group",
            icon_name="x-lg",
        )
        return ask_in_members(request, project, question)
    try:
        members.remove_group(project=project, group=group, actor=request.user)
    except members.NotAMember as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"The group {group.name} was removed.")
    return redirect("projects:members", project.slug)


def _given_or_404(project: Project, uuid: UUID) -> GroupMembership:
    return get_object_or_404(project.group_memberships.select_related("group"), group__uuid=uuid)
