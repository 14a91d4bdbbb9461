"""What a member does for the safety of the account, and the secrets that come of it."""

from __future__ import annotations

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.canary import canaries
from tests.canary.search import Canary
from tests.canary.story import Story

FACTORS = "/settings/account/second-factors/"
AGAIN = "/accounts/again/"
APP_SECRET, RECOVERY_CODES, SESSION = "the secret of an authenticator app", "recovery codes", "the key of a session"


def secure_the_account(story: Story) -> list[Canary]:
    """Add an authenticator app, look at the recovery codes, and make new ones."""
    browser = story.browser
    assert browser.post(AGAIN, password=canaries.WRONG_SIGN_IN.value).status_code == 422
    story.post(f"{AGAIN}?next={FACTORS}", password=canaries.SIGN_IN.value)
    secret = _first(r'data-copy="([A-Z2-7]{32})"', browser.get(f"{FACTORS}app/").text)
    assert browser.post(f"{FACTORS}app/", code="not one").status_code == 422
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    story.post(f"{FACTORS}app/", code=code)
    codes = re.findall(r"<li>(\d{8})</li>", browser.get(f"{FACTORS}codes/").text)
    assert len(codes) == 10
    browser.get(f"{FACTORS}codes/download/")
    story.post(f"{FACTORS}codes/new/")
    return [
        Canary(APP_SECRET, secret),
        # Eight digits alone may stand anywhere by chance.
        Canary(RECOVERY_CODES, "\n".join(codes[:2])),
        Canary(SESSION, browser.cookie("mantik-session")),
    ]


def is_needed_there(name: str, where: str) -> bool:
    """On the pages that show it to its owner."""
    return name in (APP_SECRET, RECOVERY_CODES) and f" {FACTORS}" in where


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, text
    return found[1]
