"""Pages of the log are what its events are: the same columns and values, in order, from both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import Engine

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from pipelines.ingest.log_copy import copy_page, create_raw_tables, events_table
from pipelines.ingest.log_pages import read_pages

AT = datetime(2026, 11, 29, 12, 0, 0, 123_456, tzinfo=UTC)


def _event(number: int, *, text: str = "") -> NewEvent:
    payload = f'{{"n":{number},"text":"{text}"}}'.encode()
    return NewEvent(
        tenant_id="hmnp",
        source="stripe",
        source_event_id=f"e{number}",
        type="charge.succeeded",
        subject_id=None if number % 2 else f"s{number}",
        occurred_at=(AT + timedelta(minutes=number)).astimezone(timezone(timedelta(hours=-5))),
        received_at=AT.replace(microsecond=0) + timedelta(seconds=number),
        headers={"x-name": "Zoë", "n": str(number)},
        body=payload,
        payload=payload,
        origin=Origin.WEBHOOK if number % 3 else Origin.IMPORT,
    )


@pytest.mark.parametrize("size", [1, 3, 100])
def test_pages_are_the_events_of_the_log(log: EventLog, engine: Engine, size: int) -> None:
    texts = ["", "\\u0000", "Zoë 🏠", "\\ud800", "\\\\u0000", "x" * 5_000, "'", "line\\nline"]
    sequences = [log.append([_event(n, text=text)])[0].sequence for n, text in enumerate(texts)]

    pages = list(read_pages(engine, after=sequences[0], until=sequences[-2], size=size))

    read = pa.concat_tables(pages)
    assert read.equals(events_table(list(log.read_at(sequences[1:-1]).values())))
    assert {page.num_rows for page in pages[:-1]} <= {size}


def test_an_empty_log_has_no_page(log: EventLog, engine: Engine) -> None:
    assert list(read_pages(engine, after=0, until=log.last_sequence(), size=10)) == []


def test_a_log_that_can_t_be_read_says_so(engine: Engine) -> None:
    engine.dispose()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE event_log RENAME TO elsewhere")

    with pytest.raises(EventLogUnavailableError, match="can't be used now"):
        list(read_pages(engine, after=0, until=10, size=10))


def test_what_duckdb_can_t_take_in_is_set_aside_and_the_rest_of_its_page_is_copied(
    log: EventLog, engine: Engine
) -> None:
    events = [_event(n) for n in range(6)]
    events[2] = replace(events[2], payload=b'{"n": 2')
    sequences = [answer.sequence for answer in log.append(events)]
    [page] = read_pages(engine, after=0, until=sequences[-1], size=10)
    with duckdb.connect() as connection:
        create_raw_tables(connection)

        copy_page(connection, page, log=log, left_out=pa.array([sequences[4]]), now=AT)

        copied = connection.execute("select sequence from raw.event_log order by sequence").fetchall()
        aside = connection.execute("select sequence from raw.quarantined_events").fetchall()
    assert [row[0] for row in copied] == [sequences[n] for n in (0, 1, 3, 5)]
    assert aside == [(sequences[2],)]
