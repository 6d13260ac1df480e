"""A reply's text: the words in it, and what belongs to its sender and to older messages."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


#: From here on a mail program speaks, or an older message is quoted.
_SIGNATURE = re.compile(
    r"^\s*(--\s*$|__+\s*$|>|sent from my\b|sent via\b|get outlook for\b|envoye de(puis)? mon\b|enviado desde mi\b"
    r"|enviado do meu\b|von meinem .{1,40} gesendet|gesendet von\b|inviato da(l mio)?\b|verzonden (vanaf|met)\b"
    r"|on .{3,120} wrote ?:|le .{3,120} a ecrit\b|el .{3,120} escribio ?:|am .{3,120} schrieb\b"
    r"|il .{3,120} ha scritto ?:|em .{3,120} escreveu ?:|op .{3,120} schreef\b|vao .{3,120} da viet ?:"
    r"|.{3,120}(\u5199\u9053|\u5beb\u9053) ?[:\uff1a]|.{3,120}\u0643\u062a\u0628.{0,80}:$"
    r"|[-*_]+ ?(original message|forwarded message|message d.?origine|message original|message transfere"
    r"|mensaje original|ursprungliche nachricht|originalnachricht|messaggio originale|mensagem original"
    r"|oorspronkelijk bericht|thu goc|\u539f\u59cb\u90ae\u4ef6|\u539f\u59cb\u90f5\u4ef6))",
    re.IGNORECASE | re.MULTILINE,
)
#: A quoted message above the reply to it.
_QUOTE_ABOVE = re.compile(
    r"\A(?:\s*(?:>|(?:on|le|el|am) [^\n]{3,120}(?:wrote|a [e\u00e9]crit|escribi\u00f3|schrieb[^\n]{0,60}) ?:"
    r"[^\n]*\n\s*>)[^\n]*\n)+(?=\s*[^\s>])",
    re.IGNORECASE,
)
#: A mail program's lines above an older message, the second of two: "From: …", "Sent: …".
_HEADER = re.compile(r"^\s*\*?(from|de|von|da|van|tu)\*? ?: ?\*?.{2,}", re.IGNORECASE)
_HEADER_BELOW = re.compile(
    r"^\s*\*?(sent|date|to|envoye|a|enviado|fecha|para|gesendet|datum|an|inviato|data|verzonden|aan|gui)\*? ?:",
    re.IGNORECASE,
)
_IS_HTML = re.compile(r"<(?:br|div|p|html|body|blockquote|table|meta|style|head)(?:[\s/][^<>]*)?>", re.IGNORECASE)
#: Elements by which mail programs enclose an older message, and those below which everything is older.
_QUOTING = re.compile(
    r"gmail_(?:quote|attr|extra)|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote|zmail_extra|quoted-text"
    r"|cite"
)
_REST_IS_QUOTED = re.compile(r"divrplyfwdmsg|appendonsend|stopspelling|outlookmessageheader|mail-editor-reference")
_UNSEEN = frozenset(["style", "script", "head", "title"])
_BLOCKS = frozenset(["br", "p", "div", "tr", "li", "hr", "table", "h1", "h2", "h3"])
#: Of an e-mail with its markup; nobody's own words begin below.
_LONGEST_HTML = 50_000
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
#: "On Tuesday, the clinic <desk@clinic.example>", whose "wrote:" is on the next line.
_OPENING = re.compile(r"^\s*(on|le|el|am|il|em|op|vao)\b.*(\d|,|<)")
_LINES_OF_SIGNATURE, _WORDS_OF_NAME, _LETTERS_OF_NAME = 6, 4, 4


class _OwnWords(HTMLParser):
    """Gathers the text of an e-mail outside of what it quotes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipped: str | None = None  #: the element that is left out
        self._depth = 0
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped is not None:
            self._depth += tag == self._skipped
            return
        marks = " ".join(value.lower() for name, value in attrs if name in ("class", "id", "type", "name") and value)
        self._is_over = self._is_over or _REST_IS_QUOTED.search(marks) is not None
        if tag in _UNSEEN or tag == "blockquote" or (tag in ("div", "span", "table") and _QUOTING.search(marks)):
            self._skipped, self._depth = tag, 1
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped == tag:
            self._depth -= 1
            if not self._depth:
                self._skipped = None
                self.parts.append("\n")
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._skipped is None and not self._is_over:
            self.parts.append(" ".join(re.split(r"[ \t\r\n]+", data)))


def own_words(text: str) -> str:
    """Return the text of an e-mail's HTML without the messages that it quotes; other text as it is."""
    if not _IS_HTML.search(text[:_LONGEST_HTML]):
        return text
    reader = _OwnWords()
    reader.feed(text[:_LONGEST_HTML])
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


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
        if (
            number
            and _is_below_own(line, "".join(lines[number + 1 : number + 2]))
            and "".join(lines[:number]).strip()
        ):
            return "\n".join(lines[:number])
    return text


def _is_below_own(line: str, following: str) -> bool:
    """Tell whether a mail program speaks in a line; what it says of an older message may take two."""
    plain, below = (plain_text(_TAG.sub(" ", part)) for part in (line, following))
    if _SIGNATURE.match(plain) or (_HEADER.match(plain) and _HEADER_BELOW.match(below)):
        return True
    return bool(_OPENING.match(plain)) and bool(_SIGNATURE.match(f"{plain.strip()} {below.strip()}"))


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
