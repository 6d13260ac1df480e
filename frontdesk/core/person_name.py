"""The one reader of people's names: a full name, its parts, or all three, as systems give them.

What a booking form takes for a name goes into texts ("Hi Ana"), so who writes a link or a sentence there must not
have it sent on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from frontdesk.core.placeholders import NOBODYS_IDS, id_shape

#: Written before a name and no part of it.
_TITLES = frozenset(
    [
        *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sir", "madam", "mme", "mlle", "herr", "frau"),
        *("sr", "sra", "dra"),
    ]
)
#: Between two titles: "Mr and Mrs Smith".
_BETWEEN_TITLES = frozenset(["and", "&", "und", "et", "y"])
#: The last word of a company's name, whatever stands before it.
_LEGAL_FORMS = frozenset(
    [
        *("ltd", "limited", "llc", "inc", "incorporated", "corp", "corporation", "plc", "llp", "pllc", "pty", "pte"),
        *("gmbh", "srl", "sarl", "bv", "nv"),
    ]
)
#: The last word of what is mostly a company's name; it may also be a family's.
_COMPANIES = _LEGAL_FORMS | {
    *("co", "company", "ag", "sa", "group", "clinic", "services", "team", "office", "reception", "accounts"),
    *("store", "shop"),
}
#: Written after a comma behind a name, and no given name.
_SUFFIXES = frozenset(["jr", "ii", "iii", "iv", "md", "phd", "dds", "dmd", "rn", "cpa", "esq"])
#: A given name is a word with a letter; longer texts are a company's or a sentence.
_MOST_WORDS = 5
#: A text of one part has 160 characters, and a greeting is no place for a stranger's message.
_LONGEST_FIRST = 40
#: The longest names of people are shown whole; what is longer is a note. Pages, tasks and texts show no more of it.
_LONGEST_SHOWN = 200
#: A link, or what phones make one: a scheme, www, or a host with a path or query.
_LINK = re.compile(r"\w://|\bwww\.|\w\.[^\W\d_]{2,}[/?#]|\w\.[^\W\d_]{2,}:\d", re.IGNORECASE)
#: What phones may make a link although it has no path. A company may be called so.
_HOST = re.compile(r"\w\.[^\W\d_]{2,}")
#: Written by programs for want of a part; "Null" is a family name.
_NO_PART = frozenset(["null", "undefined", "nan", "NaN", "None", "n/a", "N/A"])
#: Words that stand where there is no name, alone or together: "test user".
_NOBODYS_WORDS = frozenset(NOBODYS_IDS) | {"testing", "tester", "user", "customer", "client", "patient", "visitor"}
#: Written by forms and pages around a name, and what turns the rest of a text around.
_TAG = re.compile(r"</?[a-z!][^<>]{0,200}>", re.IGNORECASE)
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SIGNS = ("So", "Sk", "Cf")
#: Parts of emoji that are no signs by themselves.
_JOINTS = "\ufe0e\ufe0f\u20e3"


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it is shown, and what a text says after "Hi"."""

    full: str
    first: str | None
    last: str | None
    is_complete: bool  #: given and family name


def read_name(full: str | None, first: str | None, last: str | None) -> PersonName | None:
    """Return the name that a record gives, None if it gives none.

    The fullest of what is given is shown: "Rex" and "Rex Recall" are Rex Recall, whose first name is Rex.
    """
    whole, given, family = _told_apart(*(_tidied(part) for part in (full, first, last)))
    parts = " ".join(filter(None, (given, family)))
    shown = whole if len(whole.split()) > len(parts.split()) or not parts else parts
    if "," in shown and not parts:
        shown = _turned(shown)
    if _is_nobodys(shown):
        return None
    given, family = _parts(shown, given, family)
    given = given[:_LONGEST_FIRST].rstrip()
    family = family[:_LONGEST_SHOWN].rstrip()
    return PersonName(
        shown[:_LONGEST_SHOWN].rstrip(), given or None, family or None, is_complete=bool(given and family)
    )


