"""Phone numbers and e-mail addresses as exports hold them."""

from __future__ import annotations

import re

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_for_type_with_reason,
    is_valid_number,
    parse,
)

from core.importing.problems import CellError, quoted

_EMAIL = re.compile(r"[^\s@,;<>()\"]{1,64}@[^\s@,;<>()\"]+\.[^\s@,;<>()\".]{2,}")
_MAX_EMAIL = 254


def parse_phone(text: str, *, region: str) -> str:
    """Return the number as E.164, national numbers being the region's. Raises CellError where it is none.

    It must be a number that its country gives out, or have the length of its fixed or mobile numbers: new ranges
    are opened every year, and a list that is older than the number must not refuse a customer.
    """
    try:
        number = parse(text, region)
    except NumberParseException as error:
        raise CellError(f"{quoted(text)} is no phone number") from error
    length = is_possible_number_for_type_with_reason(number, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if not (is_valid_number(number) or length == ValidationResult.IS_POSSIBLE):
        raise CellError(f"{quoted(text)} is no phone number of {region}, nor one with a country code")
    return format_number(number, PhoneNumberFormat.E164)


def parse_email(text: str) -> str:
    """Return the address in lower case. Raises CellError where it can't be one."""
    address = text.removeprefix("mailto:").lower()
    if len(address) > _MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise CellError(f"{quoted(text)} is no e-mail address")
    return address
