"""The live path and the dispatcher begin with their process, and go on when Dagster asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from frontdesk.core.log.envelope import Event
from frontdesk.core.settings import Settings
from pipelines.live.batch_result import BatchResult
from pipelines.live_process import LiveProcess
from tests.core.running.standins import wait_until
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY


@pytest.fixture
def live(home: Home) -> Iterator[LiveProcess]:
    (home.folder / "dbt_target").symlink_to(home.target_dir)
    process = LiveProcess(
        Settings(home=home.folder, tenants_dir=REPOSITORY / "tenants", dbt_project_dir=REPOSITORY / "dbt_project")
    )
    yield process
    process.close(within_s=30)


def test_what_waits_is_modelled_before_anybody_asks_and_told_to_who_does(home: Home, live: LiveProcess) -> None:
    home.log.append([contact("1", phone="+61400000001")])

    live.begin()
    assert live.wait_until_following(timeout=60)
    early = live.run_for(0.0)

    assert sum(result.count_events for result in early) >= 1
    assert live.run_for(0.0) == [], "told once"


def test_who_asks_takes_over(home: Home, live: LiveProcess) -> None:
    live.begin()
    live.run_for(0.0)
    home.log.append([contact("1", phone="+61400000001")])

    assert not any(thread.name == "live-path" for thread in threading.enumerate())
    assert sum(result.count_events for result in live.run_for(5.0)) >= 1


def test_the_warehouse_is_closed_at_the_end(home: Home, live: LiveProcess) -> None:
    """A file that was left open is gone through at the next start, which takes seconds."""
    home.log.append([contact("1", phone="+61400000001")])
    live.begin()
    wait_until(lambda: live.wait_until_following(timeout=0), timeout=60)

    assert live.close(within_s=30)

    assert (home.folder / "warehouse.duckdb").exists()
    assert not (home.folder / "warehouse.duckdb.wal").exists()
    assert home.query("select phone from marts.dim_contacts") == [("+61400000001",)]


def test_what_waited_goes_out_before_all_is_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    home.log.append([contact("1", phone="+61400000001")])
    modeller = home.modeller()
    publish_all, run_batch = modeller._publish_all, modeller._run_batch

    def note_publishing() -> None:
        steps.append("published")
        publish_all()

    def note_modelling(events: list[Event], *, postponed: Sequence[Event]) -> BatchResult:
        steps.append("modelled")
        return run_batch(events, postponed=postponed)

    monkeypatch.setattr(modeller, "_publish_all", note_publishing)
    monkeypatch.setattr(modeller, "_run_batch", note_modelling)

    modeller.open(publishes=False)
    try:
        assert not modeller.has_published
        modeller.follow_to_end()
        assert modeller.has_published
    finally:
        modeller.close()

    assert steps[0] == "modelled"
    assert steps.count("published") == 1
