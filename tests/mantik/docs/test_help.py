"""Every page and every empty state leads to the right place in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from mantik.accounts.models import User
from mantik.docs.help import PLACES, place_of, url_of
from projects.models import Project
from tests.conftest import ClientOf
from tests.mantik.docs.walking import is_there
from tests.matrix.addresses import pages
from tests.support.places import TOP

TEMPLATES = TOP / "templates"
EMPTY_STATE = "components/empty_state.html"
# What answers programs.
NO_PAGES = {"healthz", "readyz", "metrics", "notify", "whoami", "tracking"}


def is_page(name: str) -> bool:
    # What the admin has without a name only leads on.
    return not name.startswith(("docs:", "tracking", "admin/")) and name not in NO_PAGES


def named_pages() -> list[str]:
    return [name for name in pages() if is_page(name)]


@pytest.mark.parametrize("place", sorted(set(PLACES.values())))
def test_every_place_is_in_the_docs(place: str) -> None:
    assert is_there(url_of(place))


def test_a_place_that_is_not_there_would_be_found() -> None:
    assert not is_there(url_of("nothing"))
    assert not is_there(url_of("runs#nothing"))


def test_every_page_has_a_place_in_the_docs() -> None:
    assert [name for name in named_pages() if not place_of(name)] == []


def test_every_line_of_the_table_is_for_some_page() -> None:
    assert [start for start in PLACES if not any(name.startswith(start) for name in pages())] == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("schedules:add", "schedules#adding-a-schedule"),
        ("schedules:add-preview", "schedules#adding-a-schedule"),
        ("projects:code-host-key", "code#with-a-deploy-key-over-ssh"),
        ("projects:member-group-role", "projects#groups"),
        ("docs:page", ""),
        ("", ""),
        ("no-such-page", ""),
    ],
)
def test_of_several_lines_the_longest_counts(name: str, place: str) -> None:
    assert place_of(name) == place


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/projects/", "/docs/projects/#name-description-labels"),
        ("/projects/pv-yield/", "/docs/start/"),
        ("/projects/pv-yield/runs/submissions/add/", "/docs/runs/#starting-a-run"),
        ("/settings/connections/add/", "/docs/connections/#which-kind"),
        ("/settings/account/sessions/", "/docs/account/#sessions"),
        ("/no-such-page/", "/docs/"),
    ],
)
def test_a_page_leads_to_its_place(client_of: ClientOf, owner: User, project: Project, path: str, url: str) -> None:
    content = client_of(owner).get(path).content.decode()
    assert f'href="{url}"' in content
    assert ">Help<" in content


@pytest.mark.django_db
def test_who_is_not_signed_in_finds_the_docs_from_the_sign_in_page(client: Client) -> None:
    assert '<a href="/docs/account/#signing-in">Help</a>' in client.get("/accounts/sign-in/").content.decode()


@pytest.mark.django_db
def test_an_operator_finds_theirs_from_the_admin(client_of: ClientOf, operator: User) -> None:
    content = client_of(operator).get("/admin/connections/site/").content.decode()
    assert '<a href="/docs/operators/#adding-a-site">Help</a>' in content


def includes_of_empty_states() -> list[tuple[str, str]]:
    """(template, the tag) of each."""
    tag = re.compile(r"{% include \"" + re.escape(EMPTY_STATE) + r"\".*?%}")
    return [(_name(path), found) for path in TEMPLATES.rglob("*.html") for found in tag.findall(path.read_text())]


def _name(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def test_every_empty_state_has_its_place_in_the_docs() -> None:
    includes = includes_of_empty_states()
    assert len(includes) > 25
    places = [(name, re.search(r'\bdocs="([^"]+)"', tag)) for name, tag in includes]
    assert [name for name, place in places if not place or not is_there(url_of(place[1]))] == []


def test_nothing_else_draws_an_empty_state() -> None:
    drawn = {_name(path) for path in TEMPLATES.rglob("*.html") if 'class="empty' in path.read_text()}
    # Of the rows it is what a filter has left nothing of.
    assert drawn == {EMPTY_STATE, "components/rows.html"}


def test_every_other_link_of_a_template_into_the_docs_leads_somewhere() -> None:
    tag = re.compile(r"{% docs_url ['\"]([^'\"]*)['\"] %}")
    found = [place for path in TEMPLATES.rglob("*.html") for place in tag.findall(path.read_text())]
    assert found
    assert [place for place in found if not is_there(url_of(place))] == []
