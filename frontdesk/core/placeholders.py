"""Values that stand where there is none: nobody can be told by them, whoever writes them."""

from __future__ import annotations

import re

from frontdesk.core.email_address import read_email
from frontdesk.core.phone import read_phone

#: What cash registers, forms and exports write in place of a person's id, as `id_shape` writes it.
NOBODYS_IDS = (
    *("walkin", "walkincustomer", "walkinclient", "walkinpatient", "guest", "guestcheckout", "guestcustomer"),
    *("cash", "cashcustomer", "cashsale", "anonymous", "anon", "unknown", "unknowncustomer", "nobody"),
    *("none", "null", "nil", "na", "n/a", "nan", "undefined", "empty", "default", "test", "noid", "new", "tbd"),
    *("0", "00", "000", "0000", "00000", "000000", "-1", "-", "--", "?", "x", "xx", "xxx"),
)
_BLANKS = re.compile(r"[\s_.-]+")


def id_shape(value: str) -> str:
    """Return an id as ids are compared with those that are nobody's: WALK_IN and Walk-in are walkin.

    Without the system that it is of: a business names what its file holds, and not how it is kept here.
    """
    own = value.strip().partition(":")[2] or value.strip()
    return _BLANKS.sub("", own).casefold() or own.casefold()


def nobodys_value(kind: str, value: str, *, region: str) -> str:
    """Return a value that a business says is nobody's as the models compare it; as it is if it can't be read."""
    return identifier_value(kind, value, region=region) if kind in ("phone", "email") else id_shape(value)


def identifier_value(kind: str, value: str, *, region: str) -> str:
    """Return a value as the models keep it: E.164, an address in lower case; as it is if it can't be read."""
    if kind == "phone":
        phone = read_phone(value, region=region)
        return phone.e164 if phone else value.strip()
    if kind == "email":
        email = read_email(value)
        return email.address if email else value.strip().lower()
    return value
