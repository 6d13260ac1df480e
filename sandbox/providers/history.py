"""History of older systems: lines of canonical facts for POST /v1/events:import, many lines a request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.delivery import IMPORT, Attempt, Delivery, SignedRequest, iso_milliseconds
from sandbox.people import Person
from sandbox.secrets import OWNER_API_KEY

IMPORT_PATH = "/v1/events:import"
_NDJSON = "application/x-ndjson"


def sign(deliveries: Sequence[Delivery], attempt: Attempt) -> SignedRequest:
    """Put lines of one tenant into one request, under the owner's key."""
    return SignedRequest(
        path=IMPORT_PATH,
        headers=(("Content-Type", _NDJSON), ("Authorization", f"Bearer {attempt.secrets[OWNER_API_KEY]}")),
        body=b"\n".join(delivery.body for delivery in deliveries) + b"\n",
    )


def fact(
    at: datetime,
    tenant: str,
    *,
    system: str,
    fact_type: str,
    key: str,
    payload: Mapping[str, Any],
    subject_id: str | None = None,
) -> Delivery:
    """Return one line. `system` is the older system's name, `key` its id of the record (not of the line)."""
    source_event_id = f"{fact_type}:{key}"
    line = {
        "source": system,
        "source_event_id": source_event_id,
        "type": fact_type,
        "occurred_at": iso_milliseconds(at),
        "subject_id": subject_id,
        "payload": {name: value for name, value in payload.items() if value is not None},
    }
    body = json.dumps(line, ensure_ascii=False).encode()
    return Delivery(
        tenant=tenant, source=IMPORT, scheme="import", at=at, key=f"{system}:{source_event_id}", body=body
    )


def contact(person: Person, phone: str | None = None, *, system: str) -> dict[str, Any]:
    """Return a payload's contact: the older system's id of the person, the phone as it was typed there."""
    fields = {
        "external_id": f"{system}-{person.key.rpartition(':')[2]}",
        "phone": phone or person.phone,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
    }
    return {name: value for name, value in fields.items() if value is not None}
