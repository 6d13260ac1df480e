"""What customers tell of themselves: read as it was typed, and told field by field where it can't be taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from frontdesk.core.email_address import read_email
from frontdesk.core.phone import read_phone
from frontdesk.domains.bookings.settings import PageBusiness
from frontdesk.domains.catalogue.settings import Service
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.prices.asked import FARTHEST_MILES
from frontdesk.domains.prices.settings import Surcharge
from webhooks.pages.forms import Fields

#: A field that no person sees: who fills it in is a program.
TRAP: Final = "website"
_LONGEST: Final = {"name": 120, "phone": 40, "email": 254, "location": 300, "distance_miles": 12, "promo_code": 40}
_LABELS: Final = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "location": "Address",
    "distance_miles": "Distance",
    "promo_code": "Promo code",
}
_KEY: Final = re.compile(r"[A-Za-z0-9-]{16,64}")
_MILES: Final = re.compile(r"[0-9]{1,5}([.,][0-9]{1,3})?")
_PROMO_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
#: Marks that turn the direction of what follows: a name needs none, and with them it reads as another.
_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_EXTRAS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What was typed; of a wrong field as well, so that nobody types it again."""

    name: str = ""
    phone: str = ""
    email: str = ""
    location: str = ""
    distance_miles: str = ""
    promo_code: str = ""
    extras: tuple[str, ...] = ()
    has_agreed: bool = False
    key: str = ""  #: by which a form that is sent twice is known; empty: the page that was sent had none

    def contact(self, *, region: str) -> ContactPayload:
        """Return who it is for; the details must have been found right. region: of national numbers."""
        phone = read_phone(self.phone, region=region) if self.phone else None
        address = read_email(self.email) if self.email else None
        return ContactPayload(
            name=self.name,
            phone=None if phone is None else phone.with_extension,
            email=None if address is None else address.address,
        )

    def miles(self) -> Decimal | None:
        """Return the distance; the details must have been found right."""
        return Decimal(self.distance_miles.replace(",", ".")) if self.distance_miles else None


def asks_where(service: Service) -> bool:
    """Tell whether a service is done at the customer's place."""
    return service.radius_miles is not None


def asks_how_far(business: PageBusiness, service: Service) -> bool:
    """Tell whether the price of a service depends on how far it is."""
    by_mile = any(each.unit == "mile" and each.concerns(service.key) for each in business.surcharges)
    return by_mile and asks_where(service)


def extras_of(business: PageBusiness, service: Service) -> tuple[Surcharge, ...]:
    """Return what can be asked for besides."""
    return tuple(each for each in business.surcharges if each.is_extra and each.concerns(service.key))


def read_details(fields: Fields, *, business: PageBusiness, service: Service) -> tuple[Details, Mapping[str, str]]:
    """Return what was typed, and what is wrong by its field; nothing if it can be booked with."""
    errors: dict[str, str] = {}
    typed = {name: _read_line(name, fields.first(name), errors) for name in _LONGEST}
    key = fields.first("key")
    offered = {each.key for each in extras_of(business, service)}
    details = Details(
        **typed,
        extras=tuple(dict.fromkeys(each for each in fields.all("extra")[:_MOST_EXTRAS] if each in offered)),
        has_agreed=fields.first("agreed") == "yes",
        key=key if _KEY.fullmatch(key) else "",
    )
    _find_wrong(details, errors, business=business, service=service)
    if fields.first(TRAP):
        errors[TRAP] = "Leave the field “Website” empty: only programs see it."
    if not details.key:
        errors["form"] = "The form was not complete. Look at it once more, and send it again."
    return details, errors


def _read_line(name: str, text: str, errors: dict[str, str]) -> str:
    """Return one line of text as it is kept, and note what is wrong with it."""
    line = " ".join(_TURNING.sub("", text).split())
    visible = "".join(each for each in line if unicodedata.category(each) not in ("Cc", "Cs", "Co", "Cn"))
    if visible != line:
        errors[name] = f"{_LABELS[name]}: this has characters that can't be kept. Type it anew."
    if len(visible) > _LONGEST[name]:
        errors[name] = f"{_LABELS[name]}: write {_LONGEST[name]} characters at most."
    return visible[: _LONGEST[name]]


def _find_wrong(details: Details, errors: dict[str, str], *, business: PageBusiness, service: Service) -> None:
    if not any(unicodedata.category(each)[0] in "LN" for each in details.name):
        errors.setdefault("name", "Enter your name.")
    _find_wrong_address(details, errors, region=business.country)
    if asks_where(service) and not details.location:
        errors.setdefault("location", "Enter the address where we should come.")
    if asks_how_far(business, service):
        _find_wrong_distance(details, errors)
    if details.promo_code and not _PROMO_CODE.fullmatch(details.promo_code):
        errors.setdefault("promo_code", "A promo code has letters, digits and hyphens. Correct it, or clear it.")
    if not details.has_agreed:
        errors["agreed"] = "Tick this to book; without it we may not keep your details."


def _find_wrong_address(details: Details, errors: dict[str, str], *, region: str) -> None:
    if not details.phone and not details.email:
        errors.setdefault("phone", "Enter a phone number or an e-mail address, so that we can reach you.")
    if details.phone:
        phone = read_phone(details.phone, region=region)
        if phone is None or phone.is_nobodys:
            errors.setdefault("phone", "This is no phone number that we can call. Correct it, or clear it.")
    if details.email:
        address = read_email(details.email)
        if address is None or address.is_nobodys:
            errors.setdefault("email", "This is no e-mail address that we can write to. Correct it, or clear it.")


def _find_wrong_distance(details: Details, errors: dict[str, str]) -> None:
    if not details.distance_miles:
        errors.setdefault("distance_miles", "Enter how many miles it is from us; the price depends on it.")
    elif not _MILES.fullmatch(details.distance_miles) or (details.miles() or 0) > FARTHEST_MILES:
        errors.setdefault("distance_miles", "Enter the miles as a number, such as 12 or 12.5.")
