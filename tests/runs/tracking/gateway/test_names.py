"""The names by which programs find experiments."""

from __future__ import annotations

import pytest

from projects.models import Project
from projects.roles import Role
from tests.runs.tracking.gateway.asking import API, Call, ask, token_of_member
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("projects", "end"), [(2, "p1/Baseline."), (11, "p9/Baseline and others.")])
def test_a_name_that_several_projects_have_is_refused_with_where_it_is(projects: int, end: str) -> None:
    user = factories.make_user()
    for number in range(projects):
        project: Project = factories.make_project(slug=f"p{number if number < 10 else 'x'}")
        factories.join(project, Role.RESEARCHER, user)
        factories.make_experiment(project=project, name="Baseline")
    call = Call("GET", f"{API}experiments/get-by-name", {"experiment_name": "Baseline"})
    answer = ask(token_of_member(user), call)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "Several projects have an experiment Baseline. Name one of them: p0/Baseline, " in answer.text
    assert end in answer.text


def test_a_name_that_only_looks_like_one_of_mlflows_is_not_there() -> None:
    call = Call("GET", f"{API}experiments/get-by-name", {"experiment_name": f"a/b ({'-' * 36})"})
    assert ask(token_of_member(factories.make_user()), call).status == 404
