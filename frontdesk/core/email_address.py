"""The one reader of e-mail addresses: import, webhooks, API and SQL read an address alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

_LONGEST = 1_000
#: What can't stand in an address without quotes, which no form asks for.
_OUTSIDE = r"\s@<>()\[\],;:\"\u201c\u201d\u201e\u00ab\u00bb|"
_ADDRESS = re.compile(rf"[^{_OUTSIDE}]+@[^{_OUTSIDE}]+")
_ANGLED = re.compile(r"<\s*(?:mailto:)?([^<>]*)>", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()@]*\)")
_MAILTO = re.compile(r"^mailto:", re.IGNORECASE)
#: Around a whole address: what mail programs, lists and hurried hands leave there.
_EDGES = " .,;:!?'`\u2018\u2019\u00b4\"\u201c\u201d\u201e\u00ab\u00bb<>()[]|"
_TOP_LEVEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{2,59}")
#: What stands in SMTP's commands without quotes (RFC 5321, 4.1.2).
_MAILABLE_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_MAILABLE_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_FULL_WIDTH = re.compile(r"[\uff01-\uff5e]")

#: Local parts that are typed where there is no address, letters and digits alone.
_NOBODYS_NAMES = frozenset(
    [
        *("noemail", "noemailaddress", "noemailgiven", "noemailprovided", "nomail", "nomailaddress", "noaddress"),
        *("emailnotprovided", "notprovided", "donotemail", "dontemail", "noreply", "donotreply"),
        *("none", "null", "unknown", "undefined", "nobody", "placeholder", "notgiven", "nonegiven", "noneprovided"),
        *("declined", "declinedemail", "emaildeclined", "refused", "refusedemail", "emailrefused", "notapplicable"),
        *("donthave", "donthaveone", "donthaveemail", "donthaveanemail", "doesnthave", "doesnthaveone", "dontknow"),
        *("idonthave", "idonthaveone", "idonthaveemail", "idonthaveanemail", "didnotprovide", "didnotgive"),
        *("asdf", "asdfasdf", "asdfghjkl", "qwertyuiop"),
    ]
)
#: Names of domains, without their ending, that are typed where there is no address.
_NOBODYS_DOMAINS = frozenset(
    [
        *("none", "noemail", "nomail", "nowhere", "noreply", "unknown", "placeholder", "notgiven", "notprovided"),
        *("declined", "refused", "donthave", "donthaveone", "noaddress", "noemailaddress"),
    ]
)
#: Typed where there is no address, at a provider of everybody's, which gives out no name so short, or at another.
_NOBODYS_KEYS = frozenset(
    [
        *("no", "na", "nil", "non", "n", "x", "xx", "xxx", "xxxx", "asd", "asdf", "qwe", "qwerty", "aaa", "zzz"),
        *("1", "12", "123", "1234", "12345", "123456", "111", "000", "none", "nope"),
    ]
)
_EVERYBODYS_DOMAINS = frozenset(
    ["email", "mail", "gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "aol", "live"]
)
#: Between a name and a country: declined.com.au.
_SECOND_LEVELS = frozenset(["com", "co", "net", "org"])
#: Local part and domain alike are typed where there is no address: test@test.com, a@a.com, abc@abc.com.
_FILLERS = frozenset(
    [
        *("test", "testing", "fake", "email", "mail", "no", "na", "x", "xx", "xxx", "xyz"),
        *("a", "aa", "aaa", "b", "abc", "asdf", "qwerty"),
    ]
)


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that somebody can be told by, or one that is typed where there is none."""

    address: str  #: in lower case, the domain as the mail system has it
    is_nobodys: bool = False


def read_email(text: str) -> EmailAddress | None:
    """Return the address that a text is, without what is written around it; None if that is not certain.

    A text with two addresses is none: nobody said which one is meant.
    """
    plain = _plain(text)
    if plain is None:
        return None
    candidate = _only_address(plain)
    if candidate is None:
        return None
    try:
        # Not the library's own check of the domain: it looks for a dot and no more, and this is done below.
        valid = validate_email(candidate, check_deliverability=False, globally_deliverable=False, strict=True)
    except EmailNotValidError:
        return None
    domain = (valid.ascii_domain or valid.domain).lower()
    if "." not in domain or not _TOP_LEVEL.fullmatch(domain.rpartition(".")[2]):
        return None
    return EmailAddress(address=f"{valid.local_part.lower()}@{domain}", is_nobodys=_is_nobodys(valid, domain))


def mailable_address(address: str) -> str | None:
    """Return an address as every mail server takes it: letters of ASCII, the domain encoded; None if it has none.

    >>> mailable_address("a.b@bücher.example"), mailable_address("büro@example.com"), mailable_address("a b@x.org")
    ('a.b@xn--bcher-kva.example', None, None)
    """
    local, separator, domain = address.rpartition("@")
    if not separator or not _MAILABLE_LOCAL.fullmatch(local):
        return None
    if domain.isascii():
        return address if _MAILABLE_DOMAIN.fullmatch(domain) else None
    try:
        valid = validate_email(f"a@{domain}", check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return f"{local}@{valid.ascii_domain}" if valid.ascii_domain else None


def _plain(text: str) -> str | None:
    """Return the text without what nobody sees, full-width letters as plain ones; None if it is no field's."""
    if len(text) > _LONGEST or "@" not in (wide := _narrow(text)):
        return None
    return "".join(char for char in wide if unicodedata.category(char) not in ("Cf", "Cc")).strip()


def _narrow(text: str) -> str:
    return _FULL_WIDTH.sub(lambda match: chr(ord(match[0]) - 0xFEE0), text).replace("\u00a0", " ")


def _only_address(text: str) -> str | None:
    """Return the one address of a text, None if there are several, or other words beside it."""
    angled = _ANGLED.findall(text)
    if len(angled) == 1 and "@" in angled[0]:
        beside = _ANGLED.sub("", text).strip(_EDGES)
        if "@" in beside and beside.lower() != angled[0].strip().lower():
            return None
        text = angled[0]
    text = _MAILTO.sub("", _COMMENT.sub("", text).strip(_EDGES)).partition("?")[0].strip(_EDGES)
    return text if _ADDRESS.fullmatch(text) else None


def _is_nobodys(valid: ValidatedEmail, domain: str) -> bool:
    name = re.sub(r"[^a-z0-9]", "", valid.local_part.lower())
    labels = domain.split(".")[:-1]
    label = labels[-2] if len(labels) > 1 and labels[-1] in _SECOND_LEVELS else labels[-1]
    if name in _NOBODYS_NAMES or label in _NOBODYS_DOMAINS or (name == label and name in _FILLERS):
        return True
    return name in _NOBODYS_KEYS and (label in _NOBODYS_KEYS or label in _EVERYBODYS_DOMAINS)
