"""An import that is taken back counts nowhere, live as in a rebuild; what is imported instead does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pytest

from frontdesk.core.log.envelope import RUN_HEADER, Event, NewEvent, Origin
from frontdesk.domains.imports.facts import RESTORED, UNDONE
from frontdesk.domains.imports.undone_runs import CHANGE_ID_PREFIX, undone_after
from pipelines.ingest.log_copy import (
    copy_events,
    create_raw_tables,
    events_table,
    note_undone_events,
    read_undone_runs,
)
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import Home


def imported(run_id: str, event: NewEvent) -> NewEvent:
    return replace(event, origin=Origin.IMPORT, headers={RUN_HEADER: run_id})


def payment(event_id: str, *, amount_minor: int) -> NewEvent:
    payload = {
        "payment_id": "R-1",
        "amount_minor": amount_minor,
        "currency": "AUD",
        "contact": {"email": "ana@example.com"},
    }
    return fact("payment.succeeded", payload, event_id=event_id, source="till")


def change(type_: str, run_id: str, *, number: int) -> NewEvent:
    return fact(type_, {"run": run_id}, event_id=f"{CHANGE_ID_PREFIX}{run_id}/{number}")


@pytest.mark.slow
def test_what_is_taken_back_counts_nowhere(home: Home) -> None:
    home.follow_in_batches(
        [
            [imported("run-1", payment("1", amount_minor=100_000)), contact("1", email="zoe@example.com")],
            [change(UNDONE, "run-1", number=1), contact("2", email="kim@example.com")],
            [imported("run-2", payment("1~2", amount_minor=1_000))],
        ]
    )

    assert home.query("select amount_minor from marts.fct_payments") == [(1_000,)]
    assert home.query("select sum(amount_paid_minor) from marts.dim_contacts") == [(1_000,)]
    assert home.query("select count(*) from marts.fct_timeline where type = 'payment.succeeded'") == [(1,)]
    assert home.query("select modelled_sequence, log_sequence from reports.rpt_freshness") == [(5, 5)]
    assert home.modeller().verify() == []


def test_the_newest_word_on_a_run_counts_in_both_readings() -> None:
    events = [
        imported("run-1", payment("1", amount_minor=1)),
        imported("run-2", payment("2", amount_minor=2)),
        change(UNDONE, "run-1", number=1),
        change(UNDONE, "run-2", number=1),
        change(RESTORED, "run-1", number=2),
    ]
    for end in range(len(events) + 1):
        logged = [
            Event(**{name: getattr(event, name) for name in NewEvent.__slots__}, sequence=place, event_id=str(place))
            for place, event in enumerate(events[:end], start=1)
        ]
        runs, sequences = undone_in_warehouse(logged)
        assert runs == undone_after(logged)
        assert sequences == sorted(
            event.sequence for event in logged if event.headers.get(RUN_HEADER) in undone_after(logged)
        )


def undone_in_warehouse(events: Sequence[Event]) -> tuple[frozenset[str], list[int]]:
    with duckdb.connect() as connection:
        create_raw_tables(connection)
        if events:
            copy_events(connection, events_table(events))
        note_undone_events(connection)
        rows = connection.execute("select sequence from raw.undone_events order by sequence").fetchall()
        return read_undone_runs(connection), [int(row[0]) for row in rows]
