"""Settings > Connections: sites that members add for themselves, if operators allow that."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections.forms import SiteForm
from connections.models import Site
from connections.pages.choices import add_url
from connections.services import sites
from mantik.accounts.member_request import MemberRequest
from mantik.idempotency.form_posts import once_per_form
from mantik.lib.answers import Confirmation, ask, status_of, way_back

NAV = {"nav": "connections"}


@login_required
@require_http_methods(["GET", "POST"])
@once_per_form
def add(request: MemberRequest) -> HttpResponse:
    if not settings.MANTIK_MEMBERS_ADD_SITES:
        raise Http404
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = sites.add_site(member=request.user, **form.cleaned_data)
        except sites.SiteTaken:
            form.add_error(
                None,
                "There is already a site with this name or address. If this is the site that you mean, choose it when "
                "you add a connection. If not, enter another name.",
            )
        else:
            messages.info(
                request,
                f"{site.name} was added; only you and operators see it. Now add a connection to it, and test the "
                "connection.",
            )
            return redirect(add_url(way_back(request), site=site))
    return render(request, "connections/site_form.html", {"form": form, **NAV}, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest, uuid: UUID) -> HttpResponse:
    site = get_object_or_404(Site.objects.filter(added_by=request.user), uuid=uuid)
    if request.method == "POST":
        try:
            sites.delete_site(site=site, actor=request.user)
        except sites.SiteUsed:
            messages.error(request, f"{site.name} was not deleted. Delete your connections to it first.")
        else:
            messages.info(request, f"{site.name} was deleted.")
        return redirect("connections:list")
    again = " You can add it again at any time." if settings.MANTIK_MEMBERS_ADD_SITES else ""
    question = Confirmation(
        title=f"Delete the site {site.name}?",
        message=f"Only you and operators see it.{again}",
        verb="Delete site",
        icon_name="trash3",
    )
    return ask(request, question, nav="connections", back_url=reverse("connections:list"))
