"""Reads the published file for one question at a time; whoever writes it never waits for that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from frontdesk.core.published.errors import NothingPublishedError

_SIMILAR = 3

Row = Mapping[str, Any]


class Connection(Protocol):
    """What is asked of DuckDB."""

    def execute(self, query: str, parameters: list[object]) -> Any:
        """Run a query; return what its rows are fetched from."""


class Published:
    """The published file, open. Instants come as aware UTC datetimes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def modelled_sequence(self) -> int:
        """Return the newest sequence of the log that the decisions know."""
        return int(self._one("select modelled_sequence from reports.rpt_freshness")["modelled_sequence"])

    def freshness(self) -> Row:
        """Return modelled_sequence and published_at of the file."""
        return self._one("select modelled_sequence, published_at from reports.rpt_freshness")

    def source_health(self) -> list[Row]:
        """Return the configured sources of all tenants, judged at this moment."""
        return self._all(
            """
            select tenant_id, source, is_silent, silent_seconds, usual_gap_seconds, last_event_at
            from reports.rpt_source_health where is_configured order by tenant_id, source
            """
        )

    def decision(self, command_key: str) -> Row | None:
        """Return the decision about one command."""
        return self._first("select * from marts.fct_decisions where command_key = ?", command_key)

    def outcome(self, command_key: str) -> Row | None:
        """Return what became of one command, as the log tells it."""
        return self._first("select * from marts.fct_command_outcomes where command_key = ?", command_key)

    def similar_keys(self, command_key: str, *, tenant_id: str | None) -> list[str]:
        """Return the keys that are most like this one, of one tenant or of all."""
        rows = self._all(
            """
            select command_key from marts.fct_decisions
            where (? is null or tenant_id = ?) and jaro_winkler_similarity(command_key, ?) > 0.8
            order by levenshtein(command_key, ?), command_key limit ?
            """,
            tenant_id,
            tenant_id,
            command_key,
            command_key,
            _SIMILAR,
        )
        return [row["command_key"] for row in rows]

    def find_contacts(self, tenant_id: str, search_text: str) -> list[Row]:
        """Return the contacts that are meant by an id, phone number, e-mail address or name: the surest match only.

        Rows have contact_id, display_name, phone, email.
        """
        return self._all(
            """
            with wanted as (select ? as words, regexp_replace(?, '[^0-9]', '', 'g') as digits),
            matched as (
                select c.contact_id, 1 as surety from marts.dim_contacts as c, wanted
                where c.tenant_id = ? and c.contact_id = words
                union all
                select i.contact_id, 2 from marts.bdg_contact_identifiers as i, wanted
                where i.tenant_id = ? and (
                    lower(i.identifier_value) = lower(words)
                    or i.identifier_kind = 'phone' and len(digits) >= 7
                    and regexp_matches(words, '^[-+0-9 ().]+$')
                    and ends_with(i.identifier_value, ltrim(digits, '0'))
                )
                union all
                select c.contact_id, case when lower(c.display_name) = lower(words) then 3 else 4 end
                from marts.dim_contacts as c, wanted
                where c.tenant_id = ? and contains(lower(c.display_name), lower(words))
            )
            select c.contact_id, any_value(c.display_name) as display_name, any_value(c.phone) as phone,
                any_value(c.email) as email
            from matched inner join marts.dim_contacts as c using (contact_id)
            where matched.surety = (select min(surety) from matched) and c.tenant_id = ?
            group by c.contact_id order by display_name, c.contact_id
            """,
            search_text,
            search_text,
            *(tenant_id,) * 4,
        )

    def contacts(self, tenant_id: str, *, ids: Collection[str] | None, after: str, limit: int) -> list[Row]:
        """Return contacts by their id, those after one; of these ids alone, unless that is None."""
        return self._all(
            """
            select contact_id, display_name, first_name, last_name, company, phone, email, count_bookings,
                count_bookings_completed, count_messages, amount_paid_minor, currency, first_seen_at, last_seen_at
            from marts.dim_contacts
            where tenant_id = ? and contact_id > ? and (? is null or list_contains(?, contact_id))
            order by contact_id limit ?
            """,
            tenant_id,
            after,
            *(None if ids is None else list(ids),) * 2,
            limit,
        )

    def messages(
        self, tenant_id: str, *, contact_id: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Row]:
        """Return messages, newest first, those before one (its created_at and key); of one contact, or all."""
        at, key = before or (None, None)
        return self._all(
            """
            select * from marts.fct_messages
            where tenant_id = ? and (? is null or contact_id = ?)
                and (?::timestamptz is null or (created_at, message_key) < (?::timestamptz, ?))
            order by created_at desc, message_key desc limit ?
            """,
            tenant_id,
            *(contact_id,) * 2,
            *(at,) * 2,
            key,
            limit,
        )

    def message_of_key(self, tenant_id: str, message_key: str) -> Row | None:
        """Return a message as `messages` lists it, None if there is no such."""
        return self._first(
            "select * from marts.fct_messages where tenant_id = ? and message_key = ?",
            tenant_id,
            message_key,
        )

    def similar_names(self, tenant_id: str, search_text: str) -> list[str]:
        """Return the names of contacts that are most like this one."""
        rows = self._all(
            """
            select distinct display_name, jaro_winkler_similarity(lower(display_name), lower(?)) as likeness
            from marts.dim_contacts where tenant_id = ? and likeness > 0.8
            order by likeness desc, display_name limit ?
            """,
            search_text,
            tenant_id,
            _SIMILAR,
        )
        return [row["display_name"] for row in rows]

    def decisions_of(self, tenant_id: str, *, rule_id: str, contact_id: str) -> list[Row]:
        """Return all decisions of a rule about a contact, the latest due first."""
        return self._all(
            """
            select * from marts.fct_decisions where tenant_id = ? and rule_id = ? and contact_id = ?
            order by due_at desc, command_key
            """,
            tenant_id,
            rule_id,
            contact_id,
        )

    def facts_of(self, contact_id: str, *, types: Collection[str]) -> list[Row]:
        """Return a contact's facts of these types, newest first: type, occurred_at, and the booking's starts_at."""
        return self._all(
            """
            select t.type, t.occurred_at, b.booking_id, b.starts_at
            from marts.fct_timeline as t
            left join marts.fct_bookings as b
                on t.tenant_id = b.tenant_id and t.entity_id = b.booking_id and starts_with(t.type, 'booking.')
            where t.contact_id = ? and list_contains(?, t.type) order by t.occurred_at desc, t.event_id
            """,
            contact_id,
            list(types),
        )

    def staff_of_booking(self, tenant_id: str, booking_id: str) -> str | None:
        """Return who does a booking, as its source names them; None if nobody is known, or no such booking."""
        row = self._first(
            "select staff_name from marts.fct_bookings where tenant_id = ? and booking_id = ?", tenant_id, booking_id
        )
        return None if row is None else row["staff_name"]

    def bookings_to_price(self, tenant_id: str, *, since: datetime | None) -> list[Row]:
        """Return what bookings' prices depend on, of those first heard of since an instant, in that order."""
        return self._all(
            """
            select booking_id, service_name, status, starts_at, is_all_day, created_at, price_minor, currency,
                count_reschedules
            from marts.fct_bookings
            where tenant_id = ? and (?::timestamptz is null or created_at >= ?::timestamptz)
            order by created_at, booking_id
            """,
            tenant_id,
            *(since,) * 2,
        )

    def bookings_to_place(self, tenant_id: str, *, since: datetime | None) -> list[Row]:
        """Return what bookings take up, of those that start from an instant on; the earliest booked first."""
        return self._all(
            """
            select booking_id, source, service_key, service_name, staff_name, status, starts_at, ends_at, is_all_day,
                created_at, count_reschedules
            from marts.fct_bookings
            where tenant_id = ? and (?::timestamptz is null or starts_at is null or starts_at >= ?::timestamptz)
            order by created_at, booking_id
            """,
            tenant_id,
            *(since,) * 2,
        )

    def message(self, tenant_id: str, message_id: str) -> Row | None:
        """Return a message's direction and channel and how its contact is reached, None if there is none."""
        return self._first(
            """
            select m.direction, m.channel, c.phone, c.email, c.display_name
            from marts.fct_messages as m
            left join marts.dim_contacts as c on m.tenant_id = c.tenant_id and m.contact_id = c.contact_id
            where m.tenant_id = ? and m.message_id = ?
            """,
            tenant_id,
            message_id,
        )

    def task(self, tenant_id: str, task_id: str) -> Row | None:
        """Return a task's status and assigned_to, None if there is no such task."""
        return self._first(
            "select status, assigned_to from marts.fct_tasks where tenant_id = ? and task_id = ?", tenant_id, task_id
        )

    def open_tasks(self, tenant_id: str, *, timeframe: str | None, assigned_to: str | None, limit: int) -> list[Row]:
        """Return a tenant's open tasks, the most urgent first; of one time frame or person if that is given."""
        return self._all(
            """
            select task_id, kind, title, contact_id, booking_id, assigned_to, due_at, snoozed_until, timeframe,
                priority_score, reason
            from reports.rpt_tasks
            where tenant_id = ? and (? is null or timeframe = ?) and (? is null or lower(assigned_to) = lower(?))
            order by priority_score desc, due_at nulls last, task_id limit ?
            """,
            tenant_id,
            *(timeframe,) * 2,
            *(assigned_to,) * 2,
            limit,
        )

    def _one(self, query: str, *parameters: object) -> Row:
        row = self._first(query, *parameters)
        if row is None:
            raise NothingPublishedError("nothing is published yet; run `frontdesk process --once`")
        return row

    def _first(self, query: str, *parameters: object) -> Row | None:
        return next(iter(self._all(query, *parameters)), None)

    def _all(self, query: str, *parameters: object) -> list[Row]:
        cursor = self._connection.execute(query, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


@contextmanager
def opened(path: Path) -> Iterator[Published]:
    """Open the published file for a block.

    Raises NothingPublishedError if there is none, another version's, or one that can't be read to its end: a file
    opens that has a damaged block, and a query of it fails.
    """
    if not path.exists():
        raise NothingPublishedError.at(path)
    # Whoever could read a published file loads DuckDB when it reads one.
    reading = import_module("frontdesk.core.published.connection").reading
    with reading(path) as connection:
        yield Published(connection)


def _plain(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
