"""The one reader of phone numbers: import, webhooks, API and SQL ask libphonenumber, and it alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_for_type_with_reason,
    is_valid_number,
    national_significant_number,
    normalize_digits_only,
    number_type,
    parse,
)

#: Longer texts are no field for a phone number; the library stops at 250 itself.
_LONGEST = 250
_NORTH_AMERICA = 1
_MEXICO = 52
_MEXICOS_OLD_MOBILE = re.compile(r"1(\d{10})")
_ZEROS = re.compile(r"0{8,}$")
_REPEATED_LINE = re.compile(r"(\d)\1{6}$")
_SEQUENCES = ("0123456789012345", "9876543210987654")
#: Lines of the exchange 555 that are typed where there is no number: 555-5555, and directory assistance.
_NOBODYS_LINES = re.compile(r"[2-9]\d\d555(5555|1212)$")
#: The digits beside one another on the keys: whoever types them has no number, whether a country gives it out or not.
_TYPED_LINES = ("123456", "345678")
_ASCENDING, _DESCENDING = "0123456789", "9876543210"
_REPEATED_TRIPLE = re.compile(r"(\d{3})\1\1\d?")
#: Two keys again and again: 0404 040 404, 0401 010 101.
_REPEATED_PAIR = re.compile(r"\d?((\d)\d)\1{3,}\2?")
#: What people are reached by. Businesses pay for 1300 123 456 and 800-222-2222 because they are easy to keep in mind.
_PEOPLES_TYPES = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
#: Digits that went through a spreadsheet or a data frame: a number without its fraction, or with its exponent.
_WHOLE = re.compile(r"(\+?\d{7,15})[.,]0+")
_EXPONENT = re.compile(r"(\+?\d)[.,](\d+)E\+?(\d{1,2})", re.IGNORECASE)
_TOLL_FREE = re.compile(r"8(00|33|44|55|66|77|88)")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that somebody can be told by, or one that is typed where there is none."""

    e164: str
    extension: str | None = None
    is_nobodys: bool = False  #: typed in place of a number, such as 0400 000 000

    @property
    def with_extension(self) -> str:
        """The number as it is kept in a payload: E.164, and the extension as RFC 3966 writes it."""
        return f"{self.e164};ext={self.extension}" if self.extension else self.e164


def read_phone(text: str, *, region: str) -> Phone | None:
    """Return the number that a text is, national numbers being the region's; None if that is not certain.

    It must be a number that its country gives out, or have the length of its fixed or mobile numbers: new ranges
    are opened every year, and a list that is older than the number must not refuse a customer.
    """
    text = _without_fraction(text)
    number = _parsed(text, region) or _parsed_with_zeros(text, region)
    if number is None:
        return None
    return Phone(
        e164=format_number(number, PhoneNumberFormat.E164),
        extension=number.extension or None,
        is_nobodys=_is_nobodys(number),
    )


def _without_fraction(text: str) -> str:
    """Return the digits of a text that a spreadsheet made of them: 491570156.0, 6.1491570156E10.

    An exponent that says more digits than are written has lost them: that text stays as it is.
    """
    plain = text[:_LONGEST].strip()
    if whole := _WHOLE.fullmatch(plain):
        return whole[1]
    if (written := _EXPONENT.fullmatch(plain)) and len(written[2]) == int(written[3]):
        return written[1] + written[2]
    return text


def _parsed(text: str, region: str) -> PhoneNumber | None:
    try:
        number = parse(text[: _LONGEST + 1], region)
    except NumberParseException:
        return None
    number = _without_mexicos_one(number)
    length = is_possible_number_for_type_with_reason(number, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return number if length == ValidationResult.IS_POSSIBLE or is_valid_number(number) else None


def _without_mexicos_one(number: PhoneNumber) -> PhoneNumber:
    """Return a number of Mexico without the 1 before mobiles, which went in 2019 and which WhatsApp still writes."""
    old = (
        _MEXICOS_OLD_MOBILE.fullmatch(national_significant_number(number)) if number.country_code == _MEXICO else None
    )
    if old is None:
        return number
    new = PhoneNumber(country_code=_MEXICO, national_number=int(old[1]), extension=number.extension)
    return new if is_valid_number(new) else number


def _parsed_with_zeros(text: str, region: str) -> PhoneNumber | None:
    """Return the number of a text that begins with 00, which people write for a plus also where nobody dials it."""
    digits = normalize_digits_only(text)
    if not digits.startswith("00"):
        return None
    number = _parsed(f"+{digits.removeprefix('00')}", region)
    return number if number is not None and is_valid_number(number) else None


def _is_nobodys(number: PhoneNumber) -> bool:
    """Tell whether a number is what people type for want of one."""
    digits = national_significant_number(number)
    if len(set(digits)) == 1 or _ZEROS.search(digits) or any(digits in sequence for sequence in _SEQUENCES):
        return True
    if number.country_code == _NORTH_AMERICA and _NOBODYS_LINES.fullmatch(digits):
        return not _TOLL_FREE.match(digits)
    return _is_typed(digits, number.country_code) and _is_peoples(number, digits)


def _is_typed(digits: str, country_code: int | None) -> bool:
    """Tell whether fingers made a number: one key, keys in their order, or three keys again and again."""
    if _REPEATED_LINE.search(digits) or _REPEATED_TRIPLE.fullmatch(digits) or digits[-7:] in _ASCENDING:
        return True
    if _REPEATED_PAIR.fullmatch(digits):
        return True
    # A North American line is of seven digits: 212-3456 is one like others.
    return country_code != _NORTH_AMERICA and (digits.endswith(_TYPED_LINES) or digits[-7:] in _DESCENDING)


def _is_peoples(number: PhoneNumber, digits: str) -> bool:
    """Tell whether a number that looks typed is no business's: a service number, a switchboard such as 9000 0000."""
    if not is_valid_number(number):
        return True
    kind = number_type(number)
    return kind in _PEOPLES_TYPES and not (kind == PhoneNumberType.FIXED_LINE and digits.endswith("0000000"))
