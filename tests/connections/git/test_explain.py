"""Git's own words, as git 2.39 and OpenSSH write them."""

from __future__ import annotations

import pytest

from connections.git.explain import explain

HTTPS = "https://git.example.org/openssl/tls.git"
SSH = "ssh://git@git.example.org/group/code.git"


@pytest.mark.parametrize(
    ("words", "code", "permanent"),
    [
        (
            f"fatal: unable to access '{HTTPS}/': Could not resolve host: git.example.org",
            "unreachable",
            False,
        ),
        (
            f"fatal: unable to access '{HTTPS}/': Failed to connect to git.example.org port 443 after 1 ms: "
            "Couldn't connect to server",
            "unreachable",
            False,
        ),
        (f"fatal: unable to access '{HTTPS}/': The requested URL returned error: 502", "unreachable", False),
        (f"fatal: unable to access '{HTTPS}/': GnuTLS recv error (-110)", "tls", True),
        (
            f"fatal: unable to access '{HTTPS}/': server certificate verification failed. CAfile: none",
            "tls",
            True,
        ),
        (f"remote: Not Found\nfatal: repository '{HTTPS}/' not found", "not_found", True),
        ("remote: Repository not found.\nfatal: Authentication failed", "authentication", True),
        (
            "fatal: could not read Username for 'https://git.example.org': terminal prompts disabled",
            "authentication",
            True,
        ),
        (
            f"fatal: unable to access '{HTTPS}/': The requested URL returned error: 403",
            "authentication",
            True,
        ),
        ("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "unreachable", False),
        ("fatal: write error: No space left on device", "disk_full", False),
        ("error: object 12ab: badTree: x\nfatal: fsck error in packed object", "source.damaged", True),
        ("fatal: bad object refs/heads/main", "mirror.damaged", False),
        ("fatal: something that nobody has seen before", "failed", False),
        ("", "failed", False),
    ],
)
def test_it_tells_the_cause_of_a_failure_over_https(words: str, code: str, permanent: bool) -> None:
    error = explain(words, url=HTTPS, token="", has_login=False)
    assert (error.code, error.permanent) == (code, permanent)
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("words", "code", "permanent"),
    [
        (
            "git@example.org: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            "authentication",
            True,
        ),
        (
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            "host.key",
            True,
        ),
        (
            "The fingerprint for the ED25519 key sent by the remote host is\n"
            "SHA256:4sSlxGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8.\n"
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            "host.key",
            True,
        ),
        (
            "ssh: connect to host git.example.org port 22: Connection refused\n"
            "fatal: Could not read from remote repository.",
            "unreachable",
            False,
        ),
        (
            "ssh: Could not resolve hostname git.example.org: Name or service not known\n"
            "fatal: Could not read from remote repository.",
            "unreachable",
            False,
        ),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
            "not_found",
            True,
        ),
    ],
)
def test_it_tells_the_cause_of_a_failure_over_ssh(words: str, code: str, permanent: bool) -> None:
    error = explain(words, url=SSH, token="", has_login=False)
    assert (error.code, error.permanent) == (code, permanent)


def test_unknown_words_are_passed_on_short_and_without_the_token() -> None:
    words = f"remote: x\nfatal: strange thing with s3cret in it {'x' * 500}\n\x1b[31m"
    error = explain(words, url=HTTPS, token="s3cret", has_login=True)
    assert "strange thing with *** in it" in error.message
    assert len(error.message) < 350
    assert error.message.isprintable()


@pytest.mark.parametrize("words", ["fatal: Authentication failed", "remote: Repository not found."])
def test_advice_depends_on_how_one_logs_in(words: str) -> None:
    assert "choose a connection with a token" in explain(words, url=HTTPS, token="", has_login=False).message
    assert "token of the connection" in explain(words, url=HTTPS, token="x", has_login=True).message
    assert "SSH key" in explain(words, url=SSH, token="", has_login=False).message
