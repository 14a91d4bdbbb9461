"""Makes a site's words fit to be stored and shown: printable, bounded, and without secrets.

A site with a batch system writes the whole batch script into the job's log, exported variables included.
"""

from __future__ import annotations

import re

from mantik.lib import token_form

REDACTED = "[redacted]"
_SCRIPT = re.compile(r"(Command is:).*", re.DOTALL | re.IGNORECASE)
_EXPORT = re.compile(
    r"""(\b(?:export|setenv|declare\s+-x|set\s+-gx)\s+[A-Za-z_]\w*(?:=|\s+)) (?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s;]+)""",
    re.VERBOSE,
)
_ASSIGNMENT = re.compile(
    r"""((?<!Security\ )\b[\w.-]{0,60}(?:passw|passphrase|secret|token|credential|api_?key|private_?key|access_?key)
        [\w.-]{0,60}["']?\s*[=:]\s*) (?!\[redacted\]) (?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s;,&}\]]+)""",
    re.VERBOSE | re.IGNORECASE,
)
_HEADER = re.compile(r"\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_JWT = re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
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
    """`text` with batch scripts, exported variables, and whatever is named or looks like a credential, blanked."""
    text = _SCRIPT.sub(rf"\1 {REDACTED}", text)
    for pattern in (_HEADER, _JWT, _OWN_TOKEN, _USERINFO, _EXPORT, _ASSIGNMENT):
        text = pattern.sub(rf"\1{REDACTED}", text)
    return text


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
