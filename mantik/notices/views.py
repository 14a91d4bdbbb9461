"""Settings > Notices."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from mantik.accounts.member_request import MemberRequest
from mantik.lib.filters import Filters
from mantik.lib.paging import page_by_pk
from mantik.lib.query_values import whole_number
from mantik.notices import services
from mantik.notices.models import Notice

PAGE = 50


@login_required
@require_GET
def notice_list(request: MemberRequest) -> HttpResponse:
    page = page_by_pk(Notice.objects.of_user(request.user), cursor=request.GET.get("page", ""), size=PAGE)
    context = {
        "nav": "notices",
        "notices": page.rows,
        "unread": services.unread(request.user),
        "page": page,
        "filters": Filters(path=request.path),
    }
    return render(request, "notices/list.html", context)


@login_required
@require_POST
def read(request: MemberRequest) -> HttpResponse:
    up_to = whole_number(request.POST.get("up_to", "")) or 0
    services.mark_read(user=request.user, now=timezone.now(), up_to=up_to)
    return redirect("notices:list")
