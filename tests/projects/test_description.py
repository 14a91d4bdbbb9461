"""A project's description: Markdown in, harmless HTML out."""

from __future__ import annotations

import pytest

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.lib.markdown import render
from mantik.templatetags import mantik_ui
from projects.forms import MAX_DESCRIPTION
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.pages import page_text

SETTINGS = "/projects/pv-yield/settings/"
PREVIEW = f"{SETTINGS}preview/"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("###### Small", "<h6>Small</h6>"),
        ("**yes** ~~no~~", "<strong>yes</strong> <s>no</s>"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("|a|\n|-|\n|1|", "<td>1</td>"),
        ("[x](https://example.org)", '<a href="https://example.org" rel="nofollow noopener noreferrer">x</a>'),
        (
            "![a curve](https://example.org/c.png)",
            'href="https://example.org/c.png" rel="nofollow noopener noreferrer">a curve</a>',
        ),
        (
            "[![logo](a.png)](https://example.org)",
            '<a href="https://example.org" rel="nofollow noopener noreferrer">logo</a>',
        ),
    ],
)
def test_markdown_is_rendered(written: str, shown: str) -> None:
    assert shown in render(written)


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '[x](https://example.org "onmouseover=alert(1)\\" x")',
        "<style>*{display:none}</style>",
        "<iframe src=https://example.org></iframe>",
        "`` <b onclick=alert(1)> ``",
    ],
)
def test_nothing_that_is_written_does_anything(written: str) -> None:
    html = render(written)
    for tag in ("<script", "<img", "<style", "<iframe", "<b "):
        assert tag not in html.lower()
    assert 'href="javascript' not in html.lower()
    assert 'href="data' not in html.lower()
    assert " onmouseover=" not in html.lower().replace('title="onmouseover=alert(1)&quot; x"', "")


@pytest.mark.django_db
def test_a_maintainer_describes_the_project(client_of: ClientOf, maintainer: User, project: Project) -> None:
    client = client_of(maintainer)
    form = {"name": "PV yield", "description": "# Aim\n\nTo know *the yield*."}
    assert client.post(SETTINGS, form).status_code == 302
    content = client.get("/projects/pv-yield/").content.decode()
    assert "<h3>Aim</h3>" in content
    assert "<em>the yield</em>" in content
    event = AuditEvent.objects.get(verb="project.edited")
    assert (event.before, event.after) == ({"description": "0 characters"}, {"description": "27 characters"})


@pytest.mark.django_db
def test_the_preview_shows_what_it_would_become_and_stores_nothing(
    client_of: ClientOf, maintainer: User, project: Project
) -> None:
    client = client_of(maintainer)
    form = {"name": "Other name", "description": "So **bold**", "labels": "x"}
    fragment = client.post(PREVIEW, form, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip() == '<div class="prose"><p>So <strong>bold</strong></p>\n</div>'
    page = client.post(PREVIEW, form).content.decode()
    assert "<strong>bold</strong>" in page
    assert 'value="Other name"' in page
    assert "So **bold**" in page
    project.refresh_from_db()
    assert (project.name, project.description) == ("PV yield", "")


@pytest.mark.django_db
def test_a_description_has_its_limit(client_of: ClientOf, maintainer: User, project: Project) -> None:
    response = client_of(maintainer).post(SETTINGS, {"name": "PV yield", "description": "x" * 20_001})
    assert response.status_code == 422
    assert "at most 20000 characters" in page_text(response)
    assert "x" * 20_001 in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("htmx", [{}, {"HX-Request": "true"}])
def test_the_preview_takes_no_longer_texts_than_the_form(
    client_of: ClientOf, project: Project, owner: User, htmx: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(mantik_ui, "render_markdown", drawn.append)
    long = "*" * (MAX_DESCRIPTION + 1)
    answer = client_of(owner).post(PREVIEW, {"description": long}, headers=htmx)
    assert "The description has 20,001 characters; at most 20,000 are allowed. Shorten it." in page_text(answer)
    assert long not in drawn
