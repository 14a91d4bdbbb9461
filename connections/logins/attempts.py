"""Counts the passwords that a site refuses to somebody who has typed them.

Mantik would otherwise try passwords for anybody: at any site, for any login name, from its own address. Sites answer
that by locking the account, which may be somebody else's. So a member has so many attempts, and a login at a site, too,
whoever tries it.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from connections.logins.kinds import Kind
from connections.models import Connection, Site
from connections.unicore.errors import SiteError, SiteRefused
from mantik.accounts.models import User
from mantik.lib.attempts import Attempts

WITHIN = timedelta(hours=1)
OF_MEMBER = Attempts("site-login-of-member", 20, WITHIN)
OF_LOGIN = Attempts("site-login", 5, WITHIN)
# Their secrets are what a person has typed, who may have guessed.
_TYPED = frozenset({Kind.UNICORE_PASSWORD, Kind.UNICORE_TOKEN})
_WRONG_PASSWORD = "refused.credentials"  # noqa: S105


def check_attempts(*, owner: User, kind: Kind, site: Site | None, login_name: str) -> None:
    """Raises SiteRefused if too many passwords were refused lately, by the site for this login or to this member."""
    if kind not in _TYPED or site is None:
        return
    if OF_LOGIN.are_used_up(*_login(site, login_name)):
        raise SiteRefused(
            f"{site.name} has refused the password of {login_name} {OF_LOGIN.most} times within an hour, so Mantik "
            "does not ask it again for now: the site might lock the account. Try again in an hour.",
            code="refused.attempts",
        )
    if OF_MEMBER.are_used_up(str(owner.pk)):
        raise SiteRefused(
            f"Sites have refused {OF_MEMBER.most} of your passwords within an hour. Try again in an hour.",
            code="refused.attempts",
        )


def note_attempt(error: SiteError, *, owner: User, kind: Kind, site: Site | None, login_name: str) -> None:
    """Count the refusal, if `error` is one of a password."""
    if kind in _TYPED and site is not None and error.code == _WRONG_PASSWORD:
        OF_LOGIN.note(*_login(site, login_name))
        OF_MEMBER.note(str(owner.pk))


def note_refused_connection(error: SiteError, connection: Connection) -> None:
    """The same for a stored connection, unless it has ever worked: then nobody is guessing."""
    if connection.last_used_at is None:
        kind, login_name = Kind(connection.kind), connection.login_name
        note_attempt(error, owner=connection.owner, kind=kind, site=connection.site, login_name=login_name)


def _login(site: Site, login_name: str) -> tuple[str, str]:
    """A site may be known under several addresses of one server, which has one login service."""
    return urlsplit(site.base_url).netloc.lower(), login_name.strip().casefold()
