from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from connections.git.address import check_url
from connections.git.errors import GitError


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/group/code.git",
        "https://git.example.org:8443/a/b/c",
        "ssh://git@git.example.org:2222/group/code.git",
        "ssh://git.example.org/group/code.git",
        "git@github.com:group/code.git",
    ],
)
def test_it_accepts_the_addresses_that_git_hosts_show(url: str, settings: Settings) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = False
    assert refusal_of(url) == ""


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "https://"),
        ("http://github.com/group/code.git", "unencrypted"),
        ("git://github.com/group/code.git", "not supported"),
        ("ftp://example.org/x", "not supported"),
        ("HTTPS://example.org/x", "not supported"),
        ("ext::sh -c id", "spaces"),
        ("ext::id", "not the address"),
        ("fd::7", "not the address"),
        ("--upload-pack=id", "spaces"),
        ("ssh://-oProxyCommand=id/x", "hyphen"),
        ("git@host:-x", "not the address"),
        ("-oProxyCommand=x:y", "spaces"),
        ("code", "not the address"),
        ("../code", "not the address"),
        ("https://github.com", "names no repository"),
        ("https:///group/code", "names no repository"),
        ("https://example.org:99999/x", "cannot be read"),
        ("https://[::1/x", "cannot be read"),
        ("https://faß.test/group/code", "with xn--"),
        ("ssh://git@faß.test/group/code", "with xn--"),
        ("git@gitfaß.test:group/code", "with xn--"),
        ("https://example.org/x?private_token=abc", "Remove that part"),
        ("https://example.org/x#main", "Remove that part"),
        ("https://example.org/x\n", "spaces"),
        ("file:///srv/code.git", "MANTIK_GIT_ALLOW_LOCAL"),
        ("/srv/code.git", "MANTIK_GIT_ALLOW_LOCAL"),
    ],
)
def test_it_refuses_other_addresses_and_says_why(url: str, word: str, settings: Settings) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = False
    with pytest.raises(GitError, match=word) as caught:
        check_url(url)
    assert caught.value.code == "url.refused"
    assert caught.value.permanent


@pytest.mark.parametrize(
    "url", ["https://me:s3cret@example.org/x", "https://s3cret@example.org/x", "ssh://a:s3cret@h/x"]
)
def test_it_refuses_a_token_in_the_address_without_repeating_it(url: str) -> None:
    with pytest.raises(GitError, match="put the token in a connection") as caught:
        check_url(url)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("url", ["/srv/code.git", "file:///srv/code.git"])
def test_it_accepts_local_repositories_where_that_is_allowed(url: str, settings: Settings) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    assert refusal_of(url) == ""


def refusal_of(url: str) -> str:
    """The sentence, or nothing if the address is accepted."""
    try:
        check_url(url)
    except GitError as error:
        return error.message
    return ""
