"""Has bookings from elsewhere take up time here: after a batch those that it changed, all when a warehouse opens."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

import duckdb

from frontdesk.core.clock import Clock
from frontdesk.core.faults import is_of_machine
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.bookings.outside_times import OutsideBooking, OutsideTimes, by_business, row_of
from frontdesk.domains.catalogue.settings import BookableBusiness
from pipelines.live.batch_result import Change
from pipelines.live.scopes import rows_with_any

_logger = logging.getLogger(__name__)

_BOOKINGS = "fct_bookings"
_IS_OUTSIDE = f"source <> '{FRONTDESK_SOURCE}'"
#: Farther ahead nobody books, and a year that was mistyped takes nothing.
_AHEAD = timedelta(days=1_830)
#: Of one without an end, how long after its start it can still take up time.
_LONGEST = timedelta(days=2)


class OutsideBookings:
    """Keeps what is taken up by bookings from elsewhere what the models know of them."""

    def __init__(
        self, times: OutsideTimes, *, in_force: Callable[[], Mapping[str, BookableBusiness]], clock: Clock
    ) -> None:
        """in_force: returns the businesses as they are configured now, by slug."""
        self._times = times
        self._in_force = in_force
        self._clock = clock

    def follow(self, connection: duckdb.DuckDBPyConnection, changes: Iterable[Change]) -> None:
        """Take account of what a batch changed. Raises what the machine is at fault for."""
        for change in changes:
            if change.model.name != _BOOKINGS:
                continue
            if change.keys is None:
                self.reconcile(connection)
            else:
                self._take(connection, rows=rows_with_any(change.keys))

    def reconcile(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what is taken up what a whole warehouse knows, such as after a rebuild. Raises as follow does."""
        coming = self._read_taking(connection, rows="true")
        for slug, business in self._in_force().items():
            self._replace(business, coming.get(slug, []), of=None)

    def _take(self, connection: duckdb.DuckDBPyConnection, *, rows: str) -> None:
        looked_at: defaultdict[str, set[str]] = defaultdict(set)
        query = f"select tenant_id, booking_id from marts.fct_bookings where ({rows}) and {_IS_OUTSIDE}"
        for slug, booking_id in connection.execute(query).fetchall():
            looked_at[slug].add(booking_id)
        if not looked_at:
            return
        coming, businesses = self._read_taking(connection, rows=rows), self._in_force()
        for slug, booking_ids in looked_at.items():
            if slug in businesses:
                self._replace(businesses[slug], coming.get(slug, []), of=booking_ids)

    def _read_taking(self, connection: duckdb.DuckDBPyConnection, *, rows: str) -> dict[str, list[OutsideBooking]]:
        """Return by business what takes up time now or later. An all-day booking says no time, and takes none."""
        now = self._clock.now()
        taking = connection.execute(
            f"""
            select
                tenant_id,
                booking_id,
                source,
                service_key,
                service_name,
                staff_name,
                starts_at,
                ends_at,
                last_event_id
            from marts.fct_bookings
            where
                ({rows})
                and {_IS_OUTSIDE}
                and status in ('pending', 'confirmed')
                and not is_all_day
                and starts_at between ? and ?
                and coalesce(ends_at > ?, true)
            """,
            [now - _LONGEST, now + _AHEAD, now],
        )
        return by_business(map(row_of, taking.arrow().read_all().to_pylist()))

    def _replace(
        self, business: BookableBusiness, bookings: list[OutsideBooking], *, of: Collection[str] | None
    ) -> None:
        try:
            self._times.replace(business, bookings, of=of)
        except Exception as error:
            if is_of_machine(error):
                raise
            if len(bookings) <= 1:
                _logger.exception("%s: what is booked elsewhere takes up no time here: %s", business.slug, bookings)
            # One of them is at fault: each by itself, and that one takes nothing.
            for booking in bookings if len(bookings) > 1 else []:
                self._replace(business, [booking], of={booking.booking_id})
