"""Phone numbers and e-mail addresses as exports hold them."""

from __future__ import annotations

from frontdesk.core.email_address import read_email
from frontdesk.core.phone import read_phone
from frontdesk.domains.imports.problems import CellError, quoted


def parse_phone(text: str, *, region: str) -> str:
    """Return the number as E.164, its extension after it as RFC 3966 has it. Raises CellError where it is none."""
    phone = read_phone(text, region=region)
    if phone is None:
        raise CellError(f"{quoted(text)} is no phone number of {region}, nor one with a country code")
    return phone.with_extension


def parse_email(text: str) -> str:
    """Return the address in lower case. Raises CellError where it can't be one."""
    email = read_email(text)
    if email is None:
        raise CellError(f"{quoted(text)} is no e-mail address")
    return email.address
