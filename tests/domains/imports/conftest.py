"""Fixtures: a home of its own for each test, the command, and small files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.log.envelope import Event
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.settings import load_settings
from frontdesk.domains.imports.cli import app

ROOT = Path(__file__).parents[3]
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(ROOT / "tenants"))
    monkeypatch.delenv("FRONTDESK_DATABASE_URL", raising=False)


@pytest.fixture
def log() -> EventLog:
    engine = open_engine(load_settings().event_log_url)
    create_tables(engine)
    return EventLog(engine, ids=UuidV7Factory(SystemClock()))


@pytest.fixture
def run() -> Run:
    """Run `frontdesk import` with these arguments."""
    frontdesk = typer.Typer()
    frontdesk.add_typer(app)
    frontdesk.callback()(lambda: None)  # so that the command keeps its name, as in the real one

    def invoke(*arguments: str | Path) -> Result:
        return CliRunner().invoke(frontdesk, ["import", *map(str, arguments)])

    return invoke


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file: bytes and text as they are, anything else as YAML."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


def facts(log: EventLog) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Every event as (source_event_id, type, occurred_at, payload), in the order of the log."""
    return [
        (event.source_event_id, event.type, event.occurred_at.isoformat(), orjson.loads(event.payload))
        for event in all_events(log)
    ]


def all_events(log: EventLog) -> list[Event]:
    return [event for batch in log.read_batches(0, batch_size=1_000) for event in batch]
