"""No field of the new-run form is forgotten on its way: drawn, taken by RUN!, stored, and filled in by Run again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.code import mirrors
from runs.models import Run
from runs.planning.forms import NewRunForm
from tests.runs.planning.test_new_run import filled_in
from tests.support import factories
from tests.support.forms import as_browser_posts
from tests.support.world import World

pytestmark = pytest.mark.django_db

# A word about this one submission, which says nothing of the next.
OF_THE_MOMENT = {"run_anyway"}


def second_choices(world: World) -> dict[str, str]:
    """For each field that the form fills in itself, a value other than the one that it proposes."""
    world.repository.write("training/MLproject", (world.repository.path / "MLproject").read_text())
    world.repository.write("hpc/other.yaml", (world.repository.path / "unicore.yaml").read_text())
    world.repository.commit("Trial", branch="trial")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    experiment = factories.make_experiment(project=world.project, name="Zebra", created_by=world.user)
    return {
        "experiment": str(experiment.uuid),
        "branch": "trial",
        "mlproject_path": "training/MLproject",
        "backend_config_path": "hpc/other.yaml",
    }


def test_what_was_typed_is_there_again(member: Client, world: World) -> None:
    typed = filled_in(world, **second_choices(world))
    assert set(typed) >= set(NewRunForm.base_fields) - OF_THE_MOMENT, "filled_in() has to say what is typed"
    form = reverse("runs:new", args=[world.project.slug])
    assert set(as_browser_posts(member.get(form))) >= set(NewRunForm.base_fields) - OF_THE_MOMENT

    assert member.post(form, typed).status_code == 302

    again = as_browser_posts(member.get(form, {"from": str(Run.objects.get().uuid)}))
    assert {name: again.get(name) for name in typed} == typed
