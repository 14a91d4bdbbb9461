"""What can go wrong with a site. There are three kinds, because a caller can do three things about an error.

Codes are stable; the part before the dot is the kind.
"""

from __future__ import annotations

# Any other request to the same site would get the same error.
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

# These are raised before the site is asked.
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
# Nobody answered, or only a gateway in front of the site.
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
        """Whether any other request to the same site would get the same error now."""
        return self.code in _OF_THE_WHOLE_SITE

    @property
    def is_silence(self) -> bool:
        """Whether the site was asked and did not answer."""
        return self.code in _SILENCE

    @property
    def is_answer(self) -> bool:
        """Whether the site answered. Even a refusal is an answer."""
        return self.code not in _SILENCE | _NOT_ASKED


class SiteRefused(SiteError):
    """The site said no, and will say no again until somebody changes something."""

    default_code = "refused.request"


class SiteUnavailable(SiteError):
    """Nothing was done; the same request may succeed later."""

    default_code = "unavailable.error"


class SiteOutcomeUnknown(SiteError):
    """The site may have done what was asked. Look there before sending the request again."""

    default_code = "unknown.answer"


class JobGone(SiteRefused):
    """The site does not know the job (any more): it was deleted there, or its time there ran out."""

    default_code = "refused.job_gone"
