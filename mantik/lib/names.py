"""Names that people give: which of them count as the same, what is wrong with one, and free names for copies.

A table has a unique column for the key of each name (`mantik/lib/name_keys.py`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, count

# The longest key. NFKC and case folding can make one character into several, eighteen at most.
LONGEST_KEY = 200

# Small letters, because keys are. A letter is here if in usual fonts its capital or its small form is drawn as that of
# the Latin letter is. No two letters of one alphabet have the same Latin letter, or two words that nobody confuses
# would count as one: so the Kazakh and Tatar letters that are drawn like others of theirs are left out.
LOOK_ALIKE = {
    # Cyrillic: the letters of Russian and its neighbours, then rare ones.
    **dict(zip("авеніјкморстухѕ", "abehijkmopctyxs", strict=True)),
    **dict(zip("ԁԛԝѵӏ", "dqwvl", strict=True)),  # noqa: RUF001
    # Greek. Eta and nu are here for their capitals; the small ones are drawn like n and v.
    **dict(zip("αβεζηικμνορτυχ", "abezhikmnoptyx", strict=True)),
    "ϳ": "j",  # noqa: RUF001
    # Turkish: the capital of the letter without a dot is I.
    "ı": "i",  # noqa: RUF001
}
_LATIN = str.maketrans(LOOK_ALIKE)
# As the sign of a millionth, alone or before Latin letters, it must not count as m: "5 μs" is not "5 ms".
_MICRO = re.compile(r"(?<![Ͱ-Ͽ])μ(?![Ͱ-Ͽ])")
# Of what these scripts write, some letters are drawn alike. All others may stand in one word with Latin letters, as
# they do where words have no spaces between them.
_ALPHABETS = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "COPTIC": "Coptic",
    "ARMENIAN": "Armenian",
    "CHEROKEE": "Cherokee",
    "LISU": "Lisu",
}
# Characters that are not drawn and that are not in the categories of control and format characters.
_NOT_DRAWN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def name_key(text: str) -> str:
    """What is equal for names that count as the same: those that differ in nothing but

    - capitals, and how a character is encoded (NFKC: full-width letters, ligatures, composed accents),
    - spaces: how many and which, and those at the ends,
    - characters that are not drawn, such as the space of no width,
    - letters that look alike (`LOOK_ALIKE`).

    At most LONGEST_KEY characters; of a longer one, its beginning and a digest of it.
    """
    key = " ".join(_drawn(_latin(_folded(text))).split())
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[: LONGEST_KEY - len(digest) - 1]}\t{digest}"


def problem_with(name: str) -> str:
    """What is wrong with a new name of any kind, as a sentence; "" for a good one."""
    if not name_key(name):
        return "A name needs at least one character that can be seen. Enter another name."
    for word in _words(unicodedata.normalize("NFKC", name)):
        if problem := _mixed(word, name):
            return problem
    return ""


def free_name(name: str, ending: str, *, taken: Iterable[str], most: int) -> str:
    """ "nightly copy", else "nightly copy 2" and so on: the first that counts as the same as none that is `taken`.

    Only the first `most` characters of `name` are kept, so that there is room in the column for the rest.
    """
    known = {name_key(one) for one in taken}
    first = f"{name[:most].rstrip()} {ending}"
    wished = chain([first], (f"{first} {number}" for number in count(2)))
    return next(one for one in wished if name_key(one) not in known)


def _folded(text: str) -> str:
    once = unicodedata.normalize("NFKC", text).casefold()
    # Folding can leave what is not normal any more. Apart, a letter is found under its accents.
    return unicodedata.normalize("NFKD", once).casefold()


def _latin(folded: str) -> str:
    kept = _MICRO.sub("\0", folded.replace("\0", ""))
    # Folding makes two characters of a capital I with a dot.
    latin = kept.translate(_LATIN).replace("\0", "μ").replace("i\u0307", "i")
    return unicodedata.normalize("NFC", latin)


def _drawn(text: str) -> str:
    return "".join(" " if one.isspace() else one for one in _NOT_DRAWN.sub("", text) if not _is_hidden(one))


def _is_hidden(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) in ("Cc", "Cf")


def _words(name: str) -> Iterator[str]:
    """The runs of letters, digits and their marks; a character that is not drawn parts no word."""
    word = ""
    for one in _drawn(name):
        if one.isalnum() or unicodedata.category(one).startswith("M"):
            word += one
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _mixed(word: str, name: str) -> str:
    """The sentence about a word of letters from alphabets that look alike; "" if there are no two."""
    alphabets = {one: alphabet for one in word if (alphabet := _alphabet(one))}
    found = list(alphabets.values())
    if len(set(found)) < 2:
        return ""
    most = max(dict.fromkeys(found), key=lambda alphabet: sum(alphabets.get(one) == alphabet for one in word))
    odd = next(one for one in word if alphabets.get(one, most) != most)
    where = f'In "{word}", the' if word == name else f'In the word "{word}" of this name, the'
    return (
        f"{where} character {word.index(odd) + 1}, {odd}, is a {_ALPHABETS[alphabets[odd]]} letter among "
        f"{_ALPHABETS[most]} ones. It could be taken for one of them. Write the whole word in one alphabet, or part "
        "the letters by a space or hyphen."
    )


def _alphabet(character: str) -> str:
    """That of a letter that could be taken for one of another alphabet; "" for all other characters."""
    script = unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""
    if script == "GREEK" and (character == "μ" or _base(character) not in LOOK_ALIKE):
        # Δt, λmax, μm
        return ""
    return script if script in _ALPHABETS else ""


def _base(character: str) -> str:
    """The letter, small and without accents."""
    return _folded(character)[:1]
