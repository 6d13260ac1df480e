"""How often promo codes were used, in all and by a person. Who keeps bookings can count those instead."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import orjson

from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.own_events import own_event
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.identity.facts import ContactPayload
from frontdesk.domains.identity.identifiers import identifiers_of
from frontdesk.domains.prices.asked import CodeUses
from frontdesk.domains.prices.facts import PROMO_CODE_USED, PromoCodeUsedFact
from frontdesk.domains.prices.snapshot import Snapshot


class CodeUseCounter(Protocol):
    """Counts uses of promo codes of one business."""

    def count(self, code: str, *, contact: ContactPayload | None) -> CodeUses:
        """Return how often a code was used, in all and by a person; a code is in capitals."""
        ...


class LoggedCodeUses:
    """Counts the facts of the log, by the index of their ids: as many rows are read as the code has uses."""

    def __init__(self, log: EventLog, *, tenant_id: str, region: str) -> None:
        """region: the country whose national phone numbers are meant."""
        self._log = log
        self._tenant_id = tenant_id
        self._region = region

    def count(self, code: str, *, contact: ContactPayload | None) -> CodeUses:
        """Return how often a code was used, in all and by a person. Raises EventLogUnavailableError."""
        prefix = f"{PROMO_CODE_USED}:{code}:"
        events = self._log.read_by_id_prefix(self._tenant_id, FRONTDESK_SOURCE, prefix)
        asking = set(identifiers_of(contact, region=self._region)) if contact else set()
        if not asking:  # nobody said who, or by what is nobody's
            return CodeUses(in_all=len(events))
        uses = (PromoCodeUsedFact.model_validate_json(event.payload) for event in events)
        by_person = sum(
            bool(use.used_by and asking.intersection(identifiers_of(use.used_by, region=self._region)))
            for use in uses
        )
        return CodeUses(in_all=len(events), by_person=by_person)


def use_of_code(
    snapshot: Snapshot, *, contact: ContactPayload | None, booking_id: str | None, now: datetime
) -> NewEvent | None:
    """Return the event that counts a use of a price's promo code, None if it has none.

    Append it with the booking that the price is of, in one transaction. The same price uses its code once.
    """
    code = snapshot.quote.promo_code
    if code is None:
        return None
    fact = PromoCodeUsedFact(code=code, quote_id=snapshot.quote_id, used_by=contact, booking_id=booking_id)
    payload = orjson.dumps(fact.model_dump(mode="json", exclude_none=True))
    return own_event(
        PROMO_CODE_USED,
        payload,
        tenant_id=snapshot.tenant_id,
        source_event_id=f"{PROMO_CODE_USED}:{code}:{snapshot.quote_id}",
        subject_id=snapshot.quote_id,
        now=now,
    )
