"""Every parameter that a page reads from its query, with values at the edge of what a type holds: never a 500.

The pages come from the URL configuration, and the parameters from the code that reads them, while it reads them: a new
one is tried without a line here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import pytest

from tests.hostile import values
from tests.hostile.reading import names_read
from tests.hostile.scene import Scene, people_pages
from tests.mantik.test_links_with_wishes import queries_read
from tests.support.proofs import Proved, sample

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]
# Every parameter that the code names, for those that a page asks for only if another one is there.
NAMED = sorted({key for _, key in queries_read()} - {"*"})
# For who is about to sign in, which the owner has done already.
WITHOUT_US = {"process", "next"}


def parameters(scene: Scene, name: str) -> set[str]:
    """Those that the page reads, whichever others are there."""
    url = scene.url(name)
    with names_read("GET") as found:
        scene.ask("GET", url)
        scene.ask("GET", f"{url}?{urlencode({given: 'x' for given in NAMED if given not in ('tab', 'path')})}")
    return found


# In the gate every second page, on the other database every sixth.
@pytest.mark.parametrize("name", sample(list(people_pages()), one_in=2))
def test_no_query_breaks_a_page(scene: Scene, name: str, proved: Proved) -> None:
    url, asked = scene.url(name), sorted(parameters(scene, name))
    queries = list(_queries(name, asked)) if asked else []
    broken = [(said, scene.broken("GET", f"{url}?{query}")) for said, query in queries]
    wrong = [f"{said}: {how}" for said, how in broken if how]
    proved(queries=len(queries), broken=len(wrong))
    assert wrong == []


def _queries(name: str, parameters: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is tried, and the query for it: each value in all of `parameters`, and the worst in each alone."""
    for value in (*values.some(values.ALL, place=name, one_in=7), *values.WORST):
        yield f"all={values.shown(value)}", urlencode(dict.fromkeys(parameters, value))
    for parameter in parameters:
        alone = [
            *((f"{parameter}={values.shown(value)}", urlencode({parameter: value})) for value in values.alone()),
            *((f"{parameter} several times", query) for query in values.as_lists(parameter)),
        ]
        yield from values.some(alone, place=f"{name} {parameter}")


def test_every_parameter_that_the_code_names_is_tried_at_some_page(scene: Scene) -> None:
    tried = {parameter for name in people_pages() for parameter in parameters(scene, name)}
    assert set(NAMED) - WITHOUT_US <= tried
