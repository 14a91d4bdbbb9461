"""What a new connection is for, and the kinds that are to be had for it: what the pages before its form offer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from connections.logins.kinds import TRAITS, Kind
from connections.models import Site
from mantik.accounts.models import User
from mantik.lib.answers import way_back


@dataclass(frozen=True)
class Choice:
    """A card that leads to `url`."""

    url: str
    icon: str
    title: str
    text: str


@dataclass(frozen=True)
class Wanted:
    """What the address of the page asks for. `site`: one that the member may choose, `kind`: one that it takes.

    `problem` says why the link that led here cannot be followed; then there is no kind. `back` is where the member came
    from, "" if that is not known.
    """

    site: Site | None
    kind: Kind | None
    problem: str
    back: str

    @property
    def url(self) -> str:
        """The address of the form."""
        return add_url(self.back, site=self.site, kind=self.kind)

    @property
    def url_before(self) -> str:
        """The address of the page that leads to the form: it offers the kinds of the site."""
        return add_url(self.back, site=self.site)


def wanted_by(request: HttpRequest, user: User) -> Wanted:
    named_kind, named_site = _asked_kind(request), request.GET.get("site", "")
    site = _site(user, named_site) if named_site else None
    kind = Kind(named_kind) if named_kind in Kind.values else None
    problem = ""
    if named_site and site is None:
        problem = "The site of this link does not exist, or it is not offered to you. Choose another one."
    elif named_kind and kind is None:
        problem = f"There is no kind of connection called “{named_kind[:60]}”. Choose one of these."
    elif site and kind and kind not in _kinds_at(site):
        problem = f"{site.name} does not take this kind of connection: {kind.label}. Choose one of these."
    return Wanted(site, None if problem else kind, problem, way_back(request))


def site_choices(user: User, *, back: str) -> list[Choice]:
    """The sites for which `user` may add a connection."""
    sites = Site.objects.offered_to(user)
    return [Choice(add_url(back, site=site), "hdd-network", site.name, site.notes or site.host) for site in sites]


def kind_choices(site: Site | None, *, back: str) -> list[Choice]:
    """The kinds of connections to `site`, or to git hosts; those advised first."""
    kinds: Iterable[Kind] = _kinds_at(site) if site else [kind for kind in TRAITS if not TRAITS[kind].has_site]
    return [
        Choice(add_url(back, site=site, kind=kind), traits.icon, traits.title, traits.advice)
        for kind, traits in ((kind, TRAITS[kind]) for kind in kinds)
    ]


def _kinds_at(site: Site) -> list[Kind]:
    """With a login service only where operators have entered one."""
    return [
        kind
        for kind, traits in TRAITS.items()
        if traits.has_site and (kind is not Kind.UNICORE_OIDC or site.has_login_service)
    ]


def add_url(back: str, *, site: Site | None = None, kind: Kind | None = None) -> str:
    """The address of the page on which to go on, once `site` or `kind` is chosen."""
    asked = [
        *([urlencode({"site": str(site.uuid)})] if site else []),
        *([urlencode({"kind": kind})] if kind else []),
        *([urlencode({"next": back})] if back else []),
    ]
    return "?".join([reverse("connections:add"), *(["&".join(asked)] if asked else [])])


def _asked_kind(request: HttpRequest) -> str:
    return request.POST.get("kind") or request.GET.get("kind", "")


def _site(user: User, named: str) -> Site | None:
    try:
        uuid = UUID(named)
    except ValueError:
        return None
    return Site.objects.offered_to(user).filter(uuid=uuid).first()
