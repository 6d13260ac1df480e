"""A business's first file: what can be proposed for a country, and the file with a comment above each section."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from babel.numbers import get_territory_currencies

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.tenancy.tenant import parse_tenant

_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
_HOURS: Final = re.compile(r"([0-2]?\d:[0-5]\d)\s*-\s*([0-2]?\d:[0-5]\d)")
_MINUTES: Final = 60
#: Where the list of zones begins with another one than most people's.
_USUAL_ZONES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AR": "America/Argentina/Buenos_Aires",
        "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "CD": "Africa/Kinshasa",
        "CL": "America/Santiago",
        "ID": "Asia/Jakarta",
        "KZ": "Asia/Almaty",
        "MX": "America/Mexico_City",
        "NZ": "Pacific/Auckland",
        "RU": "Europe/Moscow",
        "UA": "Europe/Kyiv",
    }
)


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service as it is asked for."""

    name: str
    price: Decimal
    minutes: int = _MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswers:
    """What is asked of a new business."""

    name: str
    slug: str
    industry: str
    country: str
    zone: str
    currency: str
    email: str
    phone: str
    opens: str  #: Monday to Friday, such as 09:00
    closes: str
    services: Sequence[OfferedService]


_SAMPLE: Final = FirstAnswers(
    name="Sample",
    slug="sample",
    industry="sample",
    country="AU",
    zone="Australia/Sydney",
    currency="AUD",
    email="desk@sample.example",
    phone="",
    opens="09:00",
    closes="17:00",
    services=(OfferedService("Sample", Decimal(1)),),
)


def slug_of(name: str) -> str:
    """Return a slug made of a name, empty if no letter of it can be written in one.

    >>> slug_of("Zoë's Café & Bar")
    'zoes-cafe-bar'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")[:63].strip("-")


def zones_of(country: str) -> list[str]:
    """Return a country's zones, most people's first; empty if the country is not known."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    zones = [row[2] for row in rows if row[0] == country]
    usual = _USUAL_ZONES.get(country)
    return [usual, *(zone for zone in zones if zone != usual)] if usual in zones and usual else zones


def currency_of(country: str) -> str:
    """Return the currency of a country, empty if none is known."""
    return next(iter(get_territory_currencies(country)), "")


def read_hours(text: str) -> tuple[str, str]:
    """Return when it opens and closes. Raises ConfigurationError unless it is written as 09:00-17:00."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ConfigurationError(f"hours: {text!r} is no such time; write it as 09:00-17:00")
    opens, closes = (each.zfill(5) for each in found.groups())
    return opens, closes


def read_service(text: str) -> OfferedService:
    """Return a service. Raises ConfigurationError unless it is written as NAME=PRICE or NAME=PRICE/MINUTES."""
    name, _, rest = text.rpartition("=")
    price, _, minutes = rest.partition("/")
    try:
        service = OfferedService(name.strip(), Decimal(price.strip()), int(minutes) if minutes else _MINUTES)
    except (InvalidOperation, ValueError):
        service = OfferedService("", Decimal(0))
    if not service.name or not service.price.is_finite():
        raise ConfigurationError(f"service: {text!r} is none; write it as Haircut=45.00 or Haircut=45.00/30")
    return service


def check_answer(key: str, answer: str) -> str:
    """Return an answer if it can stand at a key of a file. Raises ConfigurationError with a remedy."""
    text = first_file(replace(_SAMPLE, **{key: answer}))  # type: ignore[arg-type] # no key of the services
    try:
        parse_tenant(text, file=Path("answer"))
    except ConfigurationError as error:
        first = error.detail.splitlines()[0].removeprefix("answer: ")
        raise ConfigurationError(re.sub(r" \(line \d+\)$", "", first)) from error
    return answer


def first_file(answers: FirstAnswers) -> str:
    """Return the file's text; whether it is valid is to be checked."""
    phone = (
        f"phone: {_quoted(answers.phone)}" if answers.phone else '# phone: "+16135550100"  # with + and the country'
    )
    lines = [
        f"# {answers.name}: every key is explained in docs/tenant-file.md.",
        "",
        "# Who it is. The slug is in addresses and in the names of secrets, and stays.",
        f"slug: {_quoted(answers.slug)}",
        f"name: {_quoted(answers.name)}",
        f"industry: {_quoted(answers.industry)}",
        "",
        "# Where it is: the clock that reminders and reports go by, the money, and how phone numbers are read.",
        f"zone: {_quoted(answers.zone)}",
        f"currency: {_quoted(answers.currency)}",
        f"country: {_quoted(answers.country)}",
        "",
        "# How customers reach it.",
        f"email: {_quoted(answers.email)}",
        phone,
        "",
        "# When it is open, by its own clock. A day that is left out is closed; a day can have several periods.",
        "hours:",
        *(f'  {day}: [{{opens: "{answers.opens}", closes: "{answers.closes}"}}]' for day in _WEEK),
        "",
        "# What can be booked, with list prices.",
        "services:",
        *(f"  - {line}" for line in _service_lines(answers.services)),
        "",
        "# The steps from the first contact to the money. Facts move people on; staff can as well.",
        "pipelines:",
        "  - key: bookings",
        "    name: Bookings",
        "    of: booking",
        "    stages:",
        "      - {key: new, name: New, entered_on: [booking.created], only_from: [none]}",
        "      - {key: confirmed, name: Confirmed, entered_on: [booking.confirmed], only_from: [none, new]}",
        "      - {key: completed, name: Completed, entered_on: [booking.completed], is_won: true}",
        "      - {key: cancelled, name: Cancelled, entered_on: [booking.cancelled, booking.declined], is_lost: true}",
        "      - {key: no_show, name: No-show, entered_on: [booking.no_show], is_lost: true}",
        "",
        "# Who posts to it, and the names of the secrets that prove it; `frontdesk secrets` keeps these.",
        "sources: []",
        "#  - name: stripe",
        "#    secrets: [STRIPE_WEBHOOK_SECRET]",
        "",
        "# By whom its texts and e-mails go out. Without this nothing is sent.",
        "# delivery:",
        '#   sms: {provider: twilio, from: "+16135550101"}',
        f"#   email: {{provider: smtp, host: smtp.example.com, from: {answers.email}}}",
        "",
        "# What is done by itself: see docs/rules.md.",
        "rules: []",
    ]
    return "\n".join(lines) + "\n"


def _service_lines(services: Sequence[OfferedService]) -> list[str]:
    lines: list[str] = []
    keys: set[str] = set()
    for number, service in enumerate(services, start=1):
        key = slug_of(service.name).replace("-", "_") or f"service_{number}"
        key = key if key not in keys else f"{key[:55]}_{number}"
        keys.add(key)
        name = _quoted(service.name)
        lines.append(f"{{key: {key}, name: {name}, price: {service.price:f}, duration_minutes: {service.minutes}}}")
    return lines


def _quoted(text: str) -> str:
    """Return a text as YAML: JSON's way of writing it is one of YAML's."""
    return json.dumps(text, ensure_ascii=False)
