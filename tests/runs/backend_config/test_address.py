from __future__ import annotations

import pytest

from runs.backend_config import same_site
from runs.backend_config.address import site_url_fault

SITE = "https://hpc.example.org:8080/SITE/rest/core"


@pytest.mark.parametrize(
    "other",
    [
        SITE,
        f"{SITE}/",
        f" {SITE} ",
        "HTTPS://HPC.Example.org:8080/SITE/rest/core",
        "https://hpc.example.org.:8080/SITE//rest/core",
    ],
)
def test_it_is_the_same_site_however_it_is_written(other: str) -> None:
    assert same_site(SITE, other)


@pytest.mark.parametrize(
    "other",
    [
        "http://hpc.example.org:8080/SITE/rest/core",
        "https://hpc.example.org/SITE/rest/core",
        "https://hpc.example.org:8080/site/rest/core",
        "https://hpc.example.org:8080/SITE",
        "https://hpc.example.com:8080/SITE/rest/core",
        "",
        "hpc.example.org",
        "https://[::1",
        "https://x:port/",
    ],
)
def test_it_is_another_site(other: str) -> None:
    assert not same_site(SITE, other)


def test_a_port_that_goes_without_saying_does_not_count() -> None:
    assert same_site("https://x/SITE", "https://x:443/SITE")
    assert same_site("http://x/SITE", "http://x:80/SITE")


def test_what_is_no_address_is_not_even_itself() -> None:
    assert not same_site("", "")


@pytest.mark.parametrize("url", [SITE, "http://localhost:8080/rest/core", "https://[::1]:8080/rest/core"])
def test_it_takes_addresses_of_sites(url: str) -> None:
    assert site_url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("hpc.example.org", "is not an http or https address"),
        ("ftp://x/y", "is not an http or https address"),
        ("https:///x", "is not an http or https address"),
        ("https://x:port/", "is not an http or https address"),
        ("https://[::1", "is not an http or https address"),
        ("javascript:alert(1)", "is not an http or https address"),
        ("https://me@x/y", "contains a user name or password"),
        ("https://:pw@x/y", "contains a user name or password"),
        ("https://x/y?z=1", "contains ? or #"),
        ("https://x/y#z", "contains ? or #"),
        ("https://x/a b", "contains a space"),
    ],
)
def test_it_says_what_is_wrong_with_an_address(url: str, words: str) -> None:
    assert words in str(site_url_fault(url))