def _tidied(text: str | None) -> str:
    """Return a part of a name without surplus blanks, emoji and tags; nothing for an address, a link or a number."""
    if not text:
        return ""
    plain = _TAG.sub("", _TURNING.sub("", text))
    tidy = _without_signs(" ".join(word for word in plain.split() if word not in _NO_PART))
    seen = "".join(char for char in unicodedata.normalize("NFKC", tidy) if unicodedata.category(char) != "Cf")
    is_name = "@" not in seen and any(char.isalpha() for char in seen)
    return tidy if is_name and not _LINK.search(seen.replace("\u3002", ".")) else ""


def _without_signs(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_sign(text[start]):
        start += 1
    while start < end and _is_sign(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_sign(char: str) -> bool:
    return char == " " or char in _JOINTS or unicodedata.category(char) in _SIGNS


def _told_apart(whole: str, given: str, family: str) -> tuple[str, str, str]:
    """Return the three with neither part in the other: who is asked for both writes the full name twice."""
    if given and given.lower() == family.lower():
        if " " in given:
            return max(whole, given, key=len), "", ""
        # Thomas Thomas is a name, unless its full name is Thomas.
        return whole, given, "" if whole.lower() == given.lower() else family
    if given.lower().endswith(f" {family.lower()}"):
        return whole, given[: -len(family) - 1], family
    if given and family.lower().startswith(f"{given.lower()} "):
        return whole, given, family[len(given) + 1 :]
    return whole, given, family


def _is_nobodys(name: str) -> bool:
    """Tell whether a name is what is typed for want of one, or a title alone."""
    words = _untitled(name.split())
    if not any(char.isalpha() for word in words for char in word):
        return True
    shape = id_shape(" ".join(words).replace(":", " "))
    # pandas writes nan, people are called Nan.
    return name != "Nan" and (shape in _NOBODYS_WORDS or all(id_shape(word) in _NOBODYS_WORDS for word in words))


def _turned(name: str) -> str:
    """Return "Jane Smith" for "Smith, Jane"; companies, suffixes and names with several commas stay."""
    last, _, first = name.partition(",")
    words = [_bare(word) for word in first.split()]
    if not words or "," in first or words[-1] in _COMPANIES or all(word in _SUFFIXES for word in words):
        return name
    return f"{first.strip()} {last.strip()}".strip()


def _parts(shown: str, given: str, family: str) -> tuple[str, str]:
    """Return what a text says after "Hi", and the family name."""
    is_told = bool(given or family)
    if _bare(shown.rsplit(maxsplit=1)[-1]) in (_LEGAL_FORMS if is_told else _COMPANIES):
        return "", ""
    if not is_told:
        given, family = _divided(shown)
    elif given and not family and shown.lower().startswith(f"{given.lower()} "):
        family = shown[len(given) + 1 :]
    elif family and not given and shown.lower().endswith(f" {family.lower()}"):
        given = shown[: -len(family) - 1]
    words = given.split()
    untitled = _untitled(words)
    if len(untitled) == 1 and len(untitled) < len(words) and not family:
        untitled, family = [], untitled[0]
    given = " ".join(untitled)
    is_said = any(char.isalpha() for char in given) and not _HOST.search(unicodedata.normalize("NFKC", given))
    return given if is_said else "", family


def _divided(name: str) -> tuple[str, str]:
    words = name.split()
    untitled = _untitled(words)
    if len(untitled) > _MOST_WORDS:
        return "", ""
    if len(untitled) == 1 and len(words) > 1:
        return "", untitled[0]
    names = [word for word in untitled if any(char.isalpha() for char in word)]
    return names[0], " ".join(names[1:])


def _untitled(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) and (_bare(words[start]) in _TITLES or (start and words[start] in _BETWEEN_TITLES)):
        start += 1
    return words[start:]


def _bare(word: str) -> str:
    """Return a word as those above are written: L.L.C. is llc."""
    return word.replace(".", "").strip(",()").casefold()
