"""What the modeller does when something is in its way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from frontdesk.core.log.database import open_database
from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.log.rejections import RejectionRecorder, describe_rejection
from pipelines.build.writer_lock import WriterLock
from pipelines.live.batch_tables import BatchTables
from pipelines.live.modeller import HEARTBEAT
from tests.clocks import SetClock
from tests.pipelines.facts import contact
from tests.pipelines.homes import NOW, Home, HomeFactory

fill_events = BatchTables.fill_events


def refuse_the_poison(tables: BatchTables, events: Sequence[Event]) -> None:
    """Hold events as ever, and fail as DuckDB does where one of them is the poison."""
    fill_events(tables, events)
    if any(event.source_event_id == "poison" for event in events):
        raise duckdb.InvalidInputException("Invalid Input Error: conversion")


def test_an_event_no_model_can_digest_is_set_aside_and_the_others_go_on(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_poison(home, monkeypatch)
    assert home.query("select list(email order by email) from marts.dim_contacts") == [
        (["a@example.com", "b@example.com", "c@example.com", "d@example.com"],)
    ]
    quarantined = home.query("select sequence, type, error from marts.fct_quarantined_events")
    assert quarantined == [(3, "contact.updated", "Invalid Input Error: conversion")]


@pytest.mark.slow
def test_a_rebuild_leaves_out_what_was_set_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    follow_poison(home, monkeypatch)
    assert home.modeller().verify() == []


def follow_poison(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchTables, "fill_events", refuse_the_poison)
    names = ["a", "b", "poison", "c", "d"]
    home.log.append([contact(name, email=f"{name}@example.com") for name in names])
    with home.modeller().opened() as modeller:
        assert modeller.follow_to_end() == len(names)


def test_an_event_set_aside_last_is_told_at_once_and_leaves_nothing_behind_the_log(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BatchTables, "fill_events", refuse_the_poison)
    home.log.append([contact(name, email=f"{name}@example.com") for name in ("a", "poison")])
    with home.modeller().opened() as modeller:
        modeller.follow_to_end()
    assert home.query("select count(*) from marts.fct_quarantined_events") == [(1,)]
    assert home.query("select modelled_sequence, log_sequence from reports.rpt_freshness") == [(2, 2)]


@pytest.mark.slow
def test_an_event_that_can_not_be_copied_does_not_stop_a_build(home: Home) -> None:
    not_duckdbs_json = replace(contact("poison", email="x@example.com"), payload=b'{"a": 1}{')
    events = [contact("a", email="a@example.com"), not_duckdbs_json, contact("b", email="b@example.com")]
    home.log.append(events)
    home.modeller().rebuild(with_tests=False)
    with home.modeller().opened():
        pass
    assert home.query("select count(*) from marts.dim_contacts") == [(2,)]
    assert home.query("select sequence from marts.fct_quarantined_events") == [(2,)]


def refuse_a_delivery(home: Home, *, at: datetime) -> None:
    """Note a refusal as the receiver does."""
    recorder = RejectionRecorder(home.engine)
    recorder.start()
    recorder.record(
        describe_rejection(
            tenant_id="hmnp", source="proof", reason="signature_invalid", detail="", received_at=at, body=b"{}"
        )
    )
    recorder.close()


def test_an_idle_home_publishes_refusals_and_the_time_every_minute(homes: HomeFactory) -> None:
    clock = SetClock(NOW)
    home = homes.new_home(clock=clock)
    with home.modeller().opened() as modeller:
        assert modeller.beat() is False
        refuse_a_delivery(home, at=clock.instant)
        clock.instant += HEARTBEAT
        assert modeller.beat() is True
        assert modeller.beat() is False
    assert home.query("select published_at from reports.rpt_freshness") == [(clock.instant,)]
    assert home.query("select count_rejections from marts.fct_rejections") == [(1,)]


@pytest.mark.slow
def test_a_warehouse_of_another_raw_schema_is_made_anew(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone="+61400000001")]])
    with duckdb.connect(str(home.warehouse_path)) as connection:
        connection.execute("alter table raw.event_log add column forgotten integer")
        connection.execute("comment on table raw.built_from is 'another'")
    with home.modeller().opened():
        pass
    assert home.query("select count(*) from marts.dim_contacts") == [(1,)]
    with duckdb.connect(str(home.warehouse_path)) as connection:
        columns = [row[0] for row in connection.execute("describe raw.event_log").fetchall()]
    assert "forgotten" not in columns


def test_a_build_that_waits_is_seen_by_the_holder_and_served_next(home: Home) -> None:
    holder, waiter = WriterLock(home.warehouse_path), WriterLock(home.warehouse_path)
    holder.acquire()
    assert not holder.somebody_waits()
    served = threading.Event()

    def wait_for_it() -> None:
        with waiter.held():
            served.set()

    thread = threading.Thread(target=wait_for_it, daemon=True)
    thread.start()
    while not holder.somebody_waits():
        assert not served.is_set()
    assert holder.is_held_elsewhere() is False
    assert waiter.is_held_elsewhere() is True
    holder.release()
    assert served.wait(timeout=10)
    thread.join()
    assert not holder.is_held_elsewhere()


def test_an_idle_home_publishes_an_empty_file(home: Home) -> None:
    with home.modeller().opened() as modeller:
        assert modeller.follow_once() is None
    assert home.query("select modelled_sequence, published_by from reports.rpt_freshness") == [(0, "test")]


def test_a_business_that_is_changed_beside_the_log_is_made_anew(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone="+61400000001")]])
    tenant = home.tenants["hmnp"].model_copy(update={"name": "Another Name"})
    changed = Home(
        folder=home.folder,
        target_dir=home.target_dir,
        tenants={**home.tenants, "hmnp": tenant},
        clock=home.clock,
        ids=home.ids,
    )
    assert not changed.builder().needs_build()
    with changed.modeller().opened():
        pass
    assert changed.query("select name from marts.dim_tenants where tenant_id = 'hmnp'") == [("Another Name",)]
    assert changed.query("select count(*) from marts.dim_contacts") == [(1,)]


def test_a_log_that_was_put_back_from_a_backup_makes_the_warehouse_build_again(home: Home, tmp_path: Path) -> None:
    home.follow_in_batches([[contact("e1"), contact("e2")]])
    put_back = EventLog(open_database(f"sqlite:///{tmp_path / 'frontdesk.db'}"), ids=home.ids)
    assert not home.builder().needs_build()

    put_back.append([contact("e1")])
    assert replace(home.builder(), log=put_back).needs_build()
    put_back.append([contact("e3"), contact("e4")])  # as long again, with other events

    assert replace(home.builder(), log=put_back).needs_build()
