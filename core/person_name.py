"""The one reader of people's names: a full name, its parts, or all three, as systems give them."""

from __future__ import annotations

from dataclasses import dataclass

#: Written before a name and no part of it.
_TITLES = frozenset(
    ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "mme", "mlle", "herr", "frau", "sr", "sra"]
)
#: The last word of a company's name.
_COMPANIES = frozenset(
    [
        *("ltd", "limited", "llc", "inc", "corp", "co", "company", "plc", "llp", "pty", "gmbh", "ag", "bv", "sa"),
        *("sarl", "group", "clinic", "services", "team", "office", "reception", "accounts", "store", "shop"),
    ]
)
#: A given name is a word with a letter; longer texts are a company's or a sentence.
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it is shown, and what a text says after "Hi"."""

    full: str
    first: str | None
    last: str | None
    is_complete: bool  #: given and family name


def read_name(full: str | None, first: str | None, last: str | None) -> PersonName | None:
    """Return the name that a record gives, None where it gives none.

    The fullest of what is given is shown: "Rex" and "Rex Recall" are Rex Recall, whose first name is Rex.
    """
    whole, given, family = (_tidied(part) for part in (full, first, last))
    parts = " ".join(filter(None, (given, family)))
    shown = whole if len(whole.split()) > len(parts.split()) or not parts else parts
    if not shown:
        return None
    if "," in shown and not parts:
        shown = _turned(shown)
    if not given and not family:
        given, family = _divided(shown)
    elif given and not family and shown.lower().startswith(f"{given.lower()} "):
        family = shown[len(given) + 1 :]
    elif family and not given and shown.lower().endswith(f" {family.lower()}"):
        given = shown[: -len(family) - 1]
    return PersonName(shown, given or None, family or None, is_complete=bool(given and family))


def _tidied(text: str | None) -> str:
    """Return a part of a name without surplus blanks; nothing for an address or a number in its place."""
    tidy = " ".join(text.split()) if text else ""
    return tidy if "@" not in tidy and any(char.isalpha() for char in tidy) else ""


def _turned(name: str) -> str:
    """Return "Jane Smith" for "Smith, Jane"; a name with several commas stays."""
    last, _, first = name.partition(",")
    return name if "," in first or not first.strip() else f"{first.strip()} {last.strip()}"


def _divided(name: str) -> tuple[str, str]:
    words = name.split()
    while len(words) > 1 and words[0].rstrip(".").lower() in _TITLES:
        words = words[1:]
    if len(words) > _MOST_WORDS or words[-1].strip(".,()").lower() in _COMPANIES:
        return "", ""
    return words[0], " ".join(words[1:])
