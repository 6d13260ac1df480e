"""The live path's sign of life, which never ends the live path."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.log import database
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.heartbeats import LIVE_PATH, LiveState
from pipelines.build.writer_lock import WriterLock
from pipelines.home_parts import build_heartbeats
from pipelines.live import live_follower
from pipelines.live.live_follower import LiveFollower
from tests.core.log.test_database import written_to
from tests.pipelines.kept import REPOSITORY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        tenants_dir=REPOSITORY / "tenants",
        dbt_project_dir=REPOSITORY / "dbt_project",
        cache_dir=tmp_path,
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(live_follower, "BEAT_SECONDS", 0.1)


def test_a_heartbeat_that_cannot_be_written_is_noted_and_written_with_the_next(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    heartbeats = build_heartbeats(settings)
    follower = LiveFollower(settings)

    with WriterLock(settings.warehouse_path).held():
        with written_to(settings.home / "frontdesk.db"):
            follower.follow_until(time.monotonic() + 1)
        unwritten = heartbeats.heartbeat(LIVE_PATH)
        follower.follow_until(time.monotonic() + 1)

    assert unwritten is None
    assert "the live path could not say that it is waiting" in caplog.text
    assert "database is locked" in caplog.text
    heartbeat = heartbeats.heartbeat(LIVE_PATH)
    assert heartbeat is not None
    assert heartbeat.state == LiveState.WAITING


def test_heartbeats_share_one_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    build_heartbeats(settings)
    opened: list[str] = []
    monkeypatch.setattr(live_follower, "open_engine", _counted(database.open_engine, opened))
    follower = LiveFollower(settings)

    with WriterLock(settings.warehouse_path).held():
        for _ in range(3):
            follower.follow_until(time.monotonic() + 0.4)

    assert opened == [settings.event_log_url]


def _counted(open_engine: Callable[[str], Engine], opened: list[str]) -> Callable[[str], Engine]:
    def open_counted(url: str) -> Engine:
        opened.append(url)
        return open_engine(url)

    return open_counted
