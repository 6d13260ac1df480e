"""Has those who wait be offered what is free: after a batch that changed bookings, and once a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from frontdesk.core.clock import Clock
from frontdesk.core.phone import read_phone
from frontdesk.domains.bookings.waitlist.commands import Waitlist
from frontdesk.domains.bookings.waitlist.entry import WaitlistEntry
from frontdesk.domains.sending.quiet_hours import end_of_quiet_hours
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.live.batch_result import Change

_logger = logging.getLogger(__name__)

#: What is free, and who waits, changes with these.
_CONCERNING = frozenset({"fct_bookings", "fct_waitlist_entries"})
#: A slot hold or an offer runs out without an event that tells of it, and quiet hours end.
_EVERY = timedelta(minutes=1)


class WaitlistOffers:
    """Makes the offers of all businesses that have somebody waiting."""

    def __init__(self, waitlist: Waitlist, *, in_force: Callable[[], Mapping[str, Tenant]], clock: Clock) -> None:
        """in_force: returns the businesses as they are configured now, by slug."""
        self._waitlist = waitlist
        self._in_force = in_force
        self._clock = clock
        self._made_at = datetime.min.replace(tzinfo=UTC)

    def follow(self, changes: Iterable[Change] = ()) -> None:
        """Make offers if a batch changed what is free, or a minute has gone by.

        Nothing is lost if it can't be done now: the next time does it.
        """
        has_changed = any(change.model.name in _CONCERNING for change in changes)
        if not has_changed and self._clock.now() - self._made_at < _EVERY:
            return
        self._made_at = self._clock.now()
        try:
            waiting = self._waitlist.waiting_businesses()
            businesses = self._in_force() if waiting else {}
        except Exception:
            _logger.exception("nobody who waits can be offered anything now")
            return
        for slug in sorted(waiting & businesses.keys()):
            self._make(businesses[slug])

    def _make(self, business: Tenant) -> None:
        """Make the offers of one business; where that fails, the others get theirs all the same."""

        def can_ask(entry: WaitlistEntry) -> bool:
            """Who is asked while asleep would hear of it when the offer has run out."""
            phone = read_phone(entry.contact.phone, region=business.country) if entry.contact.phone else None
            ends = end_of_quiet_hours(
                self._clock.now(),
                hours=business.delivery.quiet_hours,
                phone=None if phone is None else phone.e164,
                tenant_zone=business.zone,
            )
            return ends is None

        try:
            self._waitlist.make_offers(business, can_ask=can_ask)
        except Exception:
            _logger.exception("%s: nobody who waits can be offered anything now", business.slug)
