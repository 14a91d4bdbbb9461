from __future__ import annotations

import pytest
from django.test import Client

from mantik.accounts.models import User
from projects.models import Membership, Project
from projects.roles import Role
from tests.conftest import ClientOf
from tests.support.factories import join, make_experiment, make_project, make_run
from tests.support.pages import count_queries, page_text

pytestmark = pytest.mark.django_db


def test_the_front_door_leads_to_the_projects(client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/projects/")


@pytest.mark.parametrize("people", ["owner", "maintainer", "researcher", "reporter", "guest"])
def test_every_member_sees_the_overview(client_of: ClientOf, request: pytest.FixtureRequest, people: str) -> None:
    response = client_of(request.getfixturevalue(people)).get("/projects/pv-yield/")
    assert response.status_code == 200
    assert "PV yield" in page_text(response)


def test_a_project_without_runs_says_what_to_do_first(client_of: ClientOf, researcher: User) -> None:
    text = page_text(client_of(researcher).get("/projects/pv-yield/"))
    assert "Add a code repository" in text
    assert "First run" in text


def test_a_guest_is_not_offered_what_a_guest_may_not_do(client_of: ClientOf, guest: User) -> None:
    response = client_of(guest).get("/projects/pv-yield/")
    assert "No runs yet." in page_text(response)
    assert "First steps" not in page_text(response)
    for path in ("/code/add/", "/experiments/add/", "/runs/submissions/add/"):
        assert f'href="/projects/pv-yield{path}"' not in response.content.decode()


def test_a_project_with_runs_shows_the_latest(client_of: ClientOf, project: Project, guest: User) -> None:
    make_run(project=project, name="nightly")
    text = page_text(client_of(guest).get("/projects/pv-yield/"))
    assert "nightly" in text


@pytest.mark.parametrize("path", ["", "code/", "experiments/", "code/add/", "experiments/add/"])
def test_to_an_outsider_a_private_project_does_not_exist(
    client_of: ClientOf, project: Project, outsider: User, operator: User, path: str
) -> None:
    there = client_of(outsider).get(f"/projects/pv-yield/{path}")
    nowhere = client_of(outsider).get(f"/projects/no-such-project/{path}")
    assert there.status_code == nowhere.status_code == 404
    assert "PV yield" not in page_text(there)
    assert client_of(operator).get(f"/projects/pv-yield/{path}").status_code == 404


def test_who_is_signed_out_can_sign_in_and_come_back(
    client: Client, client_of: ClientOf, project: Project, owner: User
) -> None:
    offer = 'href="/accounts/sign-in/?next=/projects/pv-yield/%3Ftab%3Druns"'
    signed_out = client.get("/projects/pv-yield/?tab=runs")
    assert signed_out.status_code == 404
    assert offer in signed_out.content.decode()
    assert "/accounts/sign-in/" not in client_of(owner).get("/projects/no-such-project/").content.decode()


@pytest.mark.parametrize("path", ["", "code/", "experiments/"])
def test_anybody_may_read_a_public_project(client: Client, public_project: Project, path: str) -> None:
    assert client.get(f"/projects/open-data/{path}").status_code == 200


@pytest.mark.parametrize("path", ["code/add/", "experiments/add/"])
def test_who_reads_a_public_project_may_not_add_to_it(
    client: Client, client_of: ClientOf, outsider: User, public_project: Project, path: str
) -> None:
    refused = client_of(outsider).get(f"/projects/open-data/{path}")
    assert refused.status_code == 403
    assert "Only members of Open data may add " in page_text(refused)
    response = client.get(f"/projects/open-data/{path}")
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/sign-in/")


@pytest.mark.parametrize("path", ["code/add/", "experiments/add/"])
@pytest.mark.parametrize("people", ["reporter", "guest"])
def test_a_member_without_the_right_is_told_so(
    client_of: ClientOf, request: pytest.FixtureRequest, people: str, path: str
) -> None:
    client = client_of(request.getfixturevalue(people))
    for response in (
        client.get(f"/projects/pv-yield/{path}"),
        client.post(f"/projects/pv-yield/{path}", {"name": "x"}),
    ):
        assert response.status_code == 403
        assert "Your role in PV yield does not allow you to add " in page_text(response)


def test_a_new_project_belongs_to_who_made_it(client_of: ClientOf, outsider: User) -> None:
    form = {"name": "Ocean Heat", "slug": "", "summary": "Mooring data"}
    response = client_of(outsider).post("/projects/add/", form)
    assert (response.status_code, response["Location"]) == (302, "/projects/ocean-heat/")
    made = Project.objects.get(slug="ocean-heat")
    assert (made.name, made.summary, made.is_public) == ("Ocean Heat", "Mooring data", False)
    assert Membership.objects.get(project=made).user == outsider
    assert Membership.objects.get(project=made).role == Role.OWNER


def test_a_project_can_be_public_from_the_start(client_of: ClientOf, outsider: User) -> None:
    client_of(outsider).post("/projects/add/", {"name": "Ocean Heat", "is_public": "on"})
    assert Project.objects.get(slug="ocean-heat").is_public


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Ocean", "slug": "pv-yield"}, "The address pv-yield is taken. Choose another one."),
        ({"name": "PV yield"}, "The address pv-yield is taken. Choose another one."),
        ({"name": "Add"}, "The address add is taken. Choose another one."),
        ({"name": "Ocean", "slug": "no spaces"}, "slug"),
        ({"name": "海洋"}, "No address can be made from this name."),
        ({"name": "x" * 81}, "at most 80 characters"),
    ],
)
def test_a_wrong_project_form_comes_back_with_a_sentence(
    client_of: ClientOf, project: Project, outsider: User, form: dict[str, str], sentence: str
) -> None:
    response = client_of(outsider).post("/projects/add/", form | {"summary": "kept as it was"})
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert 'value="kept as it was"' in response.content.decode()
    assert Project.objects.count() == 1


