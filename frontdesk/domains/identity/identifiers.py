"""By what a person is known, as it is compared."""

from __future__ import annotations

from collections.abc import Iterator

from frontdesk.core.email_address import read_email
from frontdesk.core.phone import read_phone
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.identity.facts import ContactPayload


def identifiers_of(contact: ContactPayload, *, region: str) -> Iterator[tuple[str, str]]:
    """Yield what a person is known by, as it is compared; national phone numbers are the region's."""
    phone = read_phone(contact.phone, region=region) if contact.phone else None
    if phone is not None and not phone.is_nobodys:
        yield "phone", phone.e164
    address = read_email(contact.email) if contact.email else None
    if address is not None and not address.is_nobodys:
        yield "email", address.address
    if contact.external_id:
        yield f"id of {contact.system or FRONTDESK_SOURCE}", contact.external_id
