"""User settings > Notices: what the bell counts."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from mantik.accounts.http import MemberRequest
from mantik.lib.paging import page_by_pk
from mantik.notices import services
from mantik.notices.models import Notice

PAGE = 50


@login_required
@require_GET
def notice_list(request: MemberRequest) -> HttpResponse:
    page = page_by_pk(Notice.objects.told_to(request.user), cursor=request.GET.get("page", ""), size=PAGE)
    context = {
        "room": "notices",
        "notices": page.rows,
        "unread": services.unread(request.user),
        "newer_url": _page_url(page.newer),
        "older_url": _page_url(page.older),
    }
    return render(request, "notices/list.html", context)


@login_required
@require_POST
def read(request: MemberRequest) -> HttpResponse:
    up_to = request.POST.get("up_to", "")
    services.mark_read(user=request.user, now=timezone.now(), up_to=int(up_to) if up_to.isdecimal() else 0)
    return redirect("notices:list")


def _page_url(cursor: str | None) -> str | None:
    return f"{reverse('notices:list')}?{urlencode({'page': cursor})}" if cursor else None
