"""`frontdesk watch --once` says what is ill, also that the database can't be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.log.database import open_database
from frontdesk.domains.operations import checks
from frontdesk.domains.operations.watch_cli import app


def test_one_look_at_a_full_disk_says_that_the_log_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_engine: Engine) -> None:
        raise EventLogUnavailableError("the operational database can't be written: database or disk is full")

    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path))
    open_database(f"sqlite:///{tmp_path / 'frontdesk.db'}").dispose()
    monkeypatch.setattr(checks, "check_writable", refuse)
    shown = CliRunner().invoke(app, ["--once"])
    assert shown.exit_code == 0, shown.output
    [line] = [each for each in shown.output.splitlines() if "can't be written" in each]
    assert line.startswith("The event log can't be written. ")
    assert "database or disk is full" in line
