"""Makes a site's words fit to be stored and shown: printable, bounded, and without secrets.

A site with a batch system writes the whole batch script into the job's log, exported variables included.
"""

from __future__ import annotations

import re

from mantik.lib import token_form

REDACTED = "[redacted]"
# Letters of a text in which secrets are looked for: more than any sentence that is shown or stored.
MOST_REDACTED = 16_000
_SCRIPT = re.compile(r"(Command is:).*", re.DOTALL | re.IGNORECASE)
_EXPORT = re.compile(
    r"""(\b(?:export|setenv|declare\s+-x|set\s+-gx)\s+[A-Za-z_]\w*(?:=|\s+)) (?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s;]+)""",
    re.VERBOSE,
)
# A whole word and its value. Whether the word tells of a secret is looked at afterwards: an expression that looks for
# telling words inside of words does so from each of their letters.
_ASSIGNMENT = re.compile(
    r"""(?<![\w.-]) (?P<name>[\w.-]+) (?P<sign>["']?\s*[=:]\s*)
        (?!\[redacted\]) (?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s;,&}\]]+)""",
    re.VERBOSE,
)
_TELLING = re.compile(r"passw|passphrase|secret|token|credential|api_?key|private_?key|access_?key", re.IGNORECASE)
_HEADER = re.compile(r"\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_JWT = re.compile(r"()\beyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_OWN_TOKEN = re.compile(rf"({token_form.SHOWN}){token_form.SECRET}")
_USERINFO = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clean(text: str, *, limit: int = 4000) -> str:
    """`text` without control characters and lone surrogates, which databases and terminals do not accept.

    It has at most `limit` characters.
    """
    text = _UNPRINTABLE.sub("", text[: limit * 2].replace("\r\n", "\n")).strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def redact(text: str) -> str:
    """`text` with batch scripts, exported variables, and whatever is named or looks like a credential, blanked.

    Of a long text only the beginning is left, because looking for secrets takes its time: nothing is shown unseen.
    """
    if len(text) > MOST_REDACTED:
        # Without its last word, which may be half a secret that no longer looks like one.
        text = "".join(text[:MOST_REDACTED].rsplit(maxsplit=1)[:-1])
    text = _SCRIPT.sub(rf"\1 {REDACTED}", text)
    for pattern in (_HEADER, _JWT, _OWN_TOKEN, _USERINFO, _EXPORT):
        text = pattern.sub(rf"\1{REDACTED}", text)
    return _ASSIGNMENT.sub(_without_secret, text)


def _without_secret(found: re.Match[str]) -> str:
    is_secret = _TELLING.search(found["name"]) and not found.string.endswith("Security ", 0, found.start())
    return f"{found['name']}{found['sign']}{REDACTED}" if is_secret else found[0]


def plain(words: str) -> str:
    """The words as a sentence, without the names of Java classes, which mean nothing to a member."""
    kept = [word for word in words.removeprefix("Processing failed: ").split() if not _is_java_class(word)]
    text = " ".join(kept)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _is_java_class(word: str) -> bool:
    name = word.removesuffix(":")
    return "." in name and name != word and name.endswith(("Exception", "Error"))


def quoted(words: str | None) -> str:
    """` It says: ...` to follow a sentence, or nothing."""
    return f" It says: {plain(words)}" if words else ""
