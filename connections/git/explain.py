"""From git's own words to a sentence that says what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connections.git.address import host_of, is_https
from connections.git.errors import GitError


@dataclass(frozen=True)
class _Case:
    code: str
    permanent: bool
    words: re.Pattern[str]
    sentence: str


def _case(code: str, words: str, sentence: str, *, permanent: bool = True) -> _Case:
    return _Case(code, permanent, re.compile(words, re.IGNORECASE), sentence)


# A fingerprint, or the public half of a key.
_KEY = re.compile(r"SHA256:[A-Za-z0-9+/=]+|AAAA[A-Za-z0-9+/=]+")
_UNREACHABLE = "{host} cannot be reached at the moment. Check the address if this goes on."

# The first that matches wins: whatever is wrong with ssh, it also "could not read from remote repository".
_CASES = (
    _case(
        "tls",
        r"SSL|certificate|gnutls|\bTLS\b",
        "The certificate of {host} could not be verified. Ask the operators of the host to renew it, or the "
        "operators of Mantik to trust it.",
    ),
    _case(
        "host.key",
        r"host key verification failed|host identification has changed|no \S+ host key is known",
        "{host} presents a different host key than before.",
    ),
    _case(
        "ssh.not_installed",
        r"cannot run ssh|ssh: not found",
        "The program ssh is not installed where Mantik runs. Ask an operator to install OpenSSH's client.",
        permanent=False,
    ),
    _case(
        "authentication",
        r"authentication failed|could not read (username|password)|returned error: 40[13]|permission denied"
        r"|access denied|invalid credentials|terminal prompts disabled|unable to read askpass",
        "{host} refuses access to {url}. {login}",
    ),
    # From ssh, whose own time limit (ConnectTimeout) may end before MANTIK_GIT_ANSWER_TIMEOUT.
    _case("silent", r"connection (to \S+ port \d+ )?timed out", _UNREACHABLE, permanent=False),
    _case(
        "unreachable",
        r"could not resolve|failed to connect|couldn't connect|connection (refused|(was )?reset)"
        r"|network is unreachable|no route to host|empty reply|early EOF|unexpected disconnect|too slow"
        r"|transfer closed|returned error: (5\d\d|429)",
        _UNREACHABLE,
        permanent=False,
    ),
    _case(
        "redirected",
        r"returned error: 30\d|unable to update url base from redirection|maximum \(0\) redirects",
        "{host} says that {url} has moved. Open it in a browser and use the address it leads to.",
    ),
    _case(
        "not_found",
        r"repository not found|repository '.{0,2000}' not found|repository .{0,2000} does not exist|returned error: 404"
        r"|does not appear to be a git|no such file|project you were looking for",
        "There is no git repository at {url}, or this login may not see it. Check the address. {login}",
    ),
    _case(
        "not_a_repository",
        r"is this a git repository|info/refs not valid|bad line length|protocol error|invalid server",
        "{url} is not a git repository. Use the address that the host shows for cloning.",
    ),
    _case(
        "source.damaged",
        r"fsck error",
        "{url} holds damaged objects. Run git fsck on a clone of it and repair the history.",
    ),
    _case(
        "commit.unknown",
        r"not our ref|unadvertised object|couldn't find remote ref",
        "{url} does not have this commit.",
    ),
    _case(
        "disk_full",
        r"no space left|disk quota exceeded",
        "Mantik has no disk space left for its copies of repositories. Ask an operator to make room.",
        permanent=False,
    ),
    _case(
        "mirror.damaged",
        r"bad object|corrupt|object file .{0,2000} is empty|missing (object|blob|tree|commit)|unable to read"
        r"|not a git repository|did not send all necessary objects",
        "Mantik's copy of {url} is damaged and could not be replaced. Ask an operator to delete this copy; Mantik then "
        "makes a new one.",
        permanent=False,
    ),
    _case("unreachable", r"could not read from remote|unable to access|hung up", _UNREACHABLE, permanent=False),
)
_OTHER = _case("failed", "", "Reading {url} failed: {words}.", permanent=False)


def explain(words: str, *, url: str, token: str, has_login: bool) -> GitError:
    """The error that `words`, which git wrote to stderr, stand for. Its message never holds `token`."""
    # An address or a fingerprint may contain any word: a repository named OpenSSL is no problem of a certificate.
    said = _KEY.sub("", words.replace(url, ""))
    case = next((case for case in _CASES if case.words.search(said)), _OTHER)
    sentence = case.sentence.format(
        host=host_of(url), url=url, login=_advice(url, has_login), words=_last_words(words, token)
    )
    return GitError(sentence, code=case.code, permanent=case.permanent)


def _advice(url: str, has_login: bool) -> str:
    if not is_https(url):
        if has_login:
            return "Add the public key of the connection there, as a deploy key with read access to this repository."
        return "Choose a connection with an SSH key for it."
    if has_login:
        return "Check that the token of the connection is valid and may read this repository."
    return "If the repository is private, choose a connection with a token for it."


def _last_words(words: str, token: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    last = next(
        (line for line in reversed(lines) if line.startswith(("fatal:", "error:"))),
        lines[-1] if lines else "",
    )
    clean = "".join(letter for letter in last.partition(": ")[2] or last if letter.isprintable())
    if token:
        clean = clean.replace(token, "***")
    return clean[:200].rstrip(".") or "git gave no reason"
