"""Request types, so that views need no None checks."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from mantik.accounts.models import User


class MemberRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails
