"""Settings > Groups: the groups of the signed-in user; other groups answer with 404."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.accounts.models import User
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.lib.revised_form import compared_under_lock, lock
from projects.forms import GroupForm, GroupPersonForm
from projects.models import GroupMember, Project, UserGroup
from projects.services import groups


@login_required
@require_GET
def group_list(request: MemberRequest) -> HttpResponse:
    mine = GroupMember.objects.filter(user=request.user).select_related("group").order_by("group__name", "pk")
    sizes = UserGroup.objects.visible_to(request.user).annotate(size=Count("members")).values_list("pk", "size")
    size_of = dict(sizes)
    rows = [{"group": one.group, "is_admin": one.is_admin, "size": size_of.get(one.group_id, 0)} for one in mine]
    return render(request, "projects/groups.html", {"nav": "groups", "rows": rows})


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def add(request: MemberRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = groups.create_group(user=request.user, **form.cleaned_data)
        except groups.GroupNameTaken:
            form.add_error("name", "Another group has this name. Choose another name.")
        else:
            return redirect("projects:group", group.uuid)
    return _form_page(request, form, None, "New group", "Create group")


@login_required
@require_GET
def detail(request: MemberRequest, uuid: UUID) -> HttpResponse:
    group = _group_or_404(request, uuid)
    context = {
        "nav": "groups",
        "group": group,
        "members": group.members.in_order().select_related("user"),
        "given": group.memberships.select_related("project").order_by("project__name", "pk"),
        "is_admin": groups.administers(request.user, group),
    }
    return render(request, "projects/group.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def rename(request: MemberRequest, uuid: UUID) -> HttpResponse:
    group = _administered_or_403(request, uuid)
    lock(request, group)
    form = GroupForm(request.POST or None, initial={"name": group.name})
    if request.method == "POST" and form.is_valid():
        try:
            groups.rename_group(group=group, actor=request.user, **form.cleaned_data)
        except groups.GroupNameTaken:
            form.add_error("name", "Another group has this name. Choose another name.")
        except groups.NotInGroup as reason:
            form.add_error("name", str(reason))
        else:
            return redirect("projects:group", group.uuid)
    return _form_page(request, form, group, "Rename group", "Rename group")


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def person_add(request: MemberRequest, uuid: UUID) -> HttpResponse:
    group = _administered_or_403(request, uuid)
    form = GroupPersonForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        try:
            groups.add_person(group=group, user=person, actor=request.user)
        except (groups.NotAdded, groups.NotInGroup) as reason:
            form.add_error("person", str(reason))
        else:
            messages.info(request, f"{person.display_name} is in {group.name} now and gets a notice.")
            return redirect("projects:group", group.uuid)
    return _form_page(request, form, group, "Add to group", "Add")


@login_required
@require_POST
def person_admin(request: MemberRequest, uuid: UUID, person: UUID) -> HttpResponse:
    """Make somebody an admin; with `is_admin` empty, they are no longer one."""
    group = _administered_or_403(request, uuid)
    member = _member_or_404(group, person)
    is_admin = bool(request.POST.get("is_admin"))
    try:
        groups.set_admin(group=group, user=member.user, is_admin=is_admin, actor=request.user)
    except (groups.LastAdmin, groups.NotInGroup) as reason:
        messages.error(request, str(reason))
    else:
        messages.info(
            request, f"{member.user.display_name} is {'now' if is_admin else 'no longer'} an admin of {group.name}."
        )
    return redirect("projects:group", group.uuid)


@login_required
@require_http_methods(["GET", "POST"])
def person_remove(request: MemberRequest, uuid: UUID, person: UUID) -> HttpResponse:
    group = _administered_or_403(request, uuid)
    user = _member_or_404(group, person).user
    if request.method == "GET":
        question = Confirmation(
            title=f"Remove {user.display_name} from the group {group.name}?",
            message="They lose the roles in projects that they have through this group.",
            verb="Remove",
            icon_name="x-lg",
        )
        return _ask(request, group, question)
    return _remove(request, group, user, f"{user.display_name} was removed from {group.name}.")


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: MemberRequest, uuid: UUID) -> HttpResponse:
    group = _group_or_404(request, uuid)
    if request.method == "GET":
        question = Confirmation(
            title=f"Leave the group {group.name}?",
            message="You lose the roles in projects that you have through this group.",
            verb="Leave group",
            icon_name="box-arrow-right",
        )
        return _ask(request, group, question)
    return _remove(request, group, request.user, f"You have left the group {group.name}.")


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, uuid: UUID) -> HttpResponse:
    group = _administered_or_403(request, uuid)
    if request.method == "GET":
        names = Project.objects.filter(group_memberships__group=group).order_by("name").values_list("name", flat=True)
        question = Confirmation(
            title=f"Delete the group {group.name}?",
            message="Everybody in it loses the roles in projects that they have through this group. Accounts stay.",
            points=[f"It loses its role in {name}." for name in names],
            verb="Delete group",
            icon_name="trash3",
        )
        return _ask(request, group, question)
    try:
        groups.delete_group(group=group, actor=request.user)
    except groups.NotInGroup as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"The group {group.name} was deleted.")
    return redirect("projects:groups")


def _group_or_404(request: MemberRequest, uuid: UUID) -> UserGroup:
    return get_object_or_404(UserGroup.objects.visible_to(request.user), uuid=uuid)


def _administered_or_403(request: MemberRequest, uuid: UUID) -> UserGroup:
    group = _group_or_404(request, uuid)
    if not groups.administers(request.user, group):
        raise PermissionDenied(f"Only an admin of the group {group.name} may do this. Its page lists who that is.")
    return group


def _member_or_404(group: UserGroup, person: UUID) -> GroupMember:
    return get_object_or_404(group.members.select_related("user"), user__uuid=person)


def _remove(request: MemberRequest, group: UserGroup, user: User, done: str) -> HttpResponse:
    try:
        groups.remove_person(group=group, user=user, actor=request.user)
    except (groups.LastAdmin, groups.NotInGroup) as reason:
        messages.error(request, str(reason))
        return redirect("projects:group", group.uuid)
    messages.info(request, done)
    return redirect("projects:groups") if user == request.user else redirect("projects:group", group.uuid)


def _form_page(
    request: MemberRequest, form: GroupForm | GroupPersonForm, group: UserGroup | None, heading: str, verb: str
) -> HttpResponse:
    context = {"nav": "groups", "form": form, "group": group, "heading": heading, "verb": verb}
    return render(request, "projects/group_form.html", context, status=status_of(form))


def _ask(request: MemberRequest, group: UserGroup, question: Confirmation) -> HttpResponse:
    return ask(request, question, nav="groups", back_url=reverse("projects:group", args=[group.uuid]))
