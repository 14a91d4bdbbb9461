"""The page of one registered model, its live part, and its certificate."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from projects.models import Experiment, Project
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.registered_models import services
from runs.registered_models.rows import newest_models
from runs.registered_models.signatures import signature_parts
from runs.registered_models.states import ModelState
from runs.states import RunState
from tests.runs.registered_models.conftest import register, tend
from tests.support import factories
from tests.support.pages import page_text
from tests.support.registered_models import give_alias, make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(project: Project, ada: User) -> RegisteredModel:
    """Registered, as far as our own rows say: no MLflow is asked."""
    run = factories.make_run(
        RunState.FINISHED, project=project, created_by=ada, name="nightly", mlflow_run_id="1f" * 16
    )
    factories.append_log(run, '[mantik] env {"hostname": "node0412", "cpu_cores": 48}\n')
    return make_model(run=run, name="pv-yield")


@pytest.fixture
def by_ada(ada: User) -> Client:
    return signed_in(ada)


@pytest.fixture
def by_guest(project: Project) -> Client:
    return signed_in(factories.join(project, Role.GUEST))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, model: RegisteredModel, query: str = "") -> str:
    return reverse(f"registered_models:{name}", args=[model.project.slug, model.uuid]) + query


def test_the_page_says_where_the_model_is_from_and_how_good_it_is(stored: RegisteredModel, by_guest: Client) -> None:
    shown = page_text(by_guest.get(url("detail", stored)))
    for words in (
        "Of nightly · a41f9c2",
        "8 kB in 5 files",
        "sklearn",
        "val_acc 0.9134",
        "epochs 40",
        "irradiance double",
    ):
        assert words in shown
    assert stored.certificate_sha256 in shown


def test_the_metric_that_its_experiment_has_pinned_comes_first(stored: RegisteredModel, by_guest: Client) -> None:
    RegisteredModel.objects.filter(pk=stored.pk).update(metrics={"val_acc": 0.9, "loss": 0.1, "zest": 3.0})
    Experiment.objects.filter(pk=stored.run.experiment_id).update(pinned_metric="zest")
    assert next(name for name, _ in by_guest.get(url("detail", stored)).context["figures"]) == "zest"
    (newest,) = newest_models(stored.project, most=1)
    assert newest.metric == "zest"


def test_the_description_is_rendered_and_harmless(stored: RegisteredModel, by_guest: Client) -> None:
    stored.description = "# Use\n\n*Only* for <script>alert(1)</script> [panels](javascript:alert(1))"
    stored.save()
    shown = by_guest.get(url("detail", stored)).content.decode()
    assert "<em>Only</em>" in shown
    assert "<script>alert" not in shown
    assert 'href="javascript' not in shown


def test_how_to_load_it_is_told_to_those_who_may(
    stored: RegisteredModel, by_ada: Client, project: Project, by_guest: Client
) -> None:
    for client in (by_ada, signed_in(factories.join(project, Role.REPORTER))):
        assert f'load_model("models:/p{project.pk}--pv-yield/1")' in page_text(client.get(url("detail", stored)))
    assert "To load a model you need at least the role Reporter" in page_text(by_guest.get(url("detail", stored)))


def test_an_alias_is_told_with_its_history(stored: RegisteredModel, ada: User, by_guest: Client) -> None:
    give_alias(stored, "champion", by=ada, before="pv-yield-2025")
    shown = page_text(by_guest.get(url("detail", stored)))
    assert "champion moved from pv-yield-2025 to pv-yield" in shown


def test_an_unknown_tab_is_no_page(stored: RegisteredModel, by_guest: Client) -> None:
    assert by_guest.get(url("detail", stored, "?tab=nothing")).status_code == 404


def test_a_model_of_another_project_is_not_found_here(
    stored: RegisteredModel, by_guest: Client, project: Project
) -> None:
    elsewhere = make_model()
    assert by_guest.get(reverse("registered_models:detail", args=[project.slug, elsewhere.uuid])).status_code == 404


# Files, signature, example


def test_files_stand_with_size_and_hash(stored: RegisteredModel, by_guest: Client) -> None:
    shown = page_text(by_guest.get(url("detail", stored, "?tab=files")))
    digest = hashlib.sha256(b"weights" * 1000).hexdigest()
    assert f"model.skops {digest[:12]} 7 kB" in shown


def test_the_input_example_is_read_from_mlflow(model: RegisteredModel, by_ada: Client) -> None:
    shown = page_text(by_ada.get(url("detail", model, "?tab=signature")))
    assert "irradiance double hour long" in shown
    assert '{"columns": ["irradiance", "hour"], "data": [[812.5, 12]]}' in shown


def test_without_mlflow_the_page_says_why_there_is_no_example(
    stored: RegisteredModel, by_ada: Client, settings: Settings
) -> None:
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"
    answer = by_ada.get(url("detail", stored, "?tab=signature"))
    assert answer.status_code == 200
    assert answer.context["example"].problem in page_text(answer)


def test_who_may_not_read_files_sees_no_example(model: RegisteredModel, by_guest: Client) -> None:
    shown = page_text(by_guest.get(url("detail", model, "?tab=signature")))
    assert "812.5" not in shown
    assert "To see the example you need at least the role Reporter in this project." in shown


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ({"name": "a", "type": "double", "required": True}, ("a", "double", "")),
        ({"name": "a", "type": "long", "required": False}, ("a", "long", "optional")),
        ({"type": "string"}, ("1", "string", "")),
        (
            {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}},
            ("1", "float32 tensor", "shape any x 28 x 28"),
        ),
        ({"name": "t", "type": "float", "default": 0.5, "shape": None}, ("t", "float", "default 0.5")),
        ({"name": "l", "type": "array", "items": {"type": "string"}}, ("l", "array of string", "")),
        (
            {"type": "object", "properties": {"x": {"type": "long"}, "y": 3}},
            ("1", "object (x: long, y: not given)", ""),
        ),
        ("text", ("1", "text", "")),
        ({"name": ["x"], "type": {"y": 1}}, ('["x"]', '{"y": 1}', "")),
        ({"type": "tensor", "tensor-spec": "none"}, ("1", "tensor", "")),
    ],
)
def test_a_signature_is_shown_in_words_whatever_a_job_has_written(
    column: object, expected: tuple[str, str, str]
) -> None:
    (part,) = signature_parts({"inputs": [column], "outputs": None, "params": "no"})
    (field,) = part.fields
    assert (part.title, (field.name, field.type, field.note)) == ("Inputs", expected)


# Certificate


def test_the_certificate_is_handed_out_to_the_byte(stored: RegisteredModel, by_guest: Client) -> None:
    answer = by_guest.get(url("certificate-download", stored))
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="pv-yield.certificate.json"'
    assert hashlib.sha256(answer.content).hexdigest() == stored.certificate_sha256


def test_the_certificate_can_be_read_by_people(stored: RegisteredModel, by_guest: Client) -> None:
    shown = page_text(by_guest.get(url("certificate", stored)))
    for words in ("host node0412", "CPU cores 48", "entry point train", "time limit 30 min", stored.run.commit_sha):
        assert words in shown
    assert "python train.py --epochs {epochs} --lr {lr}" in shown


def test_before_there_is_a_certificate_none_is_pretended(stored: RegisteredModel, by_guest: Client) -> None:
    run = factories.make_run(RunState.FINISHED, project=stored.project)
    model = make_model(run=run, name="dust", state=ModelState.REGISTERING)
    assert by_guest.get(url("certificate-download", model)).status_code == 404
    for query in ("", "?tab=files", "?tab=signature"):
        assert by_guest.get(url("detail", model, query)).status_code == 200
    assert "It is written while the model is being registered." in page_text(by_guest.get(url("certificate", model)))


# While workers have it in hand


def test_the_live_part_asks_again_until_it_is_registered(stored: RegisteredModel, by_guest: Client) -> None:
    RegisteredModel.objects.filter(pk=stored.pk).update(
        state=ModelState.REGISTERING, waiting_for="MLflow does not answer.", waiting_since=timezone.now()
    )
    shown = by_guest.get(url("live", stored))
    assert 'hx-trigger="every 2s"' in shown.content.decode()
    assert "MLflow does not answer. Waiting since" in page_text(shown)
    RegisteredModel.objects.filter(pk=stored.pk).update(state=ModelState.REGISTERED, waiting_for="")
    shown = by_guest.get(url("live", stored))
    assert "hx-trigger" not in shown.content.decode()
    assert "Registered" in page_text(shown)


def test_a_model_that_no_worker_takes_up_says_so(stored: RegisteredModel, by_guest: Client) -> None:
    ago = timezone.now() - timedelta(minutes=2)
    RegisteredModel.objects.filter(pk=stored.pk).update(state=ModelState.REGISTERING, next_attempt_at=ago)
    assert "Mantik has not started work on this model yet." in page_text(by_guest.get(url("live", stored)))


def test_who_watches_it_being_unregistered_is_led_away_when_it_is_gone(
    model: RegisteredModel, ada: User, by_ada: Client
) -> None:
    services.unregister_model(model=model, actor=ada, now=timezone.now())
    assert "Unregistering" in page_text(by_ada.get(url("live", model)))
    assert tend(model, timezone.now()) is None

    answer = by_ada.get(url("live", model), headers={"HX-Request": "true"})

    assert answer["HX-Redirect"] == reverse("registered_models:list", args=[model.project.slug])
    assert "yield-forecast is no longer registered." in page_text(by_ada.get(answer["HX-Redirect"]))


def test_an_old_link_to_a_refused_model_says_why(run: Run, ada: User, by_ada: Client) -> None:
    from connections.mlflow.values import ModelSource

    model = register(run, ada, ModelSource(run.mlflow_run_id, path="nowhere"))
    assert tend(model) is None
    shown = page_text(by_ada.get(url("detail", model), follow=True))
    assert "yield-forecast could not be registered. MLflow no longer has the MLmodel file of this model." in shown


def test_a_model_that_never_was_is_not_found(project: Project, by_guest: Client) -> None:
    for name in ("detail", "live", "certificate"):
        assert by_guest.get(reverse(f"registered_models:{name}", args=[project.slug, uuid.uuid4()])).status_code == 404


def test_what_was_changed_in_mlflow_is_told_and_can_be_put_back(
    stored: RegisteredModel, by_ada: Client, by_guest: Client
) -> None:
    words = "Its version 1 was deleted in MLflow's registry."
    RegisteredModel.objects.filter(pk=stored.pk).update(trouble=words, trouble_since=timezone.now())
    assert words in page_text(by_guest.get(url("detail", stored)))
    assert "Restore" not in page_text(by_guest.get(url("detail", stored)))
    assert "Restore the entry in MLflow" in page_text(by_ada.get(url("detail", stored)))
    assert by_ada.post(url("restore", stored)).status_code == 302
    stored.refresh_from_db()
    assert (stored.state, stored.trouble) == (ModelState.REGISTERING, "")
    shown = page_text(by_ada.post(url("restore", stored), follow=True))
    assert "There is nothing to restore." in shown
