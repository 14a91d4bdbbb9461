"""Forms that name something: they take no name that counts as the same as another's."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from mantik.accounts.adapters import AccountAdapter
from mantik.demo.visitor import read_page
from mantik.lib.name_keys import key_field, keyed_models
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from tests.hostile.scene import Scene
from tests.hostile.typed import Typed, fields
from tests.mantik.lib.test_names_alike import BASELINE, SAME
from tests.support.factories import (
    make_code_repository,
    make_connection,
    make_experiment,
    make_group,
    make_project,
    make_schedule,
    make_site,
    make_user,
)
from tests.support.registered_models import make_model

pytestmark = pytest.mark.django_db

# Names of letters A to Z alone, and an address.
PLAIN = "Cape-Hope"
# Of the ways in which names look the same; all have one key.
TRIED = ("capitals", "Cyrillic", "no width", "line break")


def _token(scene: Scene) -> models.Model:
    return make_token(
        user=scene.owner, name=BASELINE, scope=Scope.READ, expires_at=timezone.now(), projects=[], now=timezone.now()
    )[0]


# By the form: the column, and another row that has the name.
OTHERS: dict[str, tuple[str, Callable[[Scene], models.Model]]] = {
    "projects:experiment-add": ("name", lambda scene: make_experiment(project=scene.world.project, name=BASELINE)),
    "projects:experiment-edit": ("name", lambda scene: make_experiment(project=scene.world.project, name=BASELINE)),
    "projects:code-add": ("name", lambda scene: make_code_repository(project=scene.world.project, name=BASELINE)),
    "projects:code-edit": ("name", lambda scene: make_code_repository(project=scene.world.project, name=BASELINE)),
    "projects:group-add": ("name", lambda _: make_group(name=BASELINE)),
    "projects:group-rename": ("name", lambda _: make_group(name=BASELINE)),
    "projects:add": ("slug", lambda _: make_project(slug=PLAIN)),
    "projects:settings": ("slug", lambda _: make_project(slug=PLAIN)),
    "connections:add": ("name", lambda scene: make_connection(owner=scene.owner, name=BASELINE)),
    "connections:rename": ("name", lambda scene: make_connection(owner=scene.owner, name=BASELINE)),
    "connections:site-add": ("name", lambda scene: make_site(added_by=scene.owner, name=BASELINE)),
    "schedules:add": ("name", lambda scene: make_schedule(project=scene.world.project, name=BASELINE)),
    "schedules:edit": ("name", lambda scene: make_schedule(project=scene.world.project, name=BASELINE)),
    "tokens:add": ("name", _token),
}
# What has a key and no form among these.
ELSEWHERE = {"FormerAddress", "Label", "RegisteredModel", "User"}


def sent(scene: Scene, form: str, column: str, name: str, filled_in: Typed) -> tuple[int, str]:
    """The status, and what the page complains of."""
    answer = scene.ask("POST", scene.url(form), urlencode(filled_in | {column: name}))
    return answer.status_code, " ".join(read_page(answer.content.decode()).complaints)


@pytest.mark.parametrize("form", OTHERS)
def test_a_form_takes_no_name_that_counts_as_the_same(scene: Scene, form: str) -> None:
    column, make = OTHERS[form]
    plain = {"the same": PLAIN, "capitals": PLAIN.upper()}
    names = plain if column == "slug" else {"the same": BASELINE} | {how: SAME[how] for how in TRIED}
    filled_in = fields(scene, form)
    with transaction.atomic():
        make(scene)
        answers = {how: sent(scene, form, column, name, filled_in) for how, name in names.items()}
        transaction.set_rollback(True)
    wrong = {how: answer for how, answer in answers.items() if answer[0] != 422 or not answer[1]}
    assert wrong == {}
    assert sent(scene, form, column, "Cape-Horn", filled_in)[0] in (201, 302)


@pytest.mark.parametrize("form", [form for form, (column, _) in OTHERS.items() if column == "name"])
def test_a_form_points_at_a_letter_of_another_alphabet(scene: Scene, form: str) -> None:
    status, complaint = sent(scene, form, "name", "C\u0430pe", fields(scene, form))
    assert (status, "is a Cyrillic letter among Latin ones" in complaint) == (422, True)


def test_every_model_with_a_key_has_its_forms_here(scene: Scene) -> None:
    made = set()
    for _, make in OTHERS.values():
        with transaction.atomic():
            made.add(type(make(scene)).__name__)
            transaction.set_rollback(True)
    assert made | ELSEWHERE == {model.__name__ for model in keyed_models()}
    assert not made & ELSEWHERE


def test_a_model_of_the_same_name_in_capitals_is_taken(scene: Scene) -> None:
    with transaction.atomic():
        make_model(project=scene.world.project, name="Forecast")
        status, complaint = sent(scene, "runs:register", "name", "FORECAST", fields(scene, "runs:register"))
        transaction.set_rollback(True)
    assert (status, "Forecast" in complaint) == (422, True)


@pytest.mark.parametrize("name", ["SCOPE", "\u0455\u0441\u043e\u0440\u0435", "ｓｃｏｐｅ"])  # noqa: RUF001
@pytest.mark.parametrize("shallow", [True, False])
def test_nobody_signs_up_with_a_user_name_that_looks_like_anothers(name: str, shallow: bool) -> None:
    user = make_user("scope")
    with pytest.raises(ValidationError, match="is taken"):
        AccountAdapter().clean_username(name, shallow)
    assert key_field(type(user)).of == "username"


def test_nobody_signs_up_with_a_letter_of_another_alphabet() -> None:
    with pytest.raises(ValidationError, match="is a Cyrillic letter among Latin ones"):
        AccountAdapter().clean_username("\u0430da")
