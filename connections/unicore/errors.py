"""What can go wrong with a site. Three kinds, because a caller has three things to do about it.

Codes are stable; the part before the dot is the kind.
"""

from __future__ import annotations

# The next request would fare alike, whatever it asks for.
_OF_THE_WHOLE_SITE = frozenset(
    {
        "refused.address",
        "refused.credentials",
        "refused.login_service",
        "refused.token",
        "unavailable.certificate",
        "unavailable.connection",
        "unavailable.gateway",
        "unavailable.login_service",
        "unavailable.name",
        "unavailable.session",
        "unavailable.timeout",
        "unavailable.tls",
    }
)

# Found out before the site was asked.
_NOT_ASKED = frozenset(
    {
        "refused.address",
        "refused.base_url",
        "refused.ca_bundle",
        "refused.kind",
        "refused.login_name",
        "refused.login_service",
        "refused.secret",
        "refused.token",
        "unavailable.login_service",
        "unavailable.pool",
    }
)
# Nobody answered, or only a gateway before the site.
_SILENCE = frozenset(
    {
        "unavailable.certificate",
        "unavailable.connection",
        "unavailable.gateway",
        "unavailable.name",
        "unavailable.timeout",
        "unavailable.tls",
        "unknown.answer",
    }
)


class SiteError(Exception):
    """`message` is one or two plain sentences for users; `site_words` is what the site itself said, if anything.

    Neither holds credentials.
    """

    default_code = "unavailable.error"

    def __init__(self, message: str, *, code: str | None = None, site_words: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.site_words = site_words

    @property
    def concerns_whole_site(self) -> bool:
        """Asking the same site for something else is pointless at this moment."""
        return self.code in _OF_THE_WHOLE_SITE

    @property
    def is_silence(self) -> bool:
        """The site was asked and did not answer."""
        return self.code in _SILENCE

    @property
    def is_answer(self) -> bool:
        """The site said so itself. Even a refusal is an answer."""
        return self.code not in _SILENCE | _NOT_ASKED


class SiteRefused(SiteError):
    """The site said no and will say so again, until somebody changes something."""

    default_code = "refused.request"


class SiteUnavailable(SiteError):
    """Nothing was done; the same request may pass later."""

    default_code = "unavailable.error"


class SiteOutcomeUnknown(SiteError):
    """The request may have been carried out. Look before sending it again."""

    default_code = "unknown.answer"


class JobGone(SiteRefused):
    """The site does not know the job (any more): it was deleted there, or its time there ran out."""

    default_code = "refused.job_gone"
