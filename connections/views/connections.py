"""Settings > Connections. Every query starts from the user's own connections; others answer with 404."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connections.forms import ConnectionForm, RenameForm, SecretForm, name_taken
from connections.logins.kinds import Kind
from connections.logins.uses import consequences_of, uses_of
from connections.models import Connection, Site
from connections.pages.cards import authorized_keys, cards_of
from connections.pages.choices import Wanted, kind_choices, site_choices, wanted_by
from connections.services import connections
from connections.unicore.errors import SiteError
from mantik.accounts.member_request import MemberRequest
from mantik.accounts.view_wrappers import identity_confirmed
from mantik.idempotency.services import Asked, earlier_answer, once
from mantik.lib.answers import Confirmation, ask, status_of, status_without_form, way_back
from mantik.lib.live import nothing_new, part
from mantik.lib.revised_form import compared_under_lock, lock

NAV = {"nav": "connections"}


@login_required
@require_GET
def connection_list(request: MemberRequest) -> HttpResponse:
    context = {
        "cards": cards_of(Connection.objects.owned_by(request.user), now=timezone.now()),
        "sites": Site.objects.filter(added_by=request.user).order_by("name", "pk"),
        "back": way_back(request),
    }
    return render(request, "connections/list.html", {**context, **NAV})


@login_required
@require_http_methods(["GET", "POST"])
def add(request: MemberRequest) -> HttpResponseBase:
    """What the connection is for, a site or a git host; for a site, the kinds that it takes; with a kind, its form."""
    wanted = wanted_by(request, request.user)
    return _choose(request, wanted) if wanted.kind is None else _add(request, wanted, wanted.kind)


@identity_confirmed
def _add(request: MemberRequest, wanted: Wanted, kind: Kind) -> HttpResponse:
    asked = Asked.by_form(request.POST)
    if added := connections.added_before(asked, owner=request.user):
        return redirect(_card_url(request, added))
    form = ConnectionForm(request.POST or None, owner=request.user, kind=kind, site=wanted.site)
    if request.method == "POST" and form.is_valid():
        try:
            connection = connections.add_connection(
                owner=request.user, kind=kind, now=timezone.now(), asked=asked, **form.cleaned_data
            )
        except connections.NameTaken:
            form.add_error("name", name_taken(form.cleaned_data["name"]))
        except SiteError as error:
            form.add_error("secret", _words(error))
        else:
            messages.info(request, f"{connection.name} is stored. {_next_step(connection)}")
            return redirect(_card_url(request, connection.uuid))
    # The same form, sent twice at once, has taken the name since it was looked for above.
    if form.errors and (added := connections.added_before(asked, owner=request.user)):
        return redirect(_card_url(request, added))
    context = {"form": form, "wanted": wanted, "traits": form.traits, **NAV}
    return render(request, "connections/form.html", context, status=status_of(form))


def _choose(request: MemberRequest, wanted: Wanted) -> HttpResponse:
    context = {
        "wanted": wanted,
        "sites": [] if wanted.site else site_choices(request.user, back=wanted.back),
        "choices": kind_choices(wanted.site, back=wanted.back),
        "may_add_site": settings.MANTIK_MEMBERS_ADD_SITES,
        **NAV,
    }
    return render(request, "connections/choose.html", context, status=status_without_form(request))


@login_required
@require_http_methods(["GET", "POST"])
def secret(request: MemberRequest, uuid: str) -> HttpResponseBase:
    return _replace(request, _own_or_404(request, uuid))


@identity_confirmed
def _replace(request: MemberRequest, connection: Connection) -> HttpResponse:
    asked, kind = Asked.by_form(request.POST), f"connection.secret {connection.pk}"
    if earlier_answer(asked, user=request.user, kind=kind):
        return redirect(_card_url(request, connection.uuid))
    # Where nothing is typed, nothing may have been sent.
    sent = request.POST if request.method == "POST" else None
    form = SecretForm(sent, kind=Kind(connection.kind), connection=connection)
    if request.method == "POST" and form.is_valid():
        try:
            connections.replace_secret(connection=connection, now=timezone.now(), **form.cleaned_data)
        except SiteError as error:
            form.add_error("secret", _words(error))
        except connections.ReplacedMeanwhile as other:
            form.say_replaced(other.connection)
        except Connection.DoesNotExist:
            raise Http404 from None
        else:
            # Afterwards, because a site may have been asked. Of two at once, both store the same.
            once(asked, user=request.user, kind=kind, make=lambda: "replaced")
            what = "key pair" if connection.traits.has_key_pair else "secret"
            messages.info(request, f"The {what} of {connection.name} was replaced. {_next_step(connection)}")
            return redirect(_card_url(request, connection.uuid))
    context = {"form": form, "connection": connection, "traits": form.traits, **NAV}
    return render(request, "connections/secret.html", context, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def rename(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    lock(request, connection)
    before = connection.name
    form = RenameForm(request.POST or None, connection=connection)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            connections.rename_connection(connection=connection, name=name)
        except connections.NameTaken:
            form.add_error("name", name_taken(name))
        else:
            messages.info(request, f"{before} is now called {name}.")
            return redirect(_card_url(request, connection.uuid))
    context = {"form": form, "connection": connection, **NAV}
    return render(request, "connections/rename.html", context, status=status_of(form))


@login_required
@require_POST
def test(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    if connection.site is None:
        messages.error(request, f"{connection.name} is for a git host; only connections to sites are tested.")
    else:
        connections.request_test(connection)
    return redirect(_card_url(request, connection.uuid))


@login_required
@require_GET
def card(request: MemberRequest, uuid: str) -> HttpResponse:
    """The card of a connection once its test is done."""
    connection = _own_or_404(request, uuid)
    if connection.awaits_test:
        return nothing_new()
    [card] = cards_of([connection], now=timezone.now())
    return part(request, "connections/_card.html", {"card": card, "back": way_back(request)})


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, uuid: str) -> HttpResponse:
    connection = _own_or_404(request, uuid)
    if request.method == "POST":
        try:
            connections.delete_connection(connection=connection)
        except connections.StillUsed:
            return _ask(request, connection, status=409)
        what = "private key" if connection.public_key else "secret"
        messages.info(request, f"{connection.name} was deleted, and its {what} with it.")
        return redirect("connections:list")
    return _ask(request, connection)


def _ask(request: MemberRequest, connection: Connection, *, status: int = 200) -> HttpResponse:
    """The page that asks before deleting. If the connection is still used, it lists what uses it instead."""
    question = Confirmation(
        title=f"Delete {connection.name}?",
        message="The stored private key is deleted. Also remove the public key from where you put it."
        if connection.public_key
        else "The stored secret is deleted. If the provider lets you revoke it, revoke it there as well.",
        points=consequences_of(connection),
        verb="Delete connection",
        icon_name="trash3",
    )
    return ask(
        request,
        question,
        nav="connections",
        back_url=reverse("connections:list"),
        template="connections/confirm_delete.html",
        status=status,
        uses=uses_of(connection),
        connection=connection,
    )


def _next_step(connection: Connection) -> str:
    if connection.public_key and connection.site:
        return (
            f"Add its public key to {authorized_keys(connection)}, then press Test. The site may take ten minutes to "
            "notice it."
        )
    if connection.public_key:
        return "Add its public key to the repository at the git host, as a deploy key with read access."
    if connection.site:
        return "Mantik is testing it; its card will show what the site says."
    return "Choose this connection when you add or edit a code repository."


def _words(error: SiteError) -> str:
    """The message of `error` for somebody who has just typed a password: there is no stored one to replace yet."""
    if error.code != "refused.credentials":
        return error.message
    return "The site does not accept this login name and password. If they are right, its login service may be down."


def _card_url(request: HttpRequest, uuid: UUID | str) -> str:
    """The card in the list, which keeps the way back to where its owner came from."""
    back = way_back(request)
    query = f"?{urlencode({'next': back})}" if back else ""
    return f"{reverse('connections:list')}{query}#connection-{uuid}"


def _own_or_404(request: MemberRequest, uuid: str) -> Connection:
    return get_object_or_404(Connection.objects.owned_by(request.user).select_related("owner"), uuid=uuid)