def test_an_address_that_is_not_understood_is_not_made_from_the_name(
    client_of: ClientOf, project: Project, outsider: User
) -> None:
    form = {"name": project.name, "slug": "no spaces"}
    assert "is taken" not in page_text(client_of(outsider).post("/projects/add/", form))


def test_a_new_project_needs_a_signed_in_person(client: Client) -> None:
    response = client.get("/projects/add/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/sign-in/?next=/projects/add/")


def test_an_experiment_is_added(client_of: ClientOf, researcher: User, project: Project) -> None:
    response = client_of(researcher).post(
        "/projects/pv-yield/experiments/add/", {"name": "Baseline", "description": "Without weather"}, follow=True
    )
    assert response.redirect_chain == [("/projects/pv-yield/experiments/", 302)]
    text = page_text(response)
    assert "Baseline is ready for runs." in text
    assert "Without weather" in text
    assert project.experiments.get().created_by == researcher


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "This field is required."), ("baseline", '"baseline" is taken by "Baseline" in this project')],
)
def test_a_wrong_experiment_form_comes_back_with_a_sentence(
    client_of: ClientOf, researcher: User, project: Project, name: str, sentence: str
) -> None:
    make_experiment(project=project, name="Baseline")
    response = client_of(researcher).post(
        "/projects/pv-yield/experiments/add/", {"name": name, "description": "kept as it was"}
    )
    assert response.status_code == 422
    assert sentence in page_text(response)
    assert 'value="kept as it was"' in response.content.decode()
    assert project.experiments.count() == 1


def test_the_experiments_show_their_last_run(client_of: ClientOf, guest: User, project: Project) -> None:
    experiment = make_experiment(project=project, name="Baseline")
    make_run(project=project, experiment=experiment)
    response = client_of(guest).get("/projects/pv-yield/experiments/")
    assert "Baseline" in page_text(response)
    assert f"/projects/pv-yield/experiments/{experiment.uuid}/" in response.content.decode()


def test_what_somebody_typed_is_shown_and_never_run(client_of: ClientOf, researcher: User, project: Project) -> None:
    make_experiment(project=project, name="<script>alert(1)</script>")
    content = client_of(researcher).get("/projects/pv-yield/experiments/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content
    assert "<script>alert(1)" not in content


def test_lists_cost_the_same_number_of_queries_however_long_they_are(
    client_of: ClientOf, researcher: User, project: Project
) -> None:
    client = client_of(researcher)
    paths = ("/projects/?show=all", "/projects/pv-yield/", "/projects/pv-yield/experiments/")

    def add(number: int) -> None:
        for _ in range(number):
            join(make_project(), Role.GUEST, researcher)
            make_project(is_public=True)
            make_run(project=project)

    add(5)
    few = {path: count_queries(client, path) for path in paths}
    add(45)
    many = {path: count_queries(client, path) for path in paths}
    assert many == few
    assert max(few.values()) <= 27
