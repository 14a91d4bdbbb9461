"""User settings > Connections. Everything starts from the user's own connections; others' do not exist here."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections import services
from connections.forms import ConnectionForm, SecretForm
from connections.models import Connection
from connections.unicore.errors import SiteError
from mantik.accounts.http import MemberRequest


@login_required
@require_GET
def connection_list(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "connections/list.html",
        {"connections": Connection.objects.owned_by(request.user), "room": "connections"},
    )


@login_required
@require_http_methods(["GET", "POST"])
def add(request: MemberRequest) -> HttpResponse:
    form = ConnectionForm(request.POST or None, owner=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            connection = services.add_connection(owner=request.user, now=timezone.now(), **form.cleaned_data)
        except services.NameTaken:
            form.add_error("name", "You already have a connection of that name. Choose another name.")
        else:
            messages.info(request, f"{connection.name} is stored. Test it to see what the site says.")
            return redirect("connections:list")
    return render(request, "connections/form.html", {"form": form, "room": "connections"}, status=_status(form))


@login_required
@require_http_methods(["GET", "POST"])
def secret(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    form = SecretForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.replace_secret(connection=connection, secret=form.cleaned_data["secret"], now=timezone.now())
        messages.info(request, f"The secret of {connection.name} is replaced. Test it to see what the site says.")
        return redirect("connections:list")
    context = {"form": form, "connection": connection, "room": "connections"}
    return render(request, "connections/form.html", context, status=_status(form))


@login_required
@require_POST
def test(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    answer = services.test_connection(connection=connection, now=timezone.now())
    if request.htmx:
        return render(request, "connections/_card.html", {"connection": connection})
    tell = messages.error if isinstance(answer, SiteError) else messages.info
    tell(request, f"{connection.name}: {connection.test_message}")
    return redirect("connections:list")


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    if request.method == "GET":
        return render(request, "connections/confirm_delete.html", _deletion(connection))
    services.delete_connection(connection=connection)
    messages.info(request, f"{connection.name} is deleted, and its secret with it.")
    return redirect("connections:list")


def _deletion(connection: Connection) -> dict[str, object]:
    return {
        "room": "connections",
        "title": f"Delete {connection.name}?",
        "message": "The stored secret is forgotten. Runs that are on their way with it can no longer be followed "
        "or cancelled.",
        "action_url": reverse("connections:delete", args=[connection.uuid]),
        "verb": "Delete connection",
        "icon_name": "trash3",
        "back_url": reverse("connections:list"),
        "back_label": "Back",
    }


def _own_or_404(request: MemberRequest, uuid: str) -> Connection:
    return get_object_or_404(Connection.objects.owned_by(request.user), uuid=uuid)


def _status(form: ConnectionForm | SecretForm) -> int:
    return 422 if form.is_bound and form.errors else 200
