"""The members of a project: list, roles, invitations, leaving."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.accounts.models import User
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import InvitationForm, RoleForm
from projects.models import GroupMembership, Invitation, Membership, Project
from projects.permissions import LEAST_ROLE, NOTES, TABLE, Action, may
from projects.roles import ROLE_MEANING, Role
from projects.services import invitations, members
from projects.views.loading import project_or_404

# What removing or leaving does, to those who lose every role and to those who keep one through a group.
_REMOVED = (
    "What they added stays. Their runs that are already at a site continue; their other runs will not start. Schedules "
    "that use their connections start no runs until somebody else chooses a connection of their own."
)
_REMOVED_BUT_IN_GROUPS = (
    "What they added stays. Their runs that are already at a site continue. Their runs that still wait, and schedules "
    f"that use their connections, continue only if the role that they keep is {LEAST_ROLE[Action.ADD_RUN].label} or "
    "above:"
)
_LEFT = (
    "What you added stays. Your runs that are already at a site continue; your other runs will not start. Schedules "
    "that use your connections start no runs until somebody else chooses a connection of their own. To come back you "
    "need an invitation."
)
_LEFT_BUT_IN_GROUPS = (
    "What you added stays. To get back the role that you give up, you need an invitation. Your runs that are already "
    "at a site continue. Your runs that still wait, and schedules that use your connections, continue only if the role "
    f"that you keep is {LEAST_ROLE[Action.ADD_RUN].label} or above:"
)


@login_required
@require_GET
def member_list(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.VIEW_MEMBERS)
    may_manage = may(request.user, Action.MANAGE_MEMBERS, project)
    people = Prefetch("group__people", User.objects.order_by("first_name", "username"))
    given = project.group_memberships.in_order().select_related("group").prefetch_related(people)
    waiting = Invitation.objects.open(now=timezone.now()).filter(project=project)
    context = {
        "project": project,
        "nav": "members",
        "memberships": project.memberships.in_order().select_related("user"),
        "groups": given,
        "has_own_role": project.memberships.filter(user=request.user).exists(),
        "may_manage": may_manage,
        "invitations": waiting.select_related("user", "invited_by").order_by("expires_at", "pk") if may_manage else [],
    }
    return render(request, "projects/members.html", context)


@require_GET
def roles(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    context = {
        "project": project,
        "nav": "members",
        "roles": [(role.label, ROLE_MEANING[role]) for role in Role],
        "table": TABLE,
        "notes": NOTES,
        "may_see_members": may(request.user, Action.VIEW_MEMBERS, project),
    }
    return render(request, "projects/roles.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def role(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    membership = _membership_or_404(project, uuid)
    lock(request, membership)
    form = RoleForm(request.POST or None, initial={"role": membership.role})
    if request.method == "POST" and form.is_valid():
        chosen: Role = form.cleaned_data["role"]
        try:
            members.change_role(project=project, user=membership.user, role=chosen, actor=request.user)
        except (members.LastOwner, members.NotAMember) as reason:
            form.add_error("role", str(reason))
        else:
            messages.info(request, f"{membership.user.display_name} now has the role {chosen.label}.")
            return redirect("projects:members", project.slug)
    return form_page(request, project, form, f"Role of {membership.user.display_name}", "Change role")


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def invite(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person, chosen, days = (form.cleaned_data[name] for name in ("person", "role", "days"))
        try:
            invitations.invite(
                project=project, who=person, role=chosen, days=days, invited_by=request.user, now=timezone.now()
            )
        except invitations.NotInvited as reason:
            form.add_error("person", str(reason))
        else:
            messages.info(request, f"{_invited(person)} is invited. {_how_they_hear(person)}")
            return redirect("projects:members", project.slug)
    return form_page(request, project, form, "Invite", "Invite")


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    user = _membership_or_404(project, uuid).user
    if request.method == "GET":
        kept = members.roles_by_groups(project, user)
        question = Confirmation(
            title=f"Remove {user.display_name} from {project.name}?",
            message=_REMOVED_BUT_IN_GROUPS if kept else _REMOVED,
            points=[
                f"{user.display_name} keeps the role {one.get_role_display()} here through the group {one.group.name}."
                for one in kept
            ],
            verb="Remove member",
            icon_name="x-lg",
        )
        return ask_in_members(request, project, question)
    try:
        members.remove_member(project=project, user=user, actor=request.user)
    except (members.LastOwner, members.NotAMember) as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"{user.display_name} was removed.")
        if user == request.user and not members.roles_by_groups(project, user):
            return redirect("projects:list")
    return redirect("projects:members", project.slug)


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def hand_over(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    others = project.memberships.exclude(user=request.user).select_related("user")
    user = get_object_or_404(others, user__uuid=uuid).user
    if request.method == "GET":
        question = Confirmation(
            title=f"Hand {project.name} over to {user.display_name}?",
            message=f"{user.display_name} becomes an owner and you become a maintainer. Only an owner can undo this.",
            verb="Hand over",
            icon_name="key",
        )
        return ask_in_members(request, project, question)
    try:
        members.hand_over(project=project, owner=request.user, to=user)
    except (members.LastOwner, members.NotAMember) as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"{user.display_name} is an owner now, and you are a maintainer.")
    return redirect("projects:members", project.slug)


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.LEAVE_PROJECT)
    kept = members.roles_by_groups(project, request.user)
    if kept and not project.memberships.filter(user=request.user).exists():
        messages.error(
            request,
            f"You are in {project.name} through {_groups_named(kept)}. To leave the project, leave "
            f"{'the group' if len(kept) == 1 else 'these groups'}.",
        )
        return redirect("projects:members", project.slug)
    if request.method == "GET":
        question = Confirmation(
            title=f"Leave {project.name}?",
            message=_LEFT_BUT_IN_GROUPS if kept else _LEFT,
            points=[
                f"You keep the role {one.get_role_display()} here through the group {one.group.name} until you leave "
                "the group."
                for one in kept
            ],
            verb="Leave project",
            icon_name="box-arrow-right",
        )
        return ask_in_members(request, project, question)
    try:
        members.remove_member(project=project, user=request.user, actor=request.user)
    except (members.LastOwner, members.NotAMember) as reason:
        messages.error(request, str(reason))
        return redirect("projects:members", project.slug)
    if kept:
        messages.info(request, f"You now have a role in {project.name} only through {_groups_named(kept)}.")
        return redirect("projects:members", project.slug)
    messages.info(request, f"You have left {project.name}.")
    return redirect("projects:list")


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    project = project_or_404(request, slug, Action.MANAGE_MEMBERS)
    invitation = get_object_or_404(project.invitations.select_related("project", "user"), uuid=uuid)
    if request.method == "GET":
        question = Confirmation(
            title=f"Withdraw the invitation for {invitation.invitee}?",
            message="After that, it can no longer be accepted.",
            verb="Withdraw invitation",
            icon_name="x-lg",
        )
        return ask_in_members(request, project, question)
    try:
        invitations.withdraw(invitation=invitation, actor=request.user, now=timezone.now())
    except invitations.NotOpen as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"The invitation for {invitation.invitee} is withdrawn.")
    return redirect("projects:members", project.slug)


def _invited(who: User | str) -> str:
    return who.display_name if isinstance(who, User) else who


def _how_they_hear(who: User | str) -> str:
    # An account may have no e-mail address. Whether an address has an account is not said.
    return "They find the invitation under the bell." if isinstance(who, User) else "They get an e-mail."


def _groups_named(kept: Sequence[GroupMembership]) -> str:
    *names, last = (one.group.name for one in kept)
    return f"the groups {', '.join(names)} and {last}" if names else f"the group {last}"


def _membership_or_404(project: Project, uuid: UUID) -> Membership:
    return get_object_or_404(project.memberships.select_related("user"), user__uuid=uuid)


def form_page(request: HttpRequest, project: Project, form: Form, heading: str, verb: str) -> HttpResponse:
    """A form below the page Members; with errors it comes back with status 422."""
    context = {"project": project, "nav": "members", "form": form, "heading": heading, "verb": verb}
    return render(request, "projects/member_form.html", context, status=status_of(form))


def ask_in_members(request: HttpRequest, project: Project, question: Confirmation) -> HttpResponse:
    back_url = reverse("projects:members", args=[project.slug])
    return ask(request, question, nav="members", project=project, back_url=back_url)
