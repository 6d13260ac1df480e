"""A reply's text: the words in it, and what belongs to its sender and to older messages."""

from __future__ import annotations

import re
import unicodedata


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


#: From here on a mail program speaks, or an older message is quoted.
_SIGNATURE = re.compile(
    r"^\s*(--\s*$|__+\s*$|>|sent from my\b|sent via\b|get outlook for\b|envoye de(puis)? mon\b|enviado desde mi\b"
    r"|enviado do meu\b|von meinem .{1,40} gesendet|gesendet von\b|inviato da(l mio)?\b|verzonden (vanaf|met)\b"
    r"|on .{3,120} wrote:|le .{3,120} a ecrit\b|-+ ?original message)",
    re.IGNORECASE | re.MULTILINE,
)
#: A quoted message above the reply to it.
_QUOTE_ABOVE = re.compile(
    r"\A(?:\s*(?:>|(?:on|le|el|am) [^\n]{3,120}(?:wrote|a [e\u00e9]crit|escribi\u00f3|schrieb[^\n]{0,60}) ?:"
    r"[^\n]*\n\s*>)[^\n]*\n)+(?=\s*[^\s>])",
    re.IGNORECASE,
)
#: E-mails come as HTML.
_TAG = re.compile(r"<[^<>]{1,300}>")
#: Under what is meant: a name begins with a capital letter, and these are none.
_NO_NAMES = _listed(
    "a, about, after, all, also, am, an, and, any, april, are, as, ask, at, be, before, but, by, call, "
    "can, cancel, come, coming, could, day, days, december, did, do, does, done, dont, end, for, friday, "
    "from, get, go, going, good, had, has, have, he, help, her, him, his, how, i, if, im, in, is, it, "
    "its, january, july, june, just, later, let, march, may, me, message, messages, monday, month, "
    "morning, my, need, new, next, night, no, not, november, now, october, of, off, on, one, or, our, "
    "out, over, please, point, saturday, see, send, september, she, should, so, some, sorry, start, stop, "
    "sunday, text, texting, texts, thanks, that, the, them, then, there, these, they, this, thursday, "
    "till, time, to, today, tomorrow, tonight, tuesday, until, up, us, wait, want, was, we, wednesday, "
    "week, well, were, what, when, where, who, why, will, with, work, would, year, years, yes, yet, you, "
    "your"
)
_PARTICLES = frozenset(
    ["de", "del", "della", "der", "van", "von", "den", "da", "do", "dos", "la", "le", "y", "e", "bin"]
)
_REGARDS = _listed(
    "regards, kind regards, best regards, best, cheers, thanks, many thanks, thank you, sincerely, love, "
    "merci, cordialement, saludos, gracias, danke, gruss, grusse, mfg, lg, viele grusse, saluti, grazie, "
    "obrigado, obrigada, groeten, groetjes, bedankt"
)
_ADDRESS = re.compile(r"\s*(?:\+?[\d\s().-]{7,}|\S+@\S+\.\S+|(?:https?://|www\.)\S+)\s*")
_LINES_OF_SIGNATURE, _WORDS_OF_NAME, _LETTERS_OF_NAME = 6, 4, 4


def without_quote_above(text: str) -> str:
    """Return a reply without the message above it that it answers."""
    return _QUOTE_ABOVE.sub("", text)


def is_signature(text: str) -> bool:
    """Tell whether a name, a greeting or an address is all that these lines are."""
    lines = [line for line in without_signature(text).split("\n") if line.strip()]
    return (
        0 < len(lines) <= _LINES_OF_SIGNATURE
        and all(_is_name(line) or _is_regards(line) or _ADDRESS.fullmatch(line) for line in lines[:1])
        # Below a name there is a street, too.
        and all(_is_name(line, has_digits=True) or _ADDRESS.fullmatch(line) for line in lines[1:])
    )


def _is_regards(line: str) -> bool:
    return " ".join(plain for plain, _ in word_pairs(line)) in _REGARDS


def _is_name(line: str, *, has_digits: bool = False) -> bool:
    words = line.replace(",", " ").replace(".", " ").split()
    return 0 < len(words) <= _WORDS_OF_NAME and all(_is_of_name(word, has_digits=has_digits) for word in words)


def _is_of_name(word: str, *, has_digits: bool) -> bool:
    bare = word.strip("-'\u2019()&")
    if has_digits and (not bare or bare[0].isdigit()):
        return True
    if bare in _PARTICLES:
        return True
    if not bare or not all(char.isalpha() or char in "-'\u2019" or unicodedata.combining(char) for char in bare):
        return False
    if bare.upper() == bare.lower():  # a script without capital letters
        return len(bare) <= _LETTERS_OF_NAME
    # What is in capital letters throughout may be any word.
    is_capitalised = bare[0].isupper() and (len(bare) == 1 or bare[1:] != bare[1:].upper())
    return is_capitalised and bare.casefold() not in _NO_NAMES


def without_signature(text: str) -> str:
    """Return a reply without what a mail program, a separator or a quoted message adds below it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if number and _SIGNATURE.match(plain_text(_TAG.sub(" ", line))) and "".join(lines[:number]).strip():
            return "\n".join(lines[:number])
    return text


def word_pairs(text: str) -> list[tuple[str, str]]:
    """Return each word of a text in small letters without signs: without its accents, and with them."""
    text = _TAG.sub(" ", text)
    accented = unicodedata.normalize("NFKC", text).replace("'", "").replace("\u2019", "")
    accented = "".join(char for char in accented if unicodedata.category(char) not in ("Mn", "Me", "Cf")).casefold()
    words = "".join(char if unicodedata.category(char)[0] in "LN" else " " for char in accented).split()
    return [(plain_text(word), word) for word in words]


def plain_text(text: str) -> str:
    """Return text in small letters without accents."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Mn", "Me", "Cf"))
    return plain.casefold().replace("\u0111", "d")
