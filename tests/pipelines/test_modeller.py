"""What the modeller does when something is in its way."""

from __future__ import annotations

import threading

import duckdb
import pytest

from pipelines.lib import live_path
from pipelines.lib.log_copy import copy_events
from pipelines.lib.writer_lock import WriterLock
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home


def test_an_event_no_model_can_digest_is_set_aside_and_the_others_go_on(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_the_poison(connection: duckdb.DuckDBPyConnection, events: list[object]) -> None:
        copy_events(connection, events)  # type: ignore[arg-type]  # passed through unchanged
        connection.execute(
            "select case when source_event_id = 'poison' then error('conversion') end from temp.main.new_events"
        )

    monkeypatch.setattr(live_path, "copy_events", refuse_the_poison)
    names = ["a", "b", "poison", "c", "d"]
    home.log.append([contact(name, email=f"{name}@example.com") for name in names])
    with home.modeller().opened() as modeller:
        assert modeller.follow_to_end() == len(names)
    assert home.query("select list(email order by email) from marts.dim_contacts") == [
        (["a@example.com", "b@example.com", "c@example.com", "d@example.com"],)
    ]
    with duckdb.connect(str(home.warehouse_path)) as connection:
        assert connection.execute("select sequence from raw.quarantined_events").fetchall() == [(3,)]


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


def test_changed_tenants_make_the_warehouse_build_again(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone="+61400000001")]])
    tenant = home.tenants["hmnp"].model_copy(update={"name": "Another Name"})
    changed = Home(
        folder=home.folder,
        target_dir=home.target_dir,
        tenants={**home.tenants, "hmnp": tenant},
        clock=home.clock,
        ids=home.ids,
    )
    with changed.modeller().opened():
        pass
    assert changed.query("select name from marts.dim_tenants where tenant_id = 'hmnp'") == [("Another Name",)]
    assert changed.query("select count(*) from marts.dim_contacts") == [(1,)]
