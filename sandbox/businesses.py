"""What the sandbox knows of each business: read from the tenants' YAML files, which are data, not our code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

#: What a business is known by to those who send for it.
_DELIVERY_SECRETS = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    "clicksend": ("CLICKSEND_USERNAME", "CLICKSEND_API_KEY"),
    "graph": ("GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET"),
    "smtp": ("SMTP_USERNAME", "SMTP_PASSWORD"),
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be booked or bought."""

    key: str
    name: str
    price: int  # list price in minor units
    minutes: int
    ids: Mapping[str, str]  # source name to its id of it
    opens: time | None = None  # daily hours of its own, local time
    closes: time | None = None
    radius_miles: int = 0


@dataclass(frozen=True, slots=True)
class Business:
    """One tenant as the outside world sees it."""

    slug: str
    name: str
    zone: ZoneInfo
    currency: str  # capitals
    country: str
    email: str
    phone: str  # E.164
    hours: Mapping[int, tuple[time, time]]  # weekday (Monday 0) to opening and closing, local time
    offers: Mapping[str, Offer]
    surcharges: Mapping[str, Decimal]  # major units
    tax_rate_percent: Decimal
    sources: Mapping[str, Mapping[str, str]]  # source name to its public ids
    secret_names: tuple[str, ...]

    def public_id(self, source: str, name: str, *, otherwise: str) -> str:
        """Return a public id from the source's settings in the tenant's file, `otherwise` if it has none."""
        return self.sources[source].get(name, otherwise)


def load_businesses(folder: Path) -> dict[str, Business]:
    """Read every tenant's file of the folder; businesses by slug."""
    files = sorted(folder.glob("*.yaml"))
    return {file.stem: _business(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files}


def _business(content: Mapping[str, Any]) -> Business:
    sources = content["sources"]
    return Business(
        slug=content["slug"],
        name=content["name"],
        zone=ZoneInfo(content["zone"]),
        currency=content["currency"],
        country=content["country"],
        email=content["email"],
        phone=content.get("phone", ""),
        hours={
            WEEKDAYS.index(day): (_time(spans[0]["opens"]), _time(spans[-1]["closes"]))
            for day, spans in content["hours"].items()
        },
        offers={service["key"]: _offer(service) for service in content["services"]},
        surcharges={item["key"]: Decimal(str(item["price"])) for item in content.get("surcharges", ())},
        tax_rate_percent=Decimal(str(content.get("tax_rate_percent", 0))),
        sources={source["name"]: source.get("settings", {}) for source in sources},
        secret_names=tuple(dict.fromkeys(_secret_names(content))),
    )


def _secret_names(content: Mapping[str, Any]) -> Iterator[str]:
    for source in content["sources"]:
        yield from source["secrets"]
    for part in (content.get("delivery", {}).get(channel, {}) for channel in ("sms", "email")):
        yield from _DELIVERY_SECRETS.get(part.get("provider", ""), ())
    for endpoint in content.get("endpoints", ()):
        yield endpoint["secret"]


def _offer(service: Mapping[str, Any]) -> Offer:
    own_hours = service.get("hours")
    return Offer(
        key=service["key"],
        name=service["name"],
        price=int(Decimal(str(service["price"])) * 100),
        minutes=service["duration_minutes"],
        ids=service.get("provider_ids", {}),
        opens=_time(own_hours["opens"]) if own_hours else None,
        closes=_time(own_hours["closes"]) if own_hours else None,
        radius_miles=service.get("radius_miles", 0),
    )


def _time(written: str) -> time:
    """Return a time of day; of the day's end, 24:00, its last minute."""
    return time(23, 59) if written == "24:00" else time.fromisoformat(written)
