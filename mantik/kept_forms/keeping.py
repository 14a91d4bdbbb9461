"""A form in the session of somebody who is not signed in, until they are.

Sessions are stored encrypted, and one stays the same session when its owner signs in.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest

from mantik.kept_forms.addresses import is_kept, name_of
from mantik.kept_forms.owners import OWNER_FIELD, is_mark
from mantik.lib.attempts import Attempts
from mantik.lib.sent_forms import SentForm

# Whoever has an account has its mark for ever: without a limit they could fill the table of sessions, signed out.
KEPT_FOR = Attempts("kept-forms", 20, timedelta(days=1))
_KEPT = "kept_form"


def keep(request: HttpRequest, sent: SentForm | None) -> bool:
    """Keep the form; False if it is none of those that are kept, or nobody's, or one too many: then they are told."""
    if sent is None or not is_kept(name_of(request)) or not is_mark(owner_of(sent)):
        return False
    if KEPT_FOR.are_used_up(owner_of(sent)):
        messages.warning(
            request,
            f"The form was not kept, for {KEPT_FOR.most} of yours were within a day. Go back and copy what you typed.",
        )
        return False
    KEPT_FOR.note(owner_of(sent))
    request.session[_KEPT] = {"url": sent.action_url, "pairs": sent.pairs, "secrets": sent.secrets}
    return True


def kept(request: HttpRequest) -> SentForm | None:
    held = request.session.get(_KEPT)
    if held is None:
        return None
    pairs, secrets = ([tuple(pair) for pair in held[name]] for name in ("pairs", "secrets"))
    return SentForm(held["url"], pairs, secrets)


def forget(request: HttpRequest) -> None:
    request.session.pop(_KEPT, None)


def owner_of(sent: SentForm) -> str:
    """The mark of whose form it is; "" if it has none."""
    return dict(sent.pairs).get(OWNER_FIELD, "")
