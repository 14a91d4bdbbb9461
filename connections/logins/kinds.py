"""The kinds of connections, and what each asks for, stores and shows: for pages, forms and services."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import models


class Kind(models.TextChoices):
    UNICORE_KEY = "unicore-key", "UNICORE, SSH key"
    UNICORE_TOKEN = "unicore-token", "UNICORE, renewed token"
    UNICORE_OIDC = "unicore-oidc", "UNICORE, institute login (OIDC)"
    UNICORE_PASSWORD = "unicore-password", "UNICORE, user name and password"
    GIT_TOKEN = "git-token", "Git host, access token"
    SSH_KEY = "ssh-key", "Git host, SSH key"


class Need(StrEnum):
    """Whether a form asks for something."""

    NO = "no"
    OPTIONAL = "optional"
    YES = "yes"


@dataclass(frozen=True)
class Traits:
    """What is special about a kind. `title` and `advice` help to choose; `authenticates` is for the card.

    `login` and `expiry` say whether a form asks for a login name, and for the last day of the secret. `asks_for` is the
    name of the secret that the owner types; a kind without it has a key pair that Mantik makes, and shows the public
    half. `is_forgotten`: what is typed is not stored, but only used to get the secret that is.
    """

    title: str
    advice: str
    authenticates: str
    icon: str
    has_site: bool = True
    login: Need = Need.YES
    expiry: Need = Need.NO
    asks_for: str = ""
    asks_help: str = ""
    is_forgotten: bool = False

    @property
    def has_key_pair(self) -> bool:
        return not self.asks_for

    @property
    def replaces(self) -> str:
        """What to do about a secret that does not work: a sentence without its end, the name of the connection."""
        return "Make a new key pair for" if self.has_key_pair else "Replace the secret of"


_KEPT = "Stored encrypted, used only to sign in for you, and never shown again."

TRAITS: dict[Kind, Traits] = {
    Kind.UNICORE_KEY: Traits(
        title="UNICORE site, with an SSH key",
        advice="The best choice if the site allows it. Mantik makes a key pair; you put its public key on the cluster, "
        "and can remove it at any time. You do not give Mantik a password.",
        authenticates="with a key pair that Mantik made",
        icon="key",
    ),
    Kind.UNICORE_TOKEN: Traits(
        title="UNICORE site, with a token that Mantik renews",
        advice="You type your password once. Mantik gets a token from the site with it, forgets the password, and "
        "renews the token before it expires.",
        authenticates="with a token of the site, which Mantik renews",
        icon="arrow-repeat",
        asks_for="Password",
        asks_help="Sent to the site once, for the token. It is not stored.",
        is_forgotten=True,
    ),
    Kind.UNICORE_OIDC: Traits(
        title="UNICORE site, with your institute's login",
        advice="For sites with an OpenID Connect login service. You paste a refresh token, and Mantik uses it to get "
        "short-lived access tokens.",
        authenticates="with access tokens of the site's login service",
        icon="person-badge",
        login=Need.NO,
        asks_for="Refresh token",
        asks_help=f"From your login service, or from oidc-token (part of oidc-agent). {_KEPT}",
    ),
    Kind.UNICORE_PASSWORD: Traits(
        title="UNICORE site, with a password",
        advice="Works at most sites. Your password is stored encrypted and sent to the site at every sign-in. Choose "
        "another kind if the site offers one.",
        authenticates="with a login name and password",
        icon="person-lock",
        expiry=Need.OPTIONAL,
        asks_for="Password",
        asks_help=_KEPT,
    ),
    Kind.GIT_TOKEN: Traits(
        title="Git host, with an access token",
        advice="For private code repositories over https, at GitHub, GitLab, Bitbucket or your own server.",
        authenticates="with an access token",
        icon="git",
        has_site=False,
        login=Need.OPTIONAL,
        expiry=Need.OPTIONAL,
        asks_for="Access token",
        asks_help=_KEPT,
    ),
    Kind.SSH_KEY: Traits(
        title="Git host, with an SSH key",
        advice="For private code repositories over ssh. Mantik makes a key pair; you add its public key at the host as "
        "a deploy key that may read one repository, and can remove it at any time.",
        authenticates="with a key pair that Mantik made",
        icon="key",
        has_site=False,
        login=Need.NO,
    ),
}

WITH_SITE = sorted(kind.value for kind, traits in TRAITS.items() if traits.has_site)
WITHOUT_SITE = sorted(kind.value for kind, traits in TRAITS.items() if not traits.has_site)


def traits_of(kind: str) -> Traits:
    return TRAITS[Kind(kind)]
