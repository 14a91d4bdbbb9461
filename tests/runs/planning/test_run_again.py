"""Run again: each value that the link names is filled in, or refused by name. None is replaced by another."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connections.models import Connection
from projects.code import mirrors
from projects.models import CodeRepository
from projects.roles import Role
from projects.services.code_repositories import CodeLink, delete_code_repository, edit_code_repository
from projects.services.experiments import InUse, delete_experiment
from runs.models import Run
from runs.services import delete_run
from runs.states import RunState
from tests.connections.git.repository import Repository
from tests.support import factories
from tests.support.fetching import fetch
from tests.support.forms import as_browser_posts, said_at
from tests.support.pages import page_text
from tests.support.world import MLPROJECT, World

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    """`spoil` makes a value of the run unavailable. The form has `words` at `field`, which still shows `shown`."""

    spoil: Callable[[World, Run], object]
    at: str
    words: tuple[str, ...]
    shown: str
    reader: Callable[[World], Any] = field(default=lambda world: world.user)


def refetch(world: World) -> None:
    mirrors.fetch_or_raise(world.code, now=timezone.now())


def lose_branch(world: World, run: Run) -> None:
    world.repository.git("branch", "-D", "trial")
    refetch(world)


def change(path: str, content: str) -> Callable[[World, Run], None]:
    """Both branches get it, so the branch that replaces the other has the same fault."""

    def spoil(world: World, run: Run) -> None:
        world.repository.git("checkout", "--quiet", "trial")
        if content:
            world.repository.write(path, content)
        else:
            (world.repository.path / path).unlink()
        world.repository.commit("Change")
        refetch(world)

    return spoil


def lead_elsewhere(world: World, run: Run) -> None:
    other = Repository(world.repository.path.with_name("other"))
    for path in ("MLproject", "unicore.yaml"):
        other.write(path, (world.repository.path / path).read_text())
    other.commit("Elsewhere")
    other.git("branch", "trial")
    move_link(world, str(other.path))
    refetch(world)


def move_link(world: World, url: str) -> None:
    """Change the address, as somebody who may edit the code repository does."""
    edit_code_repository(
        repository=world.code,
        actor=world.user,
        link=CodeLink(world.code.name, url, CodeRepository.Platform(world.code.platform), connection=None),
        now=timezone.now(),
    )


def unlink(world: World, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED)
    delete_code_repository(repository=world.code, actor=world.user)
    factories.make_code_repository(project=world.project, created_by=world.user, name="what-is-left")


def nothing(world: World, run: Run) -> None:
    """The choice is available to one reader, and not to another."""


def colleague(world: World) -> Any:
    user = factories.join(world.project, Role.RESEARCHER)
    factories.make_connection(owner=user, site=world.site, name="of-mine")
    return user


def colleague_after_a_new_name(world: World) -> Any:
    user = colleague(world)
    world.site.name = "As it is called now"
    world.site.save()
    return user


CASES = {
    "branch": Case(lose_branch, "branch", ("has no branch 'trial'", "Did you mean main?"), "trial"),
    "entry point": Case(
        change("MLproject", MLPROJECT.replace("  main:", "  train:")),
        "entry_point",
        ("MLproject has no entry point 'main'", "train"),
        "main",
    ),
    "MLproject": Case(
        change("MLproject", ""), "mlproject_path", ("There is no file MLproject in commit",), "MLproject"
    ),
    "parameter": Case(
        change("MLproject", MLPROJECT.replace("seconds", "duration")),
        "param-seconds",
        ("seconds is not a parameter of the entry point main", "duration"),
        "7.25",
    ),
    "new parameter": Case(
        change("MLproject", MLPROJECT.replace("      code:", "      seed: {type: int}\n      code:")),
        "param-seed",
        ("seed is missing. The entry point main needs an int for it.",),
        "",
    ),
    "config": Case(
        change("unicore.yaml", ""), "backend_config_path", ("There is no file unicore.yaml in commit",), "unicore.yaml"
    ),
    "code repository": Case(unlink, "code_repository", ("was deleted", "Choose what-is-left."), ""),
    "address": Case(lead_elsewhere, "code_repository", ("has changed from ", "/code to ", "/other. "), ""),
    "connection": Case(
        lambda world, _: world.connection.delete(),
        "connection",
        ("that the run used was deleted. You have no connection to Site",),
        "",
    ),
    "connection of somebody else": Case(
        nothing, "connection", ("The run used a connection of ", "only they can use. Choose of-mine."), "", colleague
    ),
    "connection to a site with another name by now": Case(
        nothing,
        "connection",
        ("The run used a connection of ", "only they can use. Choose of-mine."),
        "",
        colleague_after_a_new_name,
    ),
}


@pytest.fixture
def run(world: World) -> Run:
    """On a branch of its own, with a value that is no default."""
    world.repository.git("branch", "trial")
    refetch(world)
    return world.start_run("nightly", branch="trial", parameters={"seconds": "7.25"})


def address(world: World, name: str = "new") -> str:
    return reverse(f"runs:{name}", args=[world.project.slug])


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_gone_is_said_in_place_and_run_does_not_go_through(world: World, run: Run, case: Case) -> None:
    case.spoil(world, run)
    client = signed_in(case.reader(world))

    form = client.get(address(world), {"from": str(run.uuid)})
    posted = as_browser_posts(form)
    told = said_at(form, case.at)

    assert form.status_code == 200
    assert all(words in told for words in case.words), told
    assert posted[case.at] == case.shown
    assert posted["param-seconds"] == "7.25"
    assert "Filled in from the run “nightly”, but not everything is available any more." in page_text(form)

    refused = client.post(address(world), posted)

    assert refused.status_code == 422
    assert said_at(refused, case.at) == told
    assert as_browser_posts(refused)["param-seconds"] == "7.25"
    assert list(Run.objects.all()) == [run]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("query", ["", "?only=preview"])
@pytest.mark.parametrize("is_live", [True, False])
def test_no_preview_replaces_it_or_takes_the_sentence_away(
    world: World, run: Run, case: Case, query: str, is_live: bool
) -> None:
    """The page asks again after somebody has changed the name; every other field is as the link had it."""
    case.spoil(world, run)
    client = signed_in(case.reader(world))
    first = client.get(address(world), {"from": str(run.uuid)})
    told = said_at(first, case.at)
    posted = as_browser_posts(first)

    headers = {"HX-Request": "true"} if is_live else {}
    preview = client.post(address(world, "new-preview") + query, posted | {"name": "renamed"}, headers=headers)

    answered = as_browser_posts(preview)
    assert answered.get(case.at, posted[case.at]) == case.shown
    if case.at in answered:
        assert said_at(preview, case.at) == told
    after = posted | answered | {"name": "renamed"}
    assert client.post(address(world), after).status_code == 422
    assert list(Run.objects.all()) == [run]


def test_what_is_all_there_is_filled_in_and_runs(world: World, member: Client, run: Run) -> None:
    form = member.get(address(world), {"from": str(run.uuid)})

    assert "not everything is available any more" not in page_text(form)
    assert member.post(address(world), as_browser_posts(form)).status_code == 302
    again = Run.objects.latest("pk")
    for column in ("name", "branch", "commit_sha", "entry_point", "parameters", "backend_config_path", "connection_id"):
        assert getattr(again, column) == getattr(run, column)


def test_a_branch_that_has_gone_on_says_which_commit_the_run_had(world: World, member: Client, run: Run) -> None:
    change("notes.txt", "new")(world, run)

    text = page_text(member.get(address(world), {"from": str(run.uuid)}))

    head = world.repository.git("rev-parse", "trial")
    assert f"nightly used commit {run.commit_sha[:7]}; trial is now at {head[:7]}." in text


def test_once_somebody_has_chosen_it_goes_through(world: World, member: Client, run: Run) -> None:
    lose_branch(world, run)
    posted = as_browser_posts(member.get(address(world), {"from": str(run.uuid)}))

    assert member.post(address(world), posted | {"branch": "main"}).status_code == 302
    assert (Run.objects.latest("pk").branch, Run.objects.latest("pk").parameters["seconds"]) == ("main", "7.25")


def test_code_that_is_elsewhere_now_can_be_chosen_again(world: World, member: Client, run: Run) -> None:
    lead_elsewhere(world, run)
    posted = as_browser_posts(member.get(address(world), {"from": str(run.uuid)}))

    assert member.post(address(world), posted | {"code_repository": str(world.code.uuid)}).status_code == 302
    assert Run.objects.latest("pk").code_url.endswith("/other")


def test_a_parameter_that_is_gone_is_left_out_by_hand(world: World, member: Client, run: Run) -> None:
    CASES["parameter"].spoil(world, run)
    posted = as_browser_posts(member.get(address(world), {"from": str(run.uuid)}))

    preview = member.post(address(world, "new-preview"), posted | {"leave_out": "yes"})
    left = as_browser_posts(preview)

    assert "param-seconds" not in left
    assert left["param-duration"] == "0"
    assert member.post(address(world), left).status_code == 302
    assert "seconds" not in Run.objects.latest("pk").parameters


def test_values_are_kept_while_the_entry_point_is_not_known(world: World, member: Client, run: Run) -> None:
    """A branch that is gone has no entry points; choosing another brings the typed fields back."""
    lose_branch(world, run)
    posted = as_browser_posts(member.get(address(world), {"from": str(run.uuid)}))
    assert (posted["param-seconds"], posted["param-marks"]) == ("7.25", str(world.marks))

    preview = member.post(address(world, "new-preview"), posted | {"branch": "main"}, headers={"HX-Request": "true"})

    answered = as_browser_posts(preview)
    assert (answered["param-seconds"], answered["param-marks"]) == ("7.25", str(world.marks))
    assert said_at(preview, "branch") == ""


def test_code_that_is_led_elsewhere_while_the_form_is_open_is_not_run_unseen(
    world: World, member: Client, run: Run
) -> None:
    posted = as_browser_posts(member.get(address(world), {"from": str(run.uuid)}))
    lead_elsewhere(world, run)

    # A preview says so, and none of those to come forgets it.
    for _ in range(2):
        preview = member.post(address(world, "new-preview"), posted, headers={"HX-Request": "true"})
        assert "since this form was opened" in said_at(preview, "code_repository")
        posted |= as_browser_posts(preview)
    refused = member.post(address(world), posted)

    assert refused.status_code == 422
    assert "/other. Check the preview" in said_at(refused, "code_repository")
    assert list(Run.objects.all()) == [run]
    assert member.post(address(world), as_browser_posts(refused)).status_code == 302
    assert Run.objects.latest("pk").code_url.endswith("/other")


# The run itself


def gone(world: World) -> str:
    run = world.start_run("secret-name")
    Run.objects.filter(pk=run.pk).update(state=RunState.CANCELLED)
    run.refresh_from_db()
    delete_run(run=run, actor=world.user, now=timezone.now())
    return str(run.uuid)


@pytest.mark.parametrize(
    "asked",
    [
        gone,
        lambda _: str(factories.make_run(name="secret-name").uuid),
        lambda _: str(uuid.uuid4()),
        lambda _: "x",
    ],
    ids=["deleted", "elsewhere", "never was", "nonsense"],
)
def test_a_run_that_is_not_there_is_said_at_the_top_and_nothing_is_chosen(
    world: World, member: Client, asked: Callable[[World], str]
) -> None:
    named = asked(world)
    world.start_run("my last one")
    count = Run.objects.count()

    form = member.get(address(world), {"from": named})
    posted = as_browser_posts(form)

    told = "it was deleted, or the link is wrong. The form is not filled in; choose what to run."
    assert told in page_text(form)
    assert "secret-name" not in page_text(form)
    chosen = ("name", "experiment", "code_repository", "branch", "entry_point", "connection", "backend_config_path")
    assert [posted.get(name, "") for name in chosen] == [""] * len(chosen)

    refused = member.post(address(world), posted)
    assert refused.status_code == 422
    assert told in page_text(refused)
    assert Run.objects.count() == count


def test_an_experiment_that_runs_belong_to_is_not_deleted(world: World, run: Run) -> None:
    """So no link can name an experiment that is deleted."""
    with pytest.raises(InUse):
        delete_experiment(experiment=world.experiment, actor=world.user, now=timezone.now())


# Without a link


def test_a_first_visit_goes_on_choosing_what_there_is(world: World, member: Client, run: Run) -> None:
    """A new form proposes what the member used last; that is not a choice of theirs."""
    lose_branch(world, run)

    form = member.get(address(world))

    assert as_browser_posts(form)["branch"] == "main"
    assert said_at(form, "branch") == ""


def test_another_repository_brings_another_default_and_says_so(world: World, member: Client) -> None:
    other = Repository(world.repository.path.with_name("second"))
    other.write("MLproject", "entry_points:\n  fit:\n    parameters: {rounds: {default: 7}}\n    command: 'true'\n")
    other.commit("First")
    other.git("branch", "-M", "develop")
    code = factories.make_code_repository(project=world.project, created_by=world.user, url=str(other.path))
    mirrors.fetch_or_raise(code, now=timezone.now())
    first = as_browser_posts(member.get(address(world)))

    preview = member.post(
        address(world, "new-preview"), first | {"code_repository": str(code.uuid)}, headers={"HX-Request": "true"}
    )

    answered = as_browser_posts(preview)
    assert (answered["branch"], answered["entry_point"], answered["param-rounds"]) == ("develop", "fit", "7")
    assert "param-seconds" not in answered
    text = page_text(preview)
    assert f"{code.name} has no branch main, so its default branch develop was chosen." in text
    assert "MLproject has no entry point main, so fit was chosen." in text


def test_what_a_member_has_chosen_is_not_replaced_either(world: World, member: Client, run: Run) -> None:
    world.start_run("on main")
    first = as_browser_posts(member.get(address(world)))
    lose_branch(world, run)

    chosen = first | {"branch": "trial", "param-seconds": "3"}
    preview = member.post(address(world, "new-preview"), chosen, headers={"HX-Request": "true"})

    assert as_browser_posts(preview)["branch"] == "trial"
    assert "has no branch 'trial'" in said_at(preview, "branch")
    assert as_browser_posts(preview)["param-seconds"] == "3"


def test_a_connection_deleted_meanwhile_leaves_the_field_open(world: World, member: Client) -> None:
    factories.make_connection(owner=world.user, site=world.site, name="another")
    posted = as_browser_posts(member.get(address(world))) | {"name": "x", "backend_config_path": "unicore.yaml"}
    gone = Connection.objects.get(uuid=posted["connection"])
    gone.delete()

    refused = member.post(address(world), posted)

    assert refused.status_code == 422
    assert as_browser_posts(refused)["connection"] == ""


def test_a_repository_that_cannot_be_read_says_why(world: World, member: Client) -> None:
    missing = str(world.repository.path.with_name("not-there"))
    code = factories.make_code_repository(project=world.project, created_by=world.user, url=missing)
    fetch(code, now=timezone.now())

    posted = as_browser_posts(member.get(address(world))) | {"code_repository": str(code.uuid)}
    preview = member.post(address(world, "new-preview"), posted, headers={"HX-Request": "true"})

    assert f"There is no git repository at {missing}" in said_at(preview, "code_repository")
    assert "a worker is fetching it" not in page_text(preview)
