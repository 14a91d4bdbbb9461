"""Every field of every form, with values at the edge of what a type holds in a form that is right otherwise.

The forms come from the URL configuration, and the fields from the code that reads them: a new one is tried as soon as
`typed.py` says how to fill it in, and fails the test until then.
"""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.hostile import values
from tests.hostile.reading import names_read
from tests.hostile.scene import Scene, people_pages
from tests.hostile.typed import fields
from tests.support.proofs import Proved, sample

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
# What a button sends, and nobody types: without it another form of the page is sent.
BUTTONS = {"action_add", "action_send", "action_primary", "action_remove", "remove"}
# 404: for who is not signed in, has no second factor, or has lost the password. 405: it has no form.
RIGHT = {200, 201, 204, 302, 404, 405}
# What is refused whatever is typed: a project with active runs, the last owner, a passkey without a browser, a code
# that is valid for seconds, a service that is not there.
REFUSED = {
    "account-delete": {409},
    **{
        name: {422}
        for name in ("projects:delete", "mfa_add_webauthn", "mfa_reauthenticate", "socialaccount_connections")
    },
}


# A form says how long a text may be; queries are cut or ignored.
TYPED_WRONG = ("a" * 20_000, "-1", "0001-01-01")


def encoded(fields: dict[str, object], **changes: object) -> str:
    return urlencode(fields | changes)


def field_names(scene: Scene, name: str, filled_in: dict[str, object]) -> set[str]:
    """The fields that the page reads of what is sent."""
    with names_read("POST") as found:
        scene.ask("POST", scene.url(name), encoded(filled_in))
    return found & set(filled_in) - BUTTONS


# In the gate every second page, on the other database every sixth.
@pytest.mark.parametrize("name", sample(list(people_pages()), one_in=2))
def test_no_value_breaks_a_form(scene: Scene, name: str, proved: Proved) -> None:
    url, filled_in = scene.url(name), fields(scene, name)
    wrong, tried = [], 0
    for field in sorted(field_names(scene, name, filled_in)):
        sent = [(values.shown(value), encoded(filled_in, **{field: value})) for value in values.alone() + TYPED_WRONG]
        sent += [(query[:60], f"{encoded(filled_in)}&{query}") for query in values.as_lists(field)]
        for said, data in values.some(sent, place=f"{name} {field}"):
            tried += 1
            if how := scene.broken("POST", url, data):
                wrong.append(f"{field}={said}: {how}")
    proved(forms=tried, broken=len(wrong))
    assert wrong == []


@pytest.mark.parametrize("name", people_pages())
def test_the_form_is_right_otherwise(scene: Scene, name: str) -> None:
    answer = scene.ask("POST", scene.url(name), encoded(fields(scene, name)))
    assert answer.status_code in RIGHT | REFUSED.get(name, set()), "Fill it in, in typed.py."
