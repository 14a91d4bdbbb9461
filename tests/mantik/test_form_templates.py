"""Fields are drawn by the template pack and by nothing else, those of allauth's forms, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from mantik.lib.form_layout import Helper
from tests.support.places import TOP

APPS = ("mantik", "connections", "projects", "runs", "schedules")
TEMPLATES = TOP / "templates"
PACK = TEMPLATES / "bootstrap5"
FIELDS = re.compile(r"<(input|select|textarea|label)\b")
UNSEEN = re.compile(r"{#.*?#}|{% comment %}.*?{% endcomment %}", re.DOTALL)
# What no form sends: knobs of something that a script draws, absent without it.
KNOBS = {
    "components/chart.html": "what charts show, and how",
    "components/log.html": "search in the lines that the browser has",
}
# One in each row of a list, all of one small form: what is ticked is in the address that it leads to.
TICKS = {"runs/_tick.html": "which runs to compare"}
# Hidden fields beside a form's own.
HIDDEN = {
    "admin/change_form.html": "which values the page of the admin was drawn with",
    "runs/_star_form.html": "to which page a star leads back",
}
HIDDEN_IN_CODE = ["mantik/templatetags/form_token.py"]
REGISTERED = (settings.ACCOUNT_FORMS, settings.MFA_FORMS, settings.SOCIALACCOUNT_FORMS)
OF_ALLAUTH = sorted({path for forms in REGISTERED for path in forms.values()})


def draws_fields(path: Path) -> bool:
    return bool(FIELDS.search(UNSEEN.sub("", path.read_text())))


def test_only_the_pack_draws_fields() -> None:
    elsewhere = [path for path in TEMPLATES.rglob("*.html") if PACK not in path.parents and draws_fields(path)]
    assert {path.relative_to(TEMPLATES).as_posix() for path in elsewhere} == {*KNOBS, *TICKS, *HIDDEN}
    assert draws_fields(PACK / "field.html")


def test_no_code_draws_fields() -> None:
    modules = (path for app in APPS for path in (TOP / app).rglob("*.py"))
    found = [path.relative_to(TOP).as_posix() for path in modules if FIELDS.search(path.read_text())]
    assert found == HIDDEN_IN_CODE


@pytest.mark.parametrize("path", OF_ALLAUTH)
def test_allauths_forms_are_drawn_as_ours_are(path: str) -> None:
    assert isinstance(import_string(path).helper, Helper)
