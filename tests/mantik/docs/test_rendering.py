"""Markdown of the docs as HTML: what git hosts show, in our look, and nothing that a browser would refuse."""

from __future__ import annotations

import pytest

from mantik.docs.rendering import Entry, Section, Target, read_contents, render

KNOWN = {
    "runs.md": Target("/docs/runs/", "Starting runs"),
    "runs.md#the-end": Target("/docs/runs/#the-end", "Starting runs"),
    "#here": Target("#here"),
    "pictures/run.png": Target("/static/docs/run.png"),
    "https://else.example.org/run.png": Target("https://else.example.org/run.png", is_ours=False),
}


def html_of(text: str) -> str:
    return str(render(f"# Title\n\n{text}", resolve=KNOWN.get).html)


def test_the_title_is_the_heads_and_not_the_bodys() -> None:
    rendered = render("# *All* of it\n\nText.", resolve=KNOWN.get)
    assert rendered.title == "All of it"
    assert "All" not in rendered.html


@pytest.mark.parametrize("text", ["", "Text before a title.", "## Too small"])
def test_a_page_without_a_title_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="begins with its title"):
        render(text, resolve=KNOWN.get)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("~~no~~", "<s>no</s>"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[runs](runs.md)", '<a href="/docs/runs/">runs</a>'),
        ("[runs.md](runs.md#the-end)", '<a href="/docs/runs/#the-end">Starting runs</a>'),
        ("[end](runs.md#the-end)", '<a href="/docs/runs/#the-end">end</a>'),
        ("[here](#here)", '<a href="#here">here</a>'),
        (
            "![A run](pictures/run.png)",
            '<img src="/static/docs/run.png" alt="A run" class="docs-picture" loading="lazy"',
        ),
        ("![A run](https://else.example.org/run.png)", "<p>A run</p>"),
        ("![A run](pictures/gone.png)", "<p>A run</p>"),
        ("[LICENSE](LICENSE) and [runs](runs.md)", '<code>LICENSE</code> and <a href="/docs/runs/">runs</a>'),
    ],
)
def test_text_is_shown(written: str, shown: str) -> None:
    assert shown in html_of(written)


def test_headings_have_anchors_as_git_hosts_make_them_and_lead_to_themselves() -> None:
    html = html_of("## What is `refused`?\n\n## Twice\n\n### Twice\n")
    assert '<h2 id="what-is-refused"><a href="#what-is-refused">What is <code>refused</code>?</a></h2>' in html
    assert '<h2 id="twice">' in html
    assert '<h3 id="twice-1"><a href="#twice-1">Twice</a></h3>' in html


def test_sections_are_headings_with_their_words() -> None:
    first, second = "# Title\n\nA [b](runs.md)\nc.\n\n", "## Next\n\n- d\n- `e`\n\n```sh\nf --g\n```\n\n"
    text = f"{first}{second}### Last\n\n| h | i |\n|---|---|\n| j | k |\n"
    assert render(text, resolve=KNOWN.get).sections == (
        Section("Title", "", 1, "A b c."),
        Section("Next", "next", 2, "d e f --g"),
        Section("Last", "last", 3, "h i j k"),
    )


def test_code_is_drawn_by_the_component_with_a_name_and_a_copy_button() -> None:
    html = html_of('## Restore\n\n```sh\necho "<x>"\n```\n')
    assert 'class="code-text"' in html
    assert 'aria-label="Commands: Restore"' in html
    assert 'data-copy="echo &quot;&lt;x&gt;&quot;"' in html


def test_a_table_scrolls_by_itself_has_a_name_and_no_style() -> None:
    html = html_of("## Roles\n\n| | may | n |\n|---|:-:|--:|\n| a | x | 1 |\n")
    assert 'tabindex="0" role="group" aria-label="Table: Roles"><table>' in html
    assert "</table>\n</div>" in html
    assert '<th class="is-center">may</th>' in html
    assert '<td class="is-right">1</td>' in html
    assert "style=" not in html


def test_a_heading_of_a_column_that_is_empty_is_none() -> None:
    html = html_of("| | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<th></th>" not in html
    assert html.count("<th>") == html.count("</th>") == 1


def test_contents_are_the_links_below_each_heading() -> None:
    lines = ["# Docs", "- [no](a.md): before", "## One", "Words.", "- [A b](a.md): what it says: all", "- [B](../B.md)"]
    text = "\n\n".join([*lines, "## Two"])
    assert read_contents(text) == [
        ("One", [Entry("a.md", "A b", "what it says: all"), Entry("../B.md", "B", "")]),
        ("Two", []),
    ]
