"""The new-run form: what it stores, and what it says to input that is wrong."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.code import mirrors
from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from tests.runs.conftest import NOWHERE
from tests.support import factories
from tests.support.full_database import full_database
from tests.support.world import World

pytestmark = pytest.mark.django_db


def filled_in(world: World, **changes: Any) -> dict[str, Any]:
    """What a browser posts for a form that is right."""
    fields = {
        "name": "first light",
        "experiment": str(world.experiment.uuid),
        "code_repository": str(world.code.uuid),
        "branch": "main",
        "mlproject_path": "MLproject",
        "backend_config_path": "unicore.yaml",
        "connection": str(world.connection.uuid),
        "compute_budget_account": "demo",
        "entry_point": "main",
        "param-marks": "/tmp/marks",
        "param-seconds": "1.5",
        "param-code": "0",
    }
    return fields | changes


def post(member: Client, world: World, **changes: Any) -> Any:
    return member.post(reverse("runs:new", args=[world.project.slug]), filled_in(world, **changes))


def refused(member: Client, world: World, **changes: Any) -> str:
    """The text of the page that comes back, having checked that nothing was stored."""
    answer = post(member, world, **changes)
    assert answer.status_code == 422
    assert not Run.objects.exists()
    return unescape(answer.content.decode())


def test_run_stores_everything_that_is_needed_to_repeat_it(member: Client, world: World) -> None:
    answer = post(member, world)

    run = Run.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("runs:detail", args=[world.project.slug, run.uuid])
    assert (run.state, run.name, run.created_by) == (RunState.PENDING, "first light", world.user)
    assert run.commit_sha == world.repository.git("rev-parse", "HEAD")
    assert run.commit_subject == "First light"
    assert (run.entry_point, run.parameters["seconds"]) == ("main", "1.5")
    assert run.mlproject_content == (world.repository.path / "MLproject").read_text()
    assert run.backend_config_content == (world.repository.path / "unicore.yaml").read_text()
    assert (run.queue, run.nodes, run.cpus) == ("batch", 1, 2)
    assert run.compute_budget_account == "demo"
    assert [event.kind for event in run.events.all()] == ["state.pending"]


def test_the_same_form_sent_twice_is_one_run(member: Client, world: World) -> None:
    key = hidden_key(member, world)
    first, again = (post(member, world, idempotency_key=key) for _ in range(2))
    assert (first.status_code, first.url) == (again.status_code, again.url) == (302, first.url)
    assert Run.objects.count() == 1


def test_who_goes_back_and_changes_the_form_gets_another_run(member: Client, world: World) -> None:
    key = hidden_key(member, world)
    post(member, world, idempotency_key=key)
    post(member, world, idempotency_key=key, name="another")
    post(member, world, idempotency_key=hidden_key(member, world))
    assert Run.objects.count() == 3


def test_the_form_of_a_run_that_was_deleted_says_so(member: Client, world: World) -> None:
    key = hidden_key(member, world)
    post(member, world, idempotency_key=key)
    Run.objects.all().delete()
    assert "The run that this form started was deleted." in refused(member, world, idempotency_key=key)


def hidden_key(member: Client, world: World) -> str:
    """As the form has it, also when it comes back because something is wrong in it."""
    page = member.get(reverse("runs:new", args=[world.project.slug])).content.decode()
    key = str(re.findall(r'name="idempotency_key" value="([^"]+)"', page)[0])
    assert f'value="{key}"' in post(member, world, idempotency_key=key, name="").content.decode()
    return key


def test_the_tag_is_stored_before_anything_is_sent(member: Client, world: World) -> None:
    post(member, world)

    run = Run.objects.get()
    assert run.submission_tag == f"mantik-{run.uuid}"
    assert run.posted_at is None


def test_a_folder_stands_for_the_mlproject_in_it(member: Client, world: World) -> None:
    world.repository.write("training/MLproject", (world.repository.path / "MLproject").read_text())
    world.repository.commit("Move")
    refetch(world)

    assert post(member, world, mlproject_path="training/").status_code == 302
    assert Run.objects.get().mlproject_path == "training/MLproject"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("branch", "mian", "has no branch 'mian'. Did you mean main?"),
        ("mlproject_path", "ml/MLproject", "There is no file ml/MLproject in commit"),
        ("mlproject_path", "../MLproject", "leads out of the code repository"),
        ("backend_config_path", "unicore.yml", "There is no file unicore.yml in commit"),
        ("backend_config_path", "MLproject", "MLproject"),
        ("entry_point", "mian", "has no entry point 'mian'. Did you mean main?"),
        ("param-code", "three", "code"),
        ("param-marks", "", "marks is missing"),
        ("name", "", "This field is required"),
        ("compute_budget_account", "", "This field is required"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_typed_is_lost(
    member: Client, world: World, field: str, value: str, sentence: str
) -> None:
    page = refused(member, world, **{field: value})

    assert sentence in page
    assert 'value="first light"' in page or field == "name"
    assert 'value="demo"' in page or field == "compute_budget_account"


def test_a_config_for_another_site_is_refused_with_both_addresses(member: Client, world: World) -> None:
    world.repository.write(
        "other.yaml", "UnicoreApiUrl: https://elsewhere.example.org/SITE/rest/core\nResources: {Queue: batch}\n"
    )
    world.repository.commit("Elsewhere")
    refetch(world)

    page = refused(member, world, backend_config_path="other.yaml")

    assert "https://elsewhere.example.org/SITE/rest/core" in page
    assert NOWHERE in page


def test_a_broken_mlproject_is_refused_with_what_to_change(member: Client, world: World) -> None:
    world.repository.write("MLproject", "entry_points:\n  main: 5\n")
    world.repository.commit("Break it")
    refetch(world)

    page = refused(member, world)

    assert "main" in page
    assert "Traceback" not in page


def test_somebody_elses_connection_does_not_exist_in_the_form(member: Client, world: World) -> None:
    other = factories.make_connection(site=world.site)

    page = refused(member, world, connection=str(other.uuid))

    assert "Select a valid choice" in page
    assert other.name not in page


def test_a_code_repository_of_another_project_cannot_be_chosen(member: Client, world: World) -> None:
    other = factories.make_code_repository()

    assert "Select a valid choice" in refused(member, world, code_repository=str(other.uuid))


def test_a_repository_that_was_never_fetched_says_so(member: Client, world: World) -> None:
    fresh = factories.make_code_repository(project=world.project, created_by=world.user)

    assert "has not been read yet; a worker is fetching it" in refused(member, world, code_repository=str(fresh.uuid))


def test_the_form_comes_up_with_the_first_choices_and_their_parameters(member: Client, world: World) -> None:
    page = member.get(reverse("runs:new", args=[world.project.slug])).content.decode()

    assert 'name="param-marks"' in page
    assert 'name="param-seconds"' in page
    assert '<option value="main"' in page


def test_run_again_fills_in_what_the_earlier_run_had(member: Client, world: World) -> None:
    run = world.start_run("nightly", parameters={"seconds": "7.25"})

    page = member.get(reverse("runs:new", args=[world.project.slug]), {"from": str(run.uuid)}).content.decode()

    assert 'value="nightly"' in page
    assert 'value="7.25"' in page


def test_a_fresh_form_stands_on_what_the_member_used_last(member: Client, world: World) -> None:
    world.start_run("nightly", account="acc_sol", parameters={"seconds": "7.25"})

    page = member.get(reverse("runs:new", args=[world.project.slug])).content.decode()

    assert 'value="acc_sol"' in page
    assert 'value="unicore.yaml"' in page
    assert 'value="nightly"' not in page
    assert 'value="7.25"' not in page


def test_a_connection_is_named_with_its_site(member: Client, world: World) -> None:
    page = unescape(member.get(reverse("runs:new", args=[world.project.slug])).content.decode())

    assert f"{world.connection.name} · {world.site.name}" in page


def test_run_again_of_a_run_elsewhere_is_an_empty_form(member: Client, world: World) -> None:
    elsewhere = factories.make_run(name="secret-name")

    answer = member.get(reverse("runs:new", args=[world.project.slug]), {"from": str(elsewhere.uuid)})

    assert answer.status_code == 200
    assert "secret-name" not in answer.content.decode()


def test_the_preview_shows_commit_resources_and_the_exact_script(member: Client, world: World) -> None:
    url = reverse("runs:new-preview", args=[world.project.slug])

    answer = member.post(url, filled_in(world), headers={"HX-Request": "true"})

    page = unescape(answer.content.decode())
    assert answer.status_code == 200
    assert world.repository.git("rev-parse", "HEAD")[:7] in page
    assert "1 node, 2 CPUs per node, 10 min, batch" in page
    assert "echo started >> /tmp/marks/$MANTIK_RUN_ID" in page
    assert "<html" not in page
    assert not Run.objects.exists()


def test_the_preview_says_what_run_would_refuse(member: Client, world: World) -> None:
    url = reverse("runs:new-preview", args=[world.project.slug])

    answer = member.post(url, filled_in(world, **{"param-code": "three"}), headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "three" in unescape(answer.content.decode())


def test_the_preview_without_javascript_is_the_whole_page(member: Client, world: World) -> None:
    answer = member.post(reverse("runs:new-preview", args=[world.project.slug]), filled_in(world))

    assert answer.status_code == 200
    assert "</html>" in answer.content.decode()


def test_a_project_without_code_says_what_must_exist_first(world: World) -> None:
    project = factories.make_project()
    researcher = factories.join(project, Role.RESEARCHER)
    client = Client()
    client.force_login(researcher)

    page = client.get(reverse("runs:new", args=[project.slug])).content.decode()

    assert reverse("projects:code-add", args=[project.slug]) in page
    assert reverse("connections:add") in page
    assert reverse("projects:experiment-add", args=[project.slug]) in page


@pytest.mark.parametrize(
    ("role", "status"), [(Role.GUEST, 403), (Role.REPORTER, 403), (Role.RESEARCHER, 200), (None, 404)]
)
def test_who_may_open_the_form(world: World, role: Role | None, status: int) -> None:
    user = factories.join(world.project, role) if role else factories.make_user()
    client = Client()
    client.force_login(user)

    assert client.get(reverse("runs:new", args=[world.project.slug])).status_code == status


def test_signed_out_people_are_sent_to_sign_in(world: World) -> None:
    answer = Client().get(reverse("runs:new", args=[world.project.slug]))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def refetch(world: World) -> None:
    from projects.code import mirrors

    mirrors.fetch_or_raise(world.code, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_run_that_finds_no_room_is_not_stored_and_its_form_keeps_what_was_typed(member: Client, world: World) -> None:
    # Longer than what is left in any page of the database.
    world.repository.write("MLproject", f"{(world.repository.path / 'MLproject').read_text()}# {'long ' * 1800}\n")
    world.repository.commit("Explain it at length")
    mirrors.fetch_or_raise(world.code, now=timezone.now())
    key = {"idempotency_key": "0b9b8a0e-5d0c-4d8f-9f57-2f6d3f1f1c11"}
    with full_database("runs_run"):
        answer = post(member, world, name="second light", **key)
        page = unescape(answer.content.decode())
        assert answer.status_code == 503
        assert "There is no disk space left for the database. Nothing was stored." in page
        assert 'value="second light"' in page
        assert 'value="/tmp/marks"' in page
        # The form itself can be opened, too.
        assert member.get(reverse("runs:new", args=[world.project.slug])).status_code == 200
    assert not Run.objects.exists()
    assert post(member, world, name="second light", **key).status_code == 302
    assert Run.objects.get().name == "second light"
